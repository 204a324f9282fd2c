// ws-token: mints a token as HomeTrip's auth service would, for development and tests.
#include <errno.h>
#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/json_string.h"
#include "compose/tools/tool.h"

#define MAX_KEY_BYTES 65536

enum algorithm { HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512 };
static const char *const ALGORITHMS[] = {"HS256", "HS384", "HS512", "RS256", "RS384",
                                         "RS512", "ES256", "ES384", "ES512", NULL};
static const jwt_alg_t JWT_ALGORITHMS[] = {JWT_ALG_HS256, JWT_ALG_HS384, JWT_ALG_HS512,
                                           JWT_ALG_RS256, JWT_ALG_RS384, JWT_ALG_RS512,
                                           JWT_ALG_ES256, JWT_ALG_ES384, JWT_ALG_ES512};

struct request {
    const char *user, *email, *role, *key_file, *secret;
    bool refresh;
    int algorithm;
    int64_t expires_s, access_s, refresh_s; // expires_s: 0 if not given
    struct tool_list rooms, claims;
};

#define YEAR_S (365LL * 24 * 3600)

static const struct setting SETTINGS[] = {
    TOOL_ROW("--user", SETTING_TEXT, user, NULL, 0, 0, ""),
    TOOL_ROW("--email", SETTING_TEXT, email, NULL, 0, 0, ""),
    TOOL_ROW("--role", SETTING_TEXT, role, NULL, 0, 0, ""),
    TOOL_ROW("--refresh", SETTING_SWITCH, refresh, "false", 0, 0, ""),
    TOOL_ROW("--expires", SETTING_DURATION, expires_s, "0", 0, 100 * YEAR_S, ""),
    TOOL_ROW("--key", SETTING_TEXT, key_file, NULL, 0, 0, ""),
    {"--algorithm", SETTING_CHOICE, offsetof(struct request, algorithm), "HS256", 0, 0, ALGORITHMS,
     ""},
    TOOL_ROW("JWT_SECRET", SETTING_SECRET, secret, NULL, 0, 0,
             "Secret that signs HS256, HS384 and HS512 tokens"),
    TOOL_ROW("JWT_EXPIRES_IN", SETTING_DURATION, access_s, "7d", 0, 100 * YEAR_S,
             "Lifetime of a token"),
    TOOL_ROW("JWT_REFRESH_EXPIRES_IN", SETTING_DURATION, refresh_s, "30d", 0, 100 * YEAR_S,
             "Lifetime of a refresh token"),
};

static const struct tool_option OPTIONS[] = {
    {"user", "ID", "--user", 0, "user id (claim id)"},
    {"email", "ADDRESS", "--email", 0, "claim email"},
    {"role", "ROLE", "--role", 0, "claim role"},
    {"room", "NAME", NULL, offsetof(struct request, rooms),
     "room that the client may join, such as conversation:42 (claim rooms; repeatable)"},
    {"claim", "NAME=JSON", NULL, offsetof(struct request, claims),
     "another claim, such as requires2FA=true (repeatable; overrides the other options)"},
    {"expires", "DURATION", "--expires", 0, "lifetime of the token: 90s, 15m, 12h, 7d"},
    {"refresh", NULL, "--refresh", 0, "make a refresh token, with JWT_REFRESH_EXPIRES_IN"},
    {"algorithm", "NAME", "--algorithm", 0, "HS256 (default); HS, RS or ES with 256, 384 or 512"},
    {"key", "FILE", "--key", 0, "private key in PEM form, for RS and ES"},
};

static const struct tool TOOL = {
    .program = {.name = "ws-token",
                .summary = "Prints a signed token for a client of the gateway.",
                .settings = SETTINGS,
                .setting_count = ARRAY_LEN(SETTINGS)},
    .synopsis = "--user ID",
    .options = OPTIONS,
    .option_count = ARRAY_LEN(OPTIONS),
};

// Adds {"name": json} to the token. Returns false if `json` is not JSON.
static bool add_claim(jwt_t *token, struct span name, struct span json)
{
    struct buffer object = {0};
    int rc;

    buffer_append_char(&object, '{');
    json_string_append(&object, name);
    buffer_append_char(&object, ':');
    buffer_append(&object, json);
    buffer_append_char(&object, '}');
    rc = jwt_add_grants_json(token, object.ptr);
    buffer_fini(&object);
    return rc == 0;
}

