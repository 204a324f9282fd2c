#include "edge/engineio/ip_prefix.h"

#include "tests/unit/unit.h"

struct pair {
    const char *name;
    const char *one, *other;
    bool same; // are counted together
};

// clang-format off
static const struct pair pairs[] = {
    {"one IPv4 address", "192.0.2.1", "192.0.2.1", true},
    {"two IPv4 addresses", "192.0.2.1", "192.0.2.2", false},
    {"IPv4 written as IPv6", "192.0.2.1", "::ffff:192.0.2.1", true},
    {"two of them", "::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
    {"two IPv6 addresses of one /64", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
    {"one IPv6 address in two spellings", "2001:db8::1", "2001:0DB8:0:0:0:0:0:1", true},
    {"two of neighbouring /64", "2001:db8:0:1::1", "2001:db8:0:2::1", false},
    {"IPv4 and IPv6 of the same bytes", "1.2.3.4", "102:304::", false},
    {"no addresses", "unknown", "", true},
    {"no address and one", "unknown", "0.0.0.0", false},
    {"far too long", "1111111111111111111111111111111111111111111111111", "unknown", true},
};
// clang-format on

static void are_told_apart(void **state)
{
    const struct pair *row = *state;
    struct span one = exact_copy(span_of(row->one)), other = exact_copy(span_of(row->other));
    struct ip_prefix one_prefix = ip_prefix_of(one), other_prefix = ip_prefix_of(other);

    assert_int_equal(span_eq(ip_prefix_key(&one_prefix), ip_prefix_key(&other_prefix)), row->same);
    struct ip_text shown = ip_prefix_text(&one_prefix);
    struct ip_prefix again = ip_prefix_of(span_of(shown.text));
    assert_true(span_eq(ip_prefix_key(&one_prefix), ip_prefix_key(&again)));
    free((char *)one.ptr);
    free((char *)other.ptr);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(pairs)];
    size_t count = 0;

    ADD_ROWS(tests, count, pairs, are_told_apart);
    return cmocka_run_group_tests_name("ip_prefix", tests, NULL, NULL);
}
