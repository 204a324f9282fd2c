#include "edge/gateway/clients/authentication.h"
#include "edge/socketio/handshake.h"
#include "tests/unit/token_maker.h"

#define NOW 1700000000

// "@1", "@2" and "@3" stand for the tokens of three users, "@9" for one of a user whose tokens are
// revoked, "@x" for one of another secret.
struct row {
    const char *name;
    const char *auth;
    const char *authorization;
    const char *query;
    unsigned version;
    enum token_status status;
    const char *user;
    const char *cookie;
};

// clang-format off
static const struct row rows[] = {
    {"auth.token", "{\"token\":\"@1\"}", NULL, "", 4, TOKEN_OK, "1", NULL},
    {"auth.token among others", "{\"a\":{},\"token\":\"@1\",\"z\":1}", NULL, "", 4, TOKEN_OK, "1", NULL},
    {"auth.token comes before the header", "{\"token\":\"@1\"}", "Bearer @2", "", 4, TOKEN_OK, "1", NULL},
    {"a wrong auth.token is not saved by the header", "{\"token\":\"@x\"}", "Bearer @2", "", 4, TOKEN_BAD_SIGNATURE, NULL, NULL},
    {"auth.token with Bearer in front", "{\"token\":\"Bearer @1\"}", NULL, "", 4, TOKEN_INVALID, NULL, NULL},
    {"the header", "", "Bearer @2", "", 4, TOKEN_OK, "2", NULL},
    {"the header beside an auth without token", "{\"a\":1}", "Bearer @2", "", 4, TOKEN_OK, "2", NULL},
    {"the header beside an empty auth.token", "{\"token\":\"\"}", "Bearer @2", "", 4, TOKEN_OK, "2", NULL},
    {"the header beside a null auth.token", "{\"token\":null}", "Bearer @2", "", 4, TOKEN_OK, "2", NULL},
    {"the word in small letters", "", "bearer @2", "", 4, TOKEN_OK, "2", NULL},
    {"the word in capitals and blanks", "", "  BEARER \t @2  ", "", 4, TOKEN_OK, "2", NULL},
    {"the bare token", "", "@2", "", 4, TOKEN_OK, "2", NULL},
    {"another scheme", "", "Basic @2", "", 4, TOKEN_INVALID, NULL, NULL},
    {"the word alone", "", "Bearer", "", 4, TOKEN_MISSING, NULL, NULL},
    {"the word and a blank", "", "Bearer ", "", 4, TOKEN_MISSING, NULL, NULL},
    {"an empty header", "", "", "", 4, TOKEN_MISSING, NULL, NULL},
    {"nothing", "", NULL, "", 4, TOKEN_MISSING, NULL, NULL},
    {"an empty auth", "{}", NULL, "", 4, TOKEN_MISSING, NULL, NULL},
    {"auth.token a number", "{\"token\":1}", "Bearer @2", "", 4, TOKEN_MALFORMED, NULL, NULL},
    {"auth.token an object", "{\"token\":{}}", NULL, "", 4, TOKEN_MALFORMED, NULL, NULL},
    {"auth.token false", "{\"token\":false}", NULL, "", 4, TOKEN_MALFORMED, NULL, NULL},
    {"auth.token rubbish", "{\"token\":\"rubbish\"}", NULL, "", 4, TOKEN_MALFORMED, NULL, NULL},
    {"the query is not for Engine.IO 4", "", NULL, "EIO=4&token=@3", 4, TOKEN_MISSING, NULL, NULL},
    {"auth.token of a revoked user", "{\"token\":\"@9\"}", NULL, "", 4, TOKEN_REVOKED, NULL, NULL},
    {"the header with a revoked user's", "", "Bearer @9", "", 4, TOKEN_REVOKED, NULL, NULL},
    {"the query for Engine.IO 3", "", NULL, "EIO=3&token=@3&x=1", 3, TOKEN_OK, "3", NULL},
    {"the header comes before the query", "", "Bearer @2", "token=@3", 3, TOKEN_OK, "2", NULL},
    {"an empty query parameter", "", NULL, "token=", 3, TOKEN_MISSING, NULL, NULL},
    {"a query parameter that is encoded", "", NULL, "token=%@3", 3, TOKEN_OK, "3", NULL},
    {"the cookie", "", NULL, "", 4, TOKEN_OK, "2", "@2"},
    {"the cookie beside an empty header", "{\"token\":\"\"}", "", "", 4, TOKEN_OK, "2", "@2"},
    {"auth.token comes before the cookie", "{\"token\":\"@1\"}", NULL, "", 4, TOKEN_OK, "1", "@2"},
    {"the header comes before the cookie", "", "Bearer @1", "", 4, TOKEN_OK, "1", "@2"},
    {"a wrong header is not saved by the cookie", "", "@x", "", 4, TOKEN_BAD_SIGNATURE, NULL, "@2"},
    {"a wrong auth.token is not saved by the cookie", "{\"token\":7}", NULL, "", 4, TOKEN_MALFORMED, NULL, "@2"},
    {"the query comes before the cookie", "", NULL, "token=@1", 3, TOKEN_OK, "1", "@2"},
    {"the cookie beside an empty query parameter", "", NULL, "token=", 3, TOKEN_OK, "2", "@2"},
    {"the cookie for Engine.IO 4 beside a query", "", NULL, "token=@1", 4, TOKEN_OK, "2", "@2"},
    {"a wrong cookie", "", NULL, "", 4, TOKEN_BAD_SIGNATURE, NULL, "@x"},
    {"a cookie with the word Bearer", "", NULL, "", 4, TOKEN_INVALID, NULL, "Bearer @2"},
    {"a query parameter with a broken escape", "", NULL, "token=%z", 3, TOKEN_MALFORMED, NULL, NULL},
};
// clang-format on

