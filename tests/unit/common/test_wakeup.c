#include "common/wakeup.h"

#include <poll.h>
#include <sys/resource.h>

#include "tests/unit/unit.h"

static bool is_readable(const struct wakeup *wakeup)
{
    struct pollfd wait = {.fd = wakeup->fd, .events = POLLIN};

    return poll(&wait, 1, 0) == 1;
}

struct wakeup_case {
    const char *name;
    int sent;
    bool cleared;
    bool readable;
};

static const struct wakeup_case wakeup_cases[] = {
    {"a new one wakes nobody", 0, false, false},
    {"one that was sent wakes", 1, false, true},
    {"sent twice, cleared at once", 2, true, false},
    {"clearing without any does not wait", 0, true, false},
};

static void wakes_until_it_is_cleared(void **state)
{
    const struct wakeup_case *c = *state;
    struct wakeup wakeup;

    assert_true(wakeup_init(&wakeup));
    for (int i = 0; i < c->sent; i++)
        wakeup_send(&wakeup);
    if (c->cleared)
        wakeup_clear(&wakeup);
    assert_int_equal(is_readable(&wakeup), c->readable);
    wakeup_fini(&wakeup);
    assert_int_equal(wakeup.fd, -1);
}

static void init_fails_without_descriptors(void **state)
{
    struct rlimit before, none;
    struct wakeup wakeup;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_false(wakeup_init(&wakeup));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    wakeup_fini(&wakeup);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(wakeup_cases) + 1] = {
        cmocka_unit_test(init_fails_without_descriptors),
    };
    size_t count = 1;

    ADD_ROWS(tests, count, wakeup_cases, wakes_until_it_is_cleared);
    return cmocka_run_group_tests_name("wakeup", tests, NULL, NULL);
}
