#include "common/key_counter.h"

#include "tests/unit/unit.h"

struct row {
    const char *name;
    const char *does; // "+a" one more of a, "-a" one less
    size_t of_a, of_b;
};

static const struct row rows[] = {
    {"nothing", "", 0, 0},
    {"one", "+a", 1, 0},
    {"two of one key", "+a+a", 2, 0},
    {"two keys", "+a+b", 1, 1},
    {"gone again", "+a-a", 0, 0},
    {"one of two gone", "+a+a-a", 1, 0},
    {"the other stays", "+a+b-a", 0, 1},
    {"back again", "+a-a+a", 1, 0},
};

static void counts(void **state)
{
    const struct row *row = *state;
    struct key_counter *counter = key_counter_new();
    struct key_count *entries[2] = {NULL, NULL};

    for (const char *at = row->does; *at; at += 2) {
        struct span key = exact_copy((struct span){at + 1, 1});
        struct key_count **entry = &entries[at[1] - 'a'];
        if (*at == '+')
            *entry = key_counter_add(counter, key);
        else
            key_counter_drop(counter, *entry);
        free((char *)key.ptr);
    }
    assert_int_equal(key_counter_of(counter, SPAN_LIT("a")), row->of_a);
    assert_int_equal(key_counter_of(counter, SPAN_LIT("b")), row->of_b);
    for (size_t n = row->of_a; n > 0; n--)
        key_counter_drop(counter, entries[0]);
    for (size_t n = row->of_b; n > 0; n--)
        key_counter_drop(counter, entries[1]);
    key_counter_free(counter); // asserts that nothing stayed
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, counts);
    return cmocka_run_group_tests_name("key_counter", tests, NULL, NULL);
}
