#include "edge/gateway/clients/jwks.h"
#include "edge/gateway/clients/token_algorithm.h"
#include "tests/unit/unit.h"

// Of keys that were made for tests and are used nowhere else.
#define RSA_N                                                                                      \
    "x05C2wCq5Nh8fadI2-34C_uDrx_7fzbRH1eDT2H-K1AlmQzggd_EUFZUiVDln462t-QZq_M16L3K_vGA"             \
    "F2JF6OC_rnoXSwp4D-N6g0cMTYVxDQDc8wXGXOs_Lsmi-NiJ53ndsUGmJGvvQ4_TMfsq376jSLRs4_jm"             \
    "IpMPasbbsDwyp7XAV0-ctVE9MVmsF_UaEd5UtTV_Ey2RW9FVJqRO3YIx4pbRrF42cbUOKbiiaQtO0lS8"             \
    "p7gWtZat0a5ESZMwVKVB_DIuYg3aWxxZYTh2DtqMqdIT9fMRng9Z2Hu4cTHSY1W4CNlU0kkqDgLHoLpz"             \
    "waEQxKPGKZj5SkTe5c0VRQ"
#define EC_X      "eRcZAF3vSb6W5pt4FeO5l0sFnzlI0EPJyWHUB85pcRw"
#define EC_Y      "LVbiwWCqmtaW61NKhobP8f7YQnSlzxCMRNiDALvYD9Q"
#define RSA(more) "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" RSA_N "\"" more "}"
#define EC(more)  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"" more "}"
#define P384_X    "JcNJBSWvs_wr5LSPMppENelq83jANGrnJu-47fd86FAheK5DRtoV3pSRT5i-Sz1j"
#define P384_Y    "mEnmSqcEZnPJVgJ0qsiU1yHUJjVJsb_IwPTgOv_Uk1yr1yE6DBoYTDnE8kEjeyek"
#define P521_X                                                                                     \
    "ALFwIgGGHiVNWu4UBLR3cgLdqfTr2A1ccO4xEOoIgKlL0kUAyY4j4N9mgNd-jpxf27g1QJlkrOI_O_Vz8NK5Flr7"
#define P521_Y                                                                                     \
    "APp4XiRWzMXQYBNzX5-hXE7gMT4UTlneE_k6W1AGUuK7aJp7hbfBaCMTvdmB6YAPK7F8MBNAZcmbKdF0w9Jjtk1I"
#define CURVE(name, x, y) "{\"kty\":\"EC\",\"crv\":\"" name "\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define ZEROS_64          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ZEROS_256         ZEROS_64 ZEROS_64 ZEROS_64 ZEROS_64 ZEROS_64 ZEROS_64
#define SET(keys)         "{\"keys\":[" keys "]}"

struct jwks_case {
    const char *name;
    const char *json;
    size_t count;         // usable keys
    const char *id;       // of the first
    const char *why;      // a part of the reason when there is none
    unsigned algorithms;  // of the first without those that only a newer libjwt has; 0: any
    const char *unusable; // a part of what is said of those that are passed over
};