static struct authentication authentication;
static struct revocations *revocations;
static metric count, left_out;
static struct buffer scratch;

static void append_token(struct buffer *out, char user)
{
    char payload[] = "{\"id\":\"?\"}";

    payload[7] = user;
    buffer_append(
        out, make_token(&scratch, TOKEN_HEADER, payload, user == 'x' ? "another" : TOKEN_SECRET));
}

// "@1" becomes the token of user 1; "%@1" the same with its dots percent-encoded.
static struct buffer fill_in(const char *text)
{
    struct buffer out = {0};

    for (; text && *text; text++) {
        bool encoded = text[0] == '%' && text[1] == '@';
        if (*text != '@' && !encoded) {
            buffer_append_char(&out, *text);
            continue;
        }
        text += encoded ? 2 : 1;
        struct buffer token = {0};
        append_token(&token, *text);
        for (size_t i = 0; i < token.len; i++) {
            if (encoded && token.ptr[i] == '.')
                buffer_append(&out, SPAN_LIT("%2E"));
            else
                buffer_append_char(&out, token.ptr[i]);
        }
        buffer_fini(&token);
    }
    return out;
}

static enum token_status run(const struct row *row, struct identity **identity)
{
    struct buffer auth = fill_in(row->auth), header = fill_in(row->authorization),
                  query = fill_in(row->query), cookie = fill_in(row->cookie);
    const struct sio_handshake handshake = {.authorization = buffer_span(&header),
                                            .query = buffer_span(&query),
                                            .cookie = buffer_span(&cookie)};
    enum token_status status =
        authenticate(&authentication, buffer_span(&auth), &handshake, row->version, NOW, identity);

    buffer_fini(&auth);
    buffer_fini(&header);
    buffer_fini(&query);
    buffer_fini(&cookie);
    return status;
}

static void judges(void **state)
{
    const struct row *row = *state;
    struct identity *identity;
    enum token_status status = run(row, &identity);

    assert_string_equal(token_status_str(status), token_status_str(row->status));
    if (status != TOKEN_OK)
        return;
    assert_span(identity->user, row->user);
    identity_free(identity);
}

// Only who shows no token at all gets in as nobody.
static void anonymous(void **state)
{
    struct identity *identity;

    (void)state;
    authentication.allow_anonymous = true;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum token_status status = run(&rows[i], &identity);
        if (rows[i].status != TOKEN_MISSING) {
            assert_int_equal(status, rows[i].status);
        } else {
            assert_int_equal(status, TOKEN_OK);
            assert_true(identity_is_anonymous(identity));
            assert_span(identity->user_json, "null");
        }
        if (status == TOKEN_OK)
            identity_free(identity);
    }
    authentication.allow_anonymous = false;
}

static int set_up(void **state)
{
    (void)state;
    authentication.verifier = token_verifier_new(
        &(struct token_options){.algorithms = TOKEN_HS256, .keys.secret = TOKEN_SECRET});
    revocations = revocations_new(&count, &left_out);
    assert_true(revocations_add(revocations, SPAN_LIT("9"), 1, NOW * 1000ULL + 1, 1));
    authentication.revocations = revocations;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    token_verifier_free(authentication.verifier);
    revocations_free(revocations);
    authentication_fini(&authentication);
    buffer_fini(&scratch);
    return 0;
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t test_count = 0;

    ADD_ROWS(tests, test_count, rows, judges);
    tests[test_count++] = (struct CMUnitTest)cmocka_unit_test(anonymous);
    return cmocka_run_group_tests_name("authentication", tests, set_up, tear_down);
}