static bool add_text(jwt_t *token, const char *name, const char *value)
{
    return !value || jwt_add_grant(token, name, value) == 0 ||
           tool_fail("the claim %s is not valid UTF-8", name);
}

static bool add_rooms(jwt_t *token, const struct tool_list *rooms)
{
    struct buffer array = {0};
    bool ok;

    if (rooms->count == 0)
        return true;
    for (size_t i = 0; i < rooms->count; i++) {
        buffer_append_char(&array, i == 0 ? '[' : ',');
        json_string_append(&array, span_of(rooms->items[i]));
    }
    buffer_append_char(&array, ']');
    ok = add_claim(token, SPAN_LIT("rooms"), buffer_span(&array));
    buffer_fini(&array);
    return ok || tool_fail("--room is not valid UTF-8");
}

static bool add_given_claims(jwt_t *token, const struct tool_list *claims)
{
    for (size_t i = 0; i < claims->count; i++) {
        struct span value = span_of(claims->items[i]), name;
        if (!span_take_until(&value, '=', &name) || name.len == 0 || !value.ptr)
            return tool_fail("--claim %s: give NAME=JSON", claims->items[i]);
        if (!add_claim(token, name, value))
            return tool_fail("--claim %s: what follows the = is not JSON; a text needs quotes: "
                             "--claim '" SPAN_FMT "=\"text\"'",
                             claims->items[i], SPAN_ARG(name));
    }
    return true;
}

static int64_t life_of(const struct request *request)
{
    if (request->expires_s > 0)
        return request->expires_s;
    return request->refresh ? request->refresh_s : request->access_s;
}

static bool fill(jwt_t *token, const struct request *request)
{
    int64_t now = (int64_t)(clock_wall_ms() / 1000);

    return add_text(token, "id", request->user) && add_text(token, "email", request->email) &&
           add_text(token, "role", request->role) && add_rooms(token, &request->rooms) &&
           jwt_add_grant_int(token, "iat", now) == 0 &&
           jwt_add_grant_int(token, "exp", now + life_of(request)) == 0 &&
           add_given_claims(token, &request->claims);
}

static bool read_key_file(const char *path, struct buffer *key)
{
    if (!file_read(path, MAX_KEY_BYTES, key))
        return tool_fail("--key %s cannot be read: %s", path, strerror(errno));
    return key->len > 0 || tool_fail("--key %s is no key file", path);
}

static bool find_key(const struct request *request, struct buffer *key)
{
    if (request->algorithm > HS512)
        return request->key_file ? read_key_file(request->key_file, key)
                                 : tool_fail("%s needs the private key: give --key FILE",
                                             ALGORITHMS[request->algorithm]);
    if (!request->secret)
        return tool_fail("JWT_SECRET is not set; give it in the environment, in ./.env or in a "
                         "file with --env FILE");
    buffer_append(key, span_of(request->secret));
    return true;
}

static bool sign(jwt_t *token, const struct request *request)
{
    struct buffer key = {0};
    bool ok = find_key(request, &key);

    if (ok) {
        char *text = NULL;
        if (jwt_set_alg(token, JWT_ALGORITHMS[request->algorithm], (unsigned char *)key.ptr,
                        (int)key.len) == 0)
            text = jwt_encode_str(token);
        ok = text ? puts(text) >= 0
                  : tool_fail("signing failed: is the key made for %s?",
                              ALGORITHMS[request->algorithm]);
        free(text);
    }
    buffer_fini(&key);
    return ok;
}

static bool mint(const struct request *request)
{
    jwt_t *token = NULL;
    bool ok;

    if (!request->user && request->claims.count == 0)
        return tool_fail("whose token? give --user ID");
    if (jwt_new(&token) != 0)
        return tool_fail("out of memory");
    ok = fill(token, request) && sign(token, request);
    jwt_free(token);
    return ok;
}

static enum tool_status run(void *request, const struct tool_list *operands)
{
    (void)operands;
    return mint(request) ? TOOL_OK : TOOL_FAILED;
}

int main(int argc, char **argv)
{
    static struct request request;

    return tool_main(&TOOL, argc, argv, run, &request);
}
