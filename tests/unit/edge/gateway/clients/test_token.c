#include "edge/gateway/clients/token.h"
#include "tests/unit/token_maker.h"

#define NOW 1700000000

struct row {
    const char *name;
    const char *payload;
    enum token_status status;
    const char *user, *user_json;
    int64_t expires_at_s; // 0: not compared
    const char *header;   // NULL: the usual one
    const char *secret;   // NULL: the right one
};

// clang-format off
static const struct row rows[] = {
    {"id", "{\"id\":\"u1\"}", TOKEN_OK, "u1", "\"u1\"", TOKEN_ENDLESS, NULL, NULL},
    {"userId", "{\"userId\":\"u1\"}", TOKEN_OK, "u1", "\"u1\"", 0, NULL, NULL},
    {"sub", "{\"sub\":\"u1\"}", TOKEN_OK, "u1", "\"u1\"", 0, NULL, NULL},
    {"id comes before the others", "{\"sub\":\"c\",\"userId\":\"b\",\"id\":\"a\"}", TOKEN_OK, "a", "\"a\"", 0, NULL, NULL},
    {"userId comes before sub", "{\"sub\":\"c\",\"userId\":\"b\"}", TOKEN_OK, "b", "\"b\"", 0, NULL, NULL},
    {"null is absent", "{\"id\":null,\"sub\":\"c\"}", TOKEN_OK, "c", "\"c\"", 0, NULL, NULL},
    {"an empty text is absent", "{\"id\":\"\",\"sub\":\"c\"}", TOKEN_OK, "c", "\"c\"", 0, NULL, NULL},
    {"an integer keeps its type", "{\"id\":42}", TOKEN_OK, "42", "42", 0, NULL, NULL},
    {"zero", "{\"id\":0}", TOKEN_OK, "0", "0", 0, NULL, NULL},
    {"a negative integer", "{\"id\":-7}", TOKEN_OK, "-7", "-7", 0, NULL, NULL},
    {"a large integer keeps its digits", "{\"id\":9007199254740993}", TOKEN_OK, "9007199254740993", "9007199254740993", 0, NULL, NULL},
    {"an integer written with a point", "{\"id\":42.0}", TOKEN_OK, "42", "42", 0, NULL, NULL},
    {"an integer written with an exponent", "{\"id\":1e3}", TOKEN_OK, "1000", "1000", 0, NULL, NULL},
    {"quotes in an id", "{\"id\":\"a\\\"b\\\\\"}", TOKEN_OK, "a\"b\\", "\"a\\\"b\\\\\"", 0, NULL, NULL},
    {"other letters in an id", "{\"id\":\"\\u65e5\xc3\xa9\"}", TOKEN_OK, "\xe6\x97\xa5\xc3\xa9", "\"\xe6\x97\xa5\xc3\xa9\"", 0, NULL, NULL},

    {"no id at all", "{\"email\":\"a@b.c\"}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"an id of 1.5", "{\"id\":1.5}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"an id of true", "{\"id\":true}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"an id that is an object", "{\"id\":{\"a\":1}}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"an id that is a list", "{\"id\":[\"u1\"],\"sub\":\"c\"}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"a control character in an id", "{\"id\":\"a\\nb\"}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"a NUL in an id", "{\"id\":\"a\\u0000b\"}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"an integer beyond all bounds", "{\"id\":99999999999999999999}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},

    {"expires later", "{\"id\":\"u1\",\"exp\":1700000001}", TOKEN_OK, "u1", "\"u1\"", 1700000001, NULL, NULL},
    {"expires now", "{\"id\":\"u1\",\"exp\":1700000000}", TOKEN_EXPIRED, NULL, NULL, 0, NULL, NULL},
    {"expires in half a second", "{\"id\":\"u1\",\"exp\":1700000000.5}", TOKEN_OK, "u1", "\"u1\"", 1700000001, NULL, NULL},
    {"expires at the end of time", "{\"id\":\"u1\",\"exp\":1e300}", TOKEN_OK, "u1", "\"u1\"", TOKEN_ENDLESS, NULL, NULL},
    {"expired before 1970", "{\"id\":\"u1\",\"exp\":-1}", TOKEN_EXPIRED, NULL, NULL, 0, NULL, NULL},
    {"exp is 0", "{\"id\":\"u1\",\"exp\":0}", TOKEN_EXPIRED, NULL, NULL, 0, NULL, NULL},
    {"exp is a text", "{\"id\":\"u1\",\"exp\":\"1800000000\"}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"exp is null", "{\"id\":\"u1\",\"exp\":null}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"exp is true", "{\"id\":\"u1\",\"exp\":true}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"not before now", "{\"id\":\"u1\",\"nbf\":1700000000}", TOKEN_OK, "u1", "\"u1\"", 0, NULL, NULL},
    {"not before later", "{\"id\":\"u1\",\"nbf\":1700000001}", TOKEN_NOT_ACTIVE, NULL, NULL, 0, NULL, NULL},
    {"nbf is a text", "{\"id\":\"u1\",\"nbf\":\"0\"}", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"nbf is looked at before exp", "{\"id\":\"u1\",\"nbf\":1700000009,\"exp\":1}", TOKEN_NOT_ACTIVE, NULL, NULL, 0, NULL, NULL},

    {"a half-login", "{\"id\":\"u1\",\"requires2FA\":true}", TOKEN_HALF_LOGIN, NULL, NULL, 0, NULL, NULL},
    {"a half-login in another type", "{\"id\":\"u1\",\"requires2FA\":1}", TOKEN_HALF_LOGIN, NULL, NULL, 0, NULL, NULL},
    {"a whole login", "{\"id\":\"u1\",\"requires2FA\":false}", TOKEN_OK, "u1", "\"u1\"", 0, NULL, NULL},
    {"a half-login that has expired", "{\"id\":\"u1\",\"requires2FA\":true,\"exp\":1}", TOKEN_EXPIRED, NULL, NULL, 0, NULL, NULL},

    {"another secret", "{\"id\":\"u1\"}", TOKEN_BAD_SIGNATURE, NULL, NULL, 0, NULL, "another"},
    {"an expired one of another secret", "{\"id\":\"u1\",\"exp\":1}", TOKEN_BAD_SIGNATURE, NULL, NULL, 0, NULL, "another"},
    {"algorithm HS512", "{\"id\":\"u1\"}", TOKEN_BAD_ALGORITHM, NULL, NULL, 0, "{\"alg\":\"HS512\",\"typ\":\"JWT\"}", NULL},
    {"algorithm none", "{\"id\":\"u1\"}", TOKEN_BAD_ALGORITHM, NULL, NULL, 0, "{\"alg\":\"none\"}", NULL},
    {"algorithm in other letters", "{\"id\":\"u1\"}", TOKEN_BAD_ALGORITHM, NULL, NULL, 0, "{\"alg\":\"hs256\"}", NULL},
    {"an unknown algorithm", "{\"id\":\"u1\"}", TOKEN_BAD_ALGORITHM, NULL, NULL, 0, "{\"alg\":\"XYZ\"}", NULL},
    {"no algorithm", "{\"id\":\"u1\"}", TOKEN_BAD_ALGORITHM, NULL, NULL, 0, "{\"typ\":\"JWT\"}", NULL},
    {"an algorithm that is a number", "{\"id\":\"u1\"}", TOKEN_BAD_ALGORITHM, NULL, NULL, 0, "{\"alg\":256}", NULL},
    {"no typ", "{\"id\":\"u1\"}", TOKEN_OK, "u1", "\"u1\"", 0, "{\"alg\":\"HS256\"}", NULL},
    {"more in the header", "{\"id\":\"u1\"}", TOKEN_OK, "u1", "\"u1\"", 0, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"../../etc\"}", NULL},
    {"crit: an extension", "{\"id\":\"u1\"}", TOKEN_INVALID, NULL, NULL, 0, "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":true}", NULL},
    {"crit: the header names that are known", "{\"id\":\"u1\"}", TOKEN_INVALID, NULL, NULL, 0, "{\"alg\":\"HS256\",\"crit\":[\"alg\"]}", NULL},
    {"crit: a header that is not there", "{\"id\":\"u1\"}", TOKEN_INVALID, NULL, NULL, 0, "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", NULL},
    {"crit: empty", "{\"id\":\"u1\"}", TOKEN_INVALID, NULL, NULL, 0, "{\"alg\":\"HS256\",\"crit\":[]}", NULL},
    {"crit: a text", "{\"id\":\"u1\"}", TOKEN_INVALID, NULL, NULL, 0, "{\"alg\":\"HS256\",\"crit\":\"b64\"}", NULL},
    {"crit: null", "{\"id\":\"u1\"}", TOKEN_INVALID, NULL, NULL, 0, "{\"alg\":\"HS256\",\"crit\":null}", NULL},
    {"crit: twice", "{\"id\":\"u1\"}", TOKEN_INVALID, NULL, NULL, 0, "{\"alg\":\"HS256\",\"crit\":[\"x\"],\"crit\":[],\"x\":1}", NULL},
    {"a header that is no JSON", "{\"id\":\"u1\"}", TOKEN_INVALID, NULL, NULL, 0, "{", NULL},
    {"a header that is a list", "{\"id\":\"u1\"}", TOKEN_INVALID, NULL, NULL, 0, "[]", NULL},
    {"a payload that is no JSON", "{\"id\":", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"a payload that is no JSON, of another secret", "{\"id\":", TOKEN_INVALID, NULL, NULL, 0, NULL, "another"},
    {"a payload that is no JSON, of another algorithm", "{\"id\":", TOKEN_INVALID, NULL, NULL, 0, "{\"alg\":\"none\"}", NULL},
    {"a payload that is a text", "\"u1\"", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
    {"an empty payload", "", TOKEN_INVALID, NULL, NULL, 0, NULL, NULL},
};

struct raw_row {
    const char *name;
    const char *token;
    enum token_status status;
};

static const struct raw_row raw_rows[] = {
    {"nothing", "", TOKEN_MALFORMED},
    {"one part", "abc", TOKEN_MALFORMED},
    {"two parts", "abc.def", TOKEN_MALFORMED},
    {"four parts", "a.b.c.d", TOKEN_MALFORMED},
    {"three empty parts", "..", TOKEN_INVALID},
    {"no base64", "a$.b.c", TOKEN_INVALID},
    {"blanks around", " eyJhbGciOiJIUzI1NiJ9.eyJpZCI6InUxIn0.c ", TOKEN_INVALID},
    {"standard base64 in the signature", "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6InUxIn0.a+b/", TOKEN_INVALID},
    {"padding", "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6InUxIn0=.c", TOKEN_INVALID},
    {"no signature", "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6InUxIn0.", TOKEN_UNSIGNED},
    {"a cut signature", "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6InUxIn0.Q", TOKEN_BAD_SIGNATURE},
    {"none without a signature", "eyJhbGciOiJub25lIn0.eyJpZCI6InUxIn0.", TOKEN_UNSIGNED},
    {"no signature, a payload that is no JSON", "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6.", TOKEN_INVALID},
    {"no signature, a header that is no JSON", "eyJ.eyJpZCI6InUxIn0.", TOKEN_INVALID},
    {"no signature, no payload", "eyJhbGciOiJIUzI1NiJ9..", TOKEN_INVALID},
    {"only a signature", "..c", TOKEN_INVALID},
    {"a blank for a signature", "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6InUxIn0. ", TOKEN_INVALID},
};
// clang-format on

static struct token_verifier *verifier;
static struct buffer token;

static int set_up(void **state)
{
    (void)state;
    verifier = token_verifier_new(&(struct token_options){
        .algorithms = TOKEN_HS256, .keys.secret = TOKEN_SECRET, .keep_rooms = true});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    token_verifier_free(verifier);
    buffer_fini(&token);
    return 0;
}

static enum token_status verify(struct token_verifier *with, struct span text,
                                struct identity **identity)
{
    struct span exact = exact_copy(text);
    enum token_status status = token_verify(with, exact, NOW, identity);

    free((char *)exact.ptr);
    return status;
}

static void judges(void **state)
{
    const struct row *row = *state;
    struct identity *identity;
    struct span text = make_token(&token, row->header ? row->header : TOKEN_HEADER, row->payload,
                                  row->secret ? row->secret : TOKEN_SECRET);
    enum token_status status = verify(verifier, text, &identity);

    assert_string_equal(token_status_str(status), token_status_str(row->status));
    if (status != TOKEN_OK)
        return;
    assert_span(identity->user, row->user);
    assert_span(identity->user_json, row->user_json);
    if (row->expires_at_s != 0)
        assert_int_equal(identity->life.expires_at_s, row->expires_at_s);
    identity_free(identity);
}

static void judges_raw(void **state)
{
    const struct raw_row *row = *state;
    struct identity *identity;
    enum token_status status = verify(verifier, span_of(row->token), &identity);

    assert_string_equal(token_status_str(status), token_status_str(row->status));
}

static void reads_what_else_is_known(void **state)
{
    struct identity *identity;

    (void)state;
    make_token(&token, TOKEN_HEADER,
               "{\"id\":1,\"email\":\"a@b.c\",\"role\":\"host\",\"rooms\":[\"conversation:1\"]}",
               TOKEN_SECRET);
    assert_int_equal(verify(verifier, buffer_span(&token), &identity), TOKEN_OK);
    assert_span(identity->email, "a@b.c");
    assert_span(identity->role, "host");
    assert_span(identity->rooms_json, "[\"conversation:1\"]");
    identity_free(identity);
}

struct date_row {
    const char *name;
    const char *claim; // behind the user's
    int64_t issued_at_s;
};

static const struct date_row date_rows[] = {
    {"issued: a number", ",\"iat\":1699999990", 1699999990},
    {"issued: a fraction", ",\"iat\":1699999990.7", 1699999990},
    {"issued: later", ",\"iat\":1700000010", 1700000010},
    {"issued: not there", "", TOKEN_UNDATED},
    {"issued: a text", ",\"iat\":\"1699999990\"", TOKEN_UNDATED},
    {"issued: null", ",\"iat\":null", TOKEN_UNDATED},
    {"issued: beyond all bounds", ",\"iat\":-1e300", TOKEN_UNDATED},
};

static void reads_when_it_was_issued(void **state)
{
    const struct date_row *row = *state;
    struct identity *identity;
    char payload[64];

    snprintf(payload, sizeof(payload), "{\"id\":1%s}", row->claim);
    make_token(&token, TOKEN_HEADER, payload, TOKEN_SECRET);
    assert_int_equal(verify(verifier, buffer_span(&token), &identity), TOKEN_OK);
    assert_int_equal(identity->life.issued_at_s, row->issued_at_s);
    identity_free(identity);
}

#define ISSUERS "https://a.example/, b ,,"

struct rule_row {
    const char *name;
    const char *claims; // behind the user's
    struct token_options options;
    enum token_status status;
    int64_t expires_at_s; // 0: not compared
};

// clang-format off
static const struct rule_row rule_rows[] = {
    {"issuer: any", ",\"iss\":7", {0}, TOKEN_OK, 0},
    {"issuer: the first", ",\"iss\":\"https://a.example/\"", {.issuers = ISSUERS}, TOKEN_OK, 0},
    {"issuer: the second, with blanks around it", ",\"iss\":\"b\"", {.issuers = ISSUERS}, TOKEN_OK, 0},
    {"issuer: no slash", ",\"iss\":\"https://a.example\"", {.issuers = ISSUERS}, TOKEN_BAD_ISSUER, 0},
    {"issuer: in other letters", ",\"iss\":\"B\"", {.issuers = ISSUERS}, TOKEN_BAD_ISSUER, 0},
    {"issuer: the whole list", ",\"iss\":\"https://a.example/, b ,,\"", {.issuers = ISSUERS}, TOKEN_BAD_ISSUER, 0},
    {"issuer: absent", "", {.issuers = ISSUERS}, TOKEN_BAD_ISSUER, 0},
    {"issuer: empty", ",\"iss\":\"\"", {.issuers = ISSUERS}, TOKEN_BAD_ISSUER, 0},
    {"issuer: a list", ",\"iss\":[\"b\"]", {.issuers = ISSUERS}, TOKEN_BAD_ISSUER, 0},
    {"issuer: null", ",\"iss\":null", {.issuers = ISSUERS}, TOKEN_BAD_ISSUER, 0},
    {"issuer: a number", ",\"iss\":1", {.issuers = "1"}, TOKEN_BAD_ISSUER, 0},
    {"audience: any", ",\"aud\":{}", {0}, TOKEN_OK, 0},
    {"audience: a text", ",\"aud\":\"b\"", {.audiences = "a,b"}, TOKEN_OK, 0},
    {"audience: one of a list", ",\"aud\":[\"x\",1,null,\"a\"]", {.audiences = "a,b"}, TOKEN_OK, 0},
    {"audience: none of a list", ",\"aud\":[\"x\",[\"a\"],{\"a\":\"a\"}]", {.audiences = "a,b"}, TOKEN_BAD_AUDIENCE, 0},
    {"audience: an empty list", ",\"aud\":[]", {.audiences = "a"}, TOKEN_BAD_AUDIENCE, 0},
    {"audience: a part", ",\"aud\":\"ab\"", {.audiences = "a,b"}, TOKEN_BAD_AUDIENCE, 0},
    {"audience: absent", "", {.audiences = "a"}, TOKEN_BAD_AUDIENCE, 0},
    {"audience: empty", ",\"aud\":\"\"", {.audiences = ",a"}, TOKEN_BAD_AUDIENCE, 0},
    {"audience: an object", ",\"aud\":{\"a\":\"a\"}", {.audiences = "a"}, TOKEN_BAD_AUDIENCE, 0},
    {"audience: null", ",\"aud\":null", {.audiences = "null"}, TOKEN_BAD_AUDIENCE, 0},
    {"audience before issuer", "", {.issuers = "a", .audiences = "a"}, TOKEN_BAD_AUDIENCE, 0},
    {"times before audience", ",\"exp\":1", {.audiences = "a"}, TOKEN_EXPIRED, 0},
    {"issuer before half-login", ",\"requires2FA\":true", {.issuers = "a"}, TOKEN_BAD_ISSUER, 0},
    {"both", ",\"iss\":\"a\",\"aud\":[\"a\"]", {.issuers = "a", .audiences = "a"}, TOKEN_OK, 0},
    {"tolerance: exp has passed within it", ",\"exp\":1699999991", {.clock_tolerance_s = 10}, TOKEN_OK, 1700000001},
    {"tolerance: exp has passed beyond it", ",\"exp\":1699999990", {.clock_tolerance_s = 10}, TOKEN_EXPIRED, 0},
    {"tolerance: exp is later", ",\"exp\":1700000005.5", {.clock_tolerance_s = 10}, TOKEN_OK, 1700000016},
    {"tolerance: exp is at the end of time", ",\"exp\":1e300", {.clock_tolerance_s = 10}, TOKEN_OK, TOKEN_ENDLESS},
    {"tolerance: exp is not there", "", {.clock_tolerance_s = 10}, TOKEN_OK, TOKEN_ENDLESS},
    {"tolerance: nbf comes within it", ",\"nbf\":1700000010", {.clock_tolerance_s = 10}, TOKEN_OK, 0},
    {"tolerance: nbf comes beyond it", ",\"nbf\":1700000011", {.clock_tolerance_s = 10}, TOKEN_NOT_ACTIVE, 0},
};
// clang-format on

static void keeps_the_rules(void **state)
{
    const struct rule_row *row = *state;
    struct token_options options = row->options;
    struct identity *identity;
    char payload[128];

    options.algorithms = TOKEN_HS256;
    options.keys.secret = TOKEN_SECRET;
    struct token_verifier *with = token_verifier_new(&options);
    snprintf(payload, sizeof(payload), "{\"id\":1%s}", row->claims);
    make_token(&token, TOKEN_HEADER, payload, TOKEN_SECRET);
    enum token_status status = verify(with, buffer_span(&token), &identity);
    assert_string_equal(token_status_str(status), token_status_str(row->status));
    if (status == TOKEN_OK) {
        if (row->expires_at_s != 0)
            assert_int_equal(identity->life.expires_at_s, row->expires_at_s);
        identity_free(identity);
    }
    token_verifier_free(with);
}

static void bounds_the_length(void **state)
{
    struct identity *identity;
    struct buffer payload = {0};

    (void)state;
    buffer_append(&payload, SPAN_LIT("{\"id\":\"u1\",\"x\":\""));
    for (int i = 0; i < TOKEN_MAX_BYTES; i++)
        buffer_append_char(&payload, 'x');
    buffer_append(&payload, SPAN_LIT("\"}"));
    make_token(&token, TOKEN_HEADER, payload.ptr, TOKEN_SECRET);
    assert_int_equal(verify(verifier, buffer_span(&token), &identity), TOKEN_MALFORMED);
    buffer_fini(&payload);
}

static void deep_nesting_is_refused(void **state)
{
    struct identity *identity;
    struct buffer payload = {0};

    (void)state;
    buffer_append(&payload, SPAN_LIT("{\"id\":"));
    for (int i = 0; i < 5000; i++)
        buffer_append_char(&payload, '[');
    make_token(&token, TOKEN_HEADER, payload.ptr, TOKEN_SECRET);
    assert_int_equal(verify(verifier, buffer_span(&token), &identity), TOKEN_INVALID);
    buffer_fini(&payload);
}

static void a_token_of_one_header_does_not_open_for_another(void **state)
{
    struct identity *identity;

    (void)state;
    make_token(&token, TOKEN_HEADER, "{\"id\":\"u1\"}", TOKEN_SECRET);
    assert_int_equal(verify(verifier, buffer_span(&token), &identity), TOKEN_OK);
    identity_free(identity);
    make_token(&token, "{\"alg\":\"none\"}", "{\"id\":\"u1\"}", TOKEN_SECRET);
    assert_int_equal(verify(verifier, buffer_span(&token), &identity), TOKEN_BAD_ALGORITHM);
    make_token(&token, TOKEN_HEADER, "{\"id\":\"u1\"}", TOKEN_SECRET);
    assert_int_equal(verify(verifier, buffer_span(&token), &identity), TOKEN_OK);
    identity_free(identity);
}

// Of keys that were made for this test and are used nowhere else.
static const char rsa_key[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx05C2wCq5Nh8fadI2+34\n"
                              "C/uDrx/7fzbRH1eDT2H+K1AlmQzggd/EUFZUiVDln462t+QZq/M16L3K/vGAF2JF\n"
                              "6OC/rnoXSwp4D+N6g0cMTYVxDQDc8wXGXOs/Lsmi+NiJ53ndsUGmJGvvQ4/TMfsq\n"
                              "376jSLRs4/jmIpMPasbbsDwyp7XAV0+ctVE9MVmsF/UaEd5UtTV/Ey2RW9FVJqRO\n"
                              "3YIx4pbRrF42cbUOKbiiaQtO0lS8p7gWtZat0a5ESZMwVKVB/DIuYg3aWxxZYTh2\n"
                              "DtqMqdIT9fMRng9Z2Hu4cTHSY1W4CNlU0kkqDgLHoLpzwaEQxKPGKZj5SkTe5c0V\n"
                              "RQIDAQAB\n"
                              "-----END PUBLIC KEY-----\n";
static const char rsa_token[] =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6InUxIn0.wltl2KFsgk2UOghHTOve027Lfj_PGLN"
    "mJik4XTyzXVQ5j304yiWINUf64je7xn98fsamzNW5o73J01KHgHoEqjXuPLI0huBy25QxXhQKEk9epR_vyf1"
    "dsFaPLRqCYyBNibxUAjhnbLstuACMfMrGaOLC0rTAYuYjZm04hjJXe2ft513MqDR65rOnMIgEs8Bv96pE6bX"
    "4TZ7ikAU4XuBgNtZex_IyZ7JfYCoWbhupwizeZe7tTcPwvlwS-1mc7BVc2w-SUE7HxrAxJ3UbW0GtHwxDjxu"
    "SvV9lKpJr6MIIZtxopaxy4ZAozQncAjwE1MI1Kx6F_8ZeIn3YrdpFDuhiHQ";
static const char ec_key[] = "-----BEGIN PUBLIC KEY-----\n"
                             "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeRcZAF3vSb6W5pt4FeO5l0sFnzlI\n"
                             "0EPJyWHUB85pcRwtVuLBYKqa1pbrU0qGhs/x/thCdKXPEIxE2IMAu9gP1A==\n"
                             "-----END PUBLIC KEY-----\n";
static const char ec_token[] =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6InUxIn0.JGtU9u-E3m5NqBDwHbtT9hxmeMn1ly8"
    "JUcPGKrkq7P2Oc4EuD1w_a-gjAjpkHWV4ZlxI0SpMBKBW_WfZZuNJDA";

static enum token_status verify_with(unsigned algorithms, const char *key, const char *text)
{
    struct token_verifier *with = token_verifier_new(&(struct token_options){
        .algorithms = algorithms, .keys.secret = TOKEN_SECRET, .keys.public_key = key});
    struct identity *identity;
    enum token_status status = verify(with, span_of(text), &identity);

    if (status == TOKEN_OK) {
        assert_span(identity->user, "u1");
        identity_free(identity);
    }
    token_verifier_free(with);
    return status;
}

static void public_keys(void **state)
{
    unsigned all = TOKEN_HS256 | TOKEN_RS256 | TOKEN_ES256;

    (void)state;
    make_token(&token, TOKEN_HEADER, "{\"id\":\"u1\"}", TOKEN_SECRET);
    assert_int_equal(verify_with(TOKEN_RS256, rsa_key, rsa_token), TOKEN_OK);
    assert_int_equal(verify_with(TOKEN_ES256, ec_key, ec_token), TOKEN_OK);
    assert_int_equal(verify_with(all, rsa_key, rsa_token), TOKEN_OK);
    assert_int_equal(verify_with(all, rsa_key, token.ptr), TOKEN_OK);
    assert_int_equal(verify_with(all, rsa_key, ec_token), TOKEN_BAD_SIGNATURE);
    assert_int_equal(verify_with(TOKEN_RS256, ec_key, rsa_token), TOKEN_BAD_SIGNATURE);
    assert_int_equal(verify_with(TOKEN_RS256, rsa_key, token.ptr), TOKEN_BAD_ALGORITHM);
    assert_int_equal(verify_with(TOKEN_HS256, NULL, rsa_token), TOKEN_BAD_ALGORITHM);
}

// The key of a set is chosen by the token's "kid"; one that the set does not have is no key.
static void key_sets(void **state)
{
    char rsa_pem[sizeof(rsa_key)], ec_pem[sizeof(ec_key)];
    char first[] = "first", second[] = "second";
    struct jwks_key keys[] = {{first, TOKEN_RS, rsa_pem}, {second, TOKEN_ES256, ec_pem}};
    struct jwks set = {keys, ARRAY_LEN(keys)};
    struct token_options options = {.algorithms = TOKEN_RS256 | TOKEN_ES256, .keys.key_set = &set};
    struct identity *identity;

    (void)state;
    memcpy(rsa_pem, rsa_key, sizeof(rsa_key));
    memcpy(ec_pem, ec_key, sizeof(ec_key));
    struct token_verifier *with = token_verifier_new(&options);
    assert_int_equal(verify(with, span_of(rsa_token), &identity), TOKEN_OK);
    identity_free(identity);
    assert_int_equal(verify(with, span_of(ec_token), &identity), TOKEN_OK);
    identity_free(identity);
    make_token(&token, TOKEN_HEADER, "{\"id\":\"u1\"}", TOKEN_SECRET);
    assert_int_equal(verify(with, buffer_span(&token), &identity), TOKEN_BAD_ALGORITHM);
    make_token(&token, "{\"alg\":\"RS256\",\"kid\":\"first\"}", "{\"id\":\"u1\"}", TOKEN_SECRET);
    assert_int_equal(verify(with, buffer_span(&token), &identity), TOKEN_BAD_SIGNATURE);
    make_token(&token, "{\"alg\":\"RS256\",\"kid\":\"third\"}", "{\"id\":\"u1\"}", TOKEN_SECRET);
    assert_int_equal(verify(with, buffer_span(&token), &identity), TOKEN_UNKNOWN_KEY);
    make_token(&token, "{\"alg\":\"RS256\",\"kid\":\"third\"}", "[]", TOKEN_SECRET);
    assert_int_equal(verify(with, buffer_span(&token), &identity), TOKEN_INVALID);
    token_verifier_free(with);
}

static void two_secrets(void **state)
{
    static const char *const secrets[] = {TOKEN_SECRET, "the secret before it", "another"};
    static const enum token_status expected[] = {TOKEN_OK, TOKEN_OK, TOKEN_BAD_SIGNATURE};
    struct token_verifier *with = token_verifier_new(&(struct token_options){
        .algorithms = TOKEN_HS256, .keys.secret = secrets[0], .keys.previous_secret = secrets[1]});
    struct identity *identity;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        make_token(&token, "{\"alg\":\"HS256\",\"kid\":\"none has an id\"}", "{\"id\":\"u1\"}",
                   secrets[i]);
        enum token_status status = verify(with, buffer_span(&token), &identity);
        assert_int_equal(status, expected[i]);
        if (status == TOKEN_OK)
            identity_free(identity);
    }
    token_verifier_free(with);
}

// The public key is known to everybody, so signing with it must not count as HS256.
static void a_public_key_is_no_secret(void **state)
{
    (void)state;
    make_token(&token, TOKEN_HEADER, "{\"id\":\"u1\"}", rsa_key);
    assert_int_equal(verify_with(TOKEN_RS256, rsa_key, token.ptr), TOKEN_BAD_ALGORITHM);
    assert_int_equal(verify_with(TOKEN_RS256 | TOKEN_HS256, rsa_key, token.ptr),
                     TOKEN_BAD_SIGNATURE);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(raw_rows) + ARRAY_LEN(date_rows) +
                            ARRAY_LEN(rule_rows) + 8];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, judges);
    ADD_ROWS(tests, count, raw_rows, judges_raw);
    ADD_ROWS(tests, count, date_rows, reads_when_it_was_issued);
    ADD_ROWS(tests, count, rule_rows, keeps_the_rules);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(reads_what_else_is_known);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(bounds_the_length);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(deep_nesting_is_refused);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(a_token_of_one_header_does_not_open_for_another);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(public_keys);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(key_sets);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(two_secrets);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_public_key_is_no_secret);
    return cmocka_run_group_tests_name("token", tests, set_up, tear_down);
}