// clang-format off
static const struct jwks_case rows[] = {
    {"one RSA key",            SET(RSA("")), 1, .id = NULL},
    {"with its id",            SET(RSA(",\"kid\":\"a\"")), 1, .id = "a"},
    {"one P-256 key",          SET(EC(",\"kid\":\"b\"")), 1, .id = "b"},
    {"both",                   SET(RSA(",\"kid\":\"a\",\"use\":\"sig\"") "," EC("")), 2, .id = "a"},
    {"for encryption",         SET(RSA(",\"use\":\"enc\"")), 0, .why = "no public"},
    {"others are passed over", SET("{\"kty\":\"oct\",\"k\":\"AAAA\"},7,{}," EC("")), 1, .id = NULL},
    {"a small RSA key",        SET("{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"AQAB\"}"), 0, .why = "2048 bits"},
    {"small ones beside others", SET("{\"kty\":\"RSA\",\"kid\":\"s\",\"e\":\"AQAB\",\"n\":\"AQAB\"}," EC("")), 1, .unusable = "\"s\" is an RSA key of 17 bits"},
    {"small ones behind zeros", SET("{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" ZEROS_256 "AQAB\"}"), 0, .why = "RSA key of 17 bits"},
    {"no exponent",            SET("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}"), 0, .why = "no public"},
    {"a point off the curve",  SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_Y "\",\"y\":\"" EC_X "\"}"), 0, .why = "no public"},
    {"another curve",          SET("{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}"), 0, .why = "no public"},
    {"a short coordinate",     SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"" EC_Y "\"}"), 0, .why = "no public"},
    {"no base64",              SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"*\",\"y\":\"" EC_Y "\"}"), 0, .why = "no public"},
    {"P-384",                  SET(CURVE("P-384", P384_X, P384_Y)), 1, .algorithms = TOKEN_ES384},
    {"P-521",                  SET(CURVE("P-521", P521_X, P521_Y)), 1, .algorithms = TOKEN_ES512},
    {"P-521, a curve too short", SET(CURVE("P-384", P521_X, P521_Y)), 0, .why = "no public"},
    {"P-384, a curve too long", SET(CURVE("P-521", P384_X, P384_Y)), 0, .why = "no public"},
    {"a curve that is none",   SET(CURVE("P-192", P384_X, P384_Y)), 0, .why = "no public"},
    {"Ed25519 that is cut",    SET("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}," EC("")), 1, .unusable = "one without kid"},
    {"X25519",                 SET("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"kid\":\"x\",\"x\":\"" EC_X "\"}," EC("")), 1, .unusable = "\"x\" has no key"},
    {"all of RSA",             SET(RSA("")), 1, .algorithms = TOKEN_RS},
    {"alg: one of RSA",        SET(RSA(",\"alg\":\"RS384\"")), 1, .algorithms = TOKEN_RS384},
    {"alg: one of another type", SET(RSA(",\"kid\":\"m\",\"alg\":\"ES256\"") "," EC("")), 1, .unusable = "\"m\" cannot verify ES256"},
    {"alg: a secret's",        SET(RSA(",\"alg\":\"HS256\"")), 0, .why = "cannot verify HS256"},
    {"alg: of another curve",  SET(EC(",\"alg\":\"ES384\"")), 0, .why = "cannot verify ES384"},
    {"alg: for encryption",    SET(RSA(",\"alg\":\"RSA-OAEP\"") "," EC("")), 1, .algorithms = TOKEN_ES256},
    {"alg: none",              SET(RSA(",\"alg\":\"none\"")), 0, .why = "no public"},
    {"alg: empty",             SET(RSA(",\"alg\":\"\"")), 0, .why = "no public"},
    {"alg: a number",          SET(RSA(",\"alg\":256")), 0, .why = "no public"},
    {"use: null",              SET(RSA(",\"use\":null")), 0, .why = "no public"},
    {"key_ops: verify",        SET(RSA(",\"key_ops\":[\"encrypt\",\"verify\"]")), 1, .algorithms = TOKEN_RS},
    {"key_ops: others",        SET(RSA(",\"key_ops\":[\"encrypt\",\"wrapKey\"]")), 0, .why = "no public"},
    {"key_ops: empty",         SET(RSA(",\"key_ops\":[]")), 0, .why = "no public"},
    {"key_ops: a text",        SET(RSA(",\"key_ops\":\"verify\"")), 0, .why = "no public"},
    {"an empty set",           SET(""), 0, .why = "no public"},
    {"keys is no array",       "{\"keys\":{}}", 0, .why = "array"},
    {"no set",                 "[]", 0, .why = "array"},
    {"no JSON",                "keys", 0, .why = "array"},
    {"nothing",                "", 0, .why = "array"},
};
// clang-format on

static void parses(void **state)
{
    const struct jwks_case *c = *state;
    struct buffer reason = {0}, unusable = {0};
    struct jwks *set = jwks_parse(span_of(c->json), &reason, &unusable);

    if (c->unusable)
        assert_non_null(strstr(unusable.ptr, c->unusable));
    if (c->why) {
        assert_null(set);
        assert_non_null(strstr(reason.ptr, c->why));
    } else {
        assert_non_null(set);
        assert_int_equal(reason.len, 0);
        assert_int_equal(set->count, c->count);
        if (c->algorithms)
            assert_int_equal(set->keys[0].algorithms & ~(unsigned)TOKEN_PS, c->algorithms);
        if (c->id)
            assert_string_equal(set->keys[0].id, c->id);
        else
            assert_null(set->keys[0].id);
        assert_non_null(strstr(set->keys[0].pem, "-----BEGIN PUBLIC KEY-----"));
    }
    buffer_fini(&reason);
    buffer_fini(&unusable);
    jwks_free(set);
}

static void too_many_keys(void **state)
{
    struct buffer json = {0}, reason = {0}, unusable = {0};

    (void)state;
    buffer_append(&json, SPAN_LIT("{\"keys\":["));
    for (int i = 0; i < 65; i++)
        buffer_append(&json, i == 0 ? SPAN_LIT("{}") : SPAN_LIT(",{}"));
    buffer_append(&json, SPAN_LIT("]}"));
    assert_null(jwks_parse(buffer_span(&json), &reason, &unusable));
    assert_non_null(strstr(reason.ptr, "more than 64"));
    buffer_fini(&json);
    buffer_fini(&reason);
    buffer_fini(&unusable);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, parses);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(too_many_keys);
    return cmocka_run_group_tests_name("jwks", tests, NULL, NULL);
}
