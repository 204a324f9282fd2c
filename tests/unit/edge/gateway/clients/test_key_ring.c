#include "edge/gateway/clients/key_ring.h"

#include "edge/gateway/clients/token_algorithm.h"
#include "tests/unit/unit.h"

// Of keys that were made for this test and are used nowhere else.
#define RSA                                                                                        \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx05C2wCq5Nh8fadI2+34\n"                           \
    "C/uDrx/7fzbRH1eDT2H+K1AlmQzggd/EUFZUiVDln462t+QZq/M16L3K/vGAF2JF\n"                           \
    "6OC/rnoXSwp4D+N6g0cMTYVxDQDc8wXGXOs/Lsmi+NiJ53ndsUGmJGvvQ4/TMfsq\n"                           \
    "376jSLRs4/jmIpMPasbbsDwyp7XAV0+ctVE9MVmsF/UaEd5UtTV/Ey2RW9FVJqRO\n"                           \
    "3YIx4pbRrF42cbUOKbiiaQtO0lS8p7gWtZat0a5ESZMwVKVB/DIuYg3aWxxZYTh2\n"                           \
    "DtqMqdIT9fMRng9Z2Hu4cTHSY1W4CNlU0kkqDgLHoLpzwaEQxKPGKZj5SkTe5c0V\n"                           \
    "RQIDAQAB\n"                                                                                   \
    "-----END PUBLIC KEY-----\n"
#define EC                                                                                         \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeRcZAF3vSb6W5pt4FeO5l0sFnzlI\n"                           \
    "0EPJyWHUB85pcRwtVuLBYKqa1pbrU0qGhs/x/thCdKXPEIxE2IMAu9gP1A==\n"                               \
    "-----END PUBLIC KEY-----\n"

static char a[] = "a", b[] = "b", rsa[] = RSA, ec[] = EC;
static struct jwks_key rsa_a[] = {{a, TOKEN_RS, rsa}}, rsa_b[] = {{b, TOKEN_RS, rsa}},
                       ec_b[] = {{b, TOKEN_ES256, ec}},
                       both[] = {{a, TOKEN_RS, rsa}, {b, TOKEN_ES256, ec}},
                       twice[] = {{a, TOKEN_RS, rsa}, {b, TOKEN_RS, rsa}};
static const struct jwks set_rsa_a = {rsa_a, 1}, set_rsa_b = {rsa_b, 1}, set_ec = {ec_b, 1},
                         set_both = {both, 2}, set_twice = {twice, 2};

struct row {
    const char *name;
    struct token_keys first, then;
    size_t count;          // of keys, then
    const char *kept;      // bytes of a key of both, whose number stays
    const char *withdrawn; // bytes of a key of the first that is gone
};

// clang-format off
static const struct row rows[] = {
    {"the same secret again", {.secret = "one"}, {.secret = "one"}, 1, "one", NULL},
    {"another secret", {.secret = "one"}, {.secret = "two"}, 1, NULL, "one"},
    {"the secret becomes the previous one", {.secret = "one"}, {.secret = "two", .previous_secret = "one"}, 2, "one", NULL},
    {"the previous one is dropped", {.secret = "two", .previous_secret = "one"}, {.secret = "two"}, 1, "two", "one"},
    {"the two secrets change places", {.secret = "one", .previous_secret = "two"}, {.secret = "two", .previous_secret = "one"}, 2, "two", NULL},
    {"a secret that begins with the old one", {.secret = "one"}, {.secret = "one2"}, 1, NULL, "one"},
    {"a key is added to the set", {.key_set = &set_rsa_a}, {.key_set = &set_both}, 2, RSA, NULL},
    {"a key is taken from the set", {.key_set = &set_both}, {.key_set = &set_ec}, 1, EC, RSA},
    {"a key gets another id", {.key_set = &set_rsa_a}, {.key_set = &set_rsa_b}, 1, RSA, NULL},
    {"an id gets another key", {.key_set = &set_rsa_b}, {.key_set = &set_ec}, 1, NULL, RSA},
    {"one of two ids of a key goes", {.key_set = &set_twice}, {.key_set = &set_rsa_a}, 1, RSA, NULL},
    {"the key of a file becomes one of a set", {.public_key = RSA}, {.key_set = &set_both}, 2, RSA, NULL},
    {"the key of a file is replaced", {.public_key = RSA}, {.public_key = EC}, 1, NULL, RSA},
    {"a public key goes and the secret stays", {.secret = "one", .public_key = RSA}, {.secret = "one"}, 1, "one", RSA},
    {"no key is left", {.secret = "one"}, {0}, 0, NULL, "one"},
    {"a first key comes", {0}, {.key_set = &set_ec}, 1, NULL, NULL},
};
// clang-format on

static uint32_t number_of(const struct key_ring *ring, const char *bytes)
{
    for (size_t i = 0; i < ring->count; i++)
        if (strcmp(ring->keys[i].bytes, bytes) == 0)
            return ring->keys[i].number;
    return KEY_NONE;
}

static void replaces(void **state)
{
    const struct row *row = *state;
    uint32_t kept = KEY_NONE, withdrawn = KEY_NONE;
    struct key_ring ring;

    key_ring_init(&ring, TOKEN_HS256 | TOKEN_RS256 | TOKEN_ES256);
    assert_false(key_ring_replace(&ring, &row->first));
    assert_true(token_keys_equal(&row->first, &row->first));
    assert_int_equal(token_keys_equal(&row->first, &row->then), row == rows);
    if (row->kept)
        assert_int_not_equal(kept = number_of(&ring, row->kept), KEY_NONE);
    if (row->withdrawn)
        assert_int_not_equal(withdrawn = number_of(&ring, row->withdrawn), KEY_NONE);
    assert_int_equal(key_ring_replace(&ring, &row->then), row->withdrawn != NULL);
    assert_int_equal(ring.count, row->count);
    assert_true(key_ring_has(&ring, kept));
    if (row->kept)
        assert_int_equal(number_of(&ring, row->kept), kept);
    assert_int_equal(key_ring_has(&ring, withdrawn), row->withdrawn == NULL);
    key_ring_fini(&ring);
}

// A number is not given a second time, so the tokens of a key that was gone for a while do not
// become those of another.
static void a_key_that_comes_back_has_a_new_number(void **state)
{
    const struct token_keys one = {.secret = "one"}, two = {.secret = "two"};
    struct key_ring ring;

    (void)state;
    key_ring_init(&ring, TOKEN_HS256);
    key_ring_replace(&ring, &one);
    uint32_t first = number_of(&ring, "one");
    key_ring_replace(&ring, &two);
    uint32_t second = number_of(&ring, "two");
    key_ring_replace(&ring, &one);
    assert_int_not_equal(number_of(&ring, "one"), first);
    assert_int_not_equal(number_of(&ring, "one"), second);
    assert_false(key_ring_has(&ring, first));
    key_ring_fini(&ring);
}

static void keys_of_other_algorithms_are_left_out(void **state)
{
    const struct token_keys keys = {.secret = "one", .key_set = &set_both};
    struct key_ring ring;

    (void)state;
    key_ring_init(&ring, TOKEN_ES256);
    key_ring_replace(&ring, &keys);
    assert_int_equal(ring.count, 1);
    assert_int_equal(ring.keys[0].algorithms, TOKEN_ES256);
    assert_string_equal(ring.keys[0].id, "b");
    key_ring_fini(&ring);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 2];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, replaces);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_key_that_comes_back_has_a_new_number);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(keys_of_other_algorithms_are_left_out);
    return cmocka_run_group_tests_name("key_ring", tests, NULL, NULL);
}
