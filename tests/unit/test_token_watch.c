#include "common/clock.h"
#include "edge/gateway/token_watch.h"
#include "tests/unit/unit.h"

#define START  INT64_C(1700000000)
#define EVENTS 8
#define TURN_S 1024 // of the wheel, and more
#define YEAR_S (365 * 24 * 3600)

struct row {
    const char *name;
    int64_t lasts_s;
    int64_t steps[6]; // seconds after the start at which the watch looks; ends with 0
    struct {
        int64_t at_s, left_s; // left_s 0: expired
    } events[3];
};

// clang-format off
static const struct row rows[] = {
    {"a token of ten minutes", 600, {299, 300, 301, 599, 600, 700}, {{300, 300}, {600, 0}}},
    {"a token in its last minutes", 200, {1, 199, 200}, {{0, 200}, {200, 0}}},
    {"a token of exactly the warning time", 300, {1, 300}, {{0, 300}, {300, 0}}},
    {"a second more than the warning time", 301, {1, 301}, {{1, 300}, {301, 0}}},
    {"a token of one second", 1, {1}, {{0, 1}, {1, 0}}},
    {"a token of a year", YEAR_S, {1, TURN_S, YEAR_S - 301, YEAR_S - 300, YEAR_S}, {{YEAR_S - 300, 300}, {YEAR_S, 0}}},
    {"several turns of the wheel, looked at now and then", 3 * TURN_S + 300, {TURN_S, 2 * TURN_S, 3 * TURN_S - 1, 3 * TURN_S}, {{3 * TURN_S, 300}}},
    {"a late look", 600, {450, 650}, {{450, 150}, {650, 0}}},
    {"a look after both", 600, {100000}, {{100000, 0}}},
    {"a clock that is set back", 600, {200, 50, 299, 300, 250, 600}, {{300, 300}, {600, 0}}},
    {"a token that never expires", INT64_MAX - START, {1, TURN_S, YEAR_S}, {{0, 0}}},
};
// clang-format on

static struct deadlines clock_;
static struct token_watch *watch;
static int64_t now_s;
static struct {
    struct token_alarm *alarm;
    int64_t at_s, left_s;
} seen[EVENTS];
static size_t seen_count;

static void note(struct token_alarm *alarm, int64_t left_s)
{
    assert_true(seen_count < EVENTS);
    seen[seen_count].alarm = alarm;
    seen[seen_count].at_s = now_s - START;
    seen[seen_count++].left_s = left_s;
}

static void on_expiring(struct token_alarm *alarm, int64_t left_s, void *arg)
{
    (void)arg;
    assert_true(left_s > 0);
    note(alarm, left_s);
}

static void on_expired(struct token_alarm *alarm, void *arg)
{
    note(alarm, 0);
    if (arg) // somebody else leaves because of it
        token_watch_stop(arg);
}

static void begin(void *arg)
{
    const struct token_watch_handlers handlers = {on_expiring, on_expired, arg};

    seen_count = 0;
    now_s = START;
    deadlines_init(&clock_, 1000);
    watch = token_watch_new(&clock_, &handlers);
    token_watch_advance(watch, now_s);
}

static void look_at(int64_t after_s)
{
    now_s = START + after_s;
    token_watch_advance(watch, now_s);
}

static void rings(void **state)
{
    const struct row *row = *state;
    struct token_alarm alarm;
    size_t expected = 0;

    begin(NULL);
    token_alarm_init(&alarm);
    token_watch_start(watch, &alarm, START + row->lasts_s, now_s);
    for (size_t i = 0; i < ARRAY_LEN(row->steps) && row->steps[i] != 0; i++)
        look_at(row->steps[i]);
    while (expected < ARRAY_LEN(row->events) &&
           (row->events[expected].at_s != 0 || row->events[expected].left_s != 0))
        expected++;
    assert_int_equal(seen_count, expected);
    for (size_t i = 0; i < expected; i++) {
        assert_int_equal(seen[i].at_s, row->events[i].at_s);
        assert_int_equal(seen[i].left_s, row->events[i].left_s);
    }
    token_watch_stop(&alarm);
    token_watch_free(watch);
}

static void a_new_token_replaces_the_old_one(void **state)
{
    struct token_alarm alarm;

    (void)state;
    begin(NULL);
    token_alarm_init(&alarm);
    token_watch_start(watch, &alarm, START + 400, now_s);
    look_at(100);
    token_watch_start(watch, &alarm, START + 1000, now_s);
    look_at(400);
    look_at(700);
    assert_int_equal(seen_count, 2);
    assert_int_equal(seen[1].left_s, 300);
    token_watch_start(watch, &alarm, INT64_MAX, now_s);
    look_at(5000);
    assert_int_equal(seen_count, 2);
    token_watch_free(watch);
}

static void one_that_is_stopped_is_silent(void **state)
{
    struct token_alarm alarm;

    (void)state;
    begin(NULL);
    token_alarm_init(&alarm);
    token_watch_stop(&alarm);
    token_watch_start(watch, &alarm, START + 400, now_s);
    token_watch_stop(&alarm);
    look_at(5000);
    assert_int_equal(seen_count, 0);
    token_watch_free(watch);
}

static void one_may_stop_another_while_it_rings(void **state)
{
    struct token_alarm first, second;

    (void)state;
    begin(&second);
    token_alarm_init(&first);
    token_alarm_init(&second);
    token_watch_start(watch, &first, START + 10, now_s);
    token_watch_start(watch, &second, START + 10, now_s);
    look_at(10);
    assert_int_equal(seen_count, 3); // two warnings, and the end of the first
    assert_ptr_equal(seen[2].alarm, &first);
    token_watch_free(watch);
}

// By the loop's deadlines and the real time of day.
static void it_looks_by_itself(void **state)
{
    struct token_alarm alarm;
    int64_t real_s = (int64_t)(clock_wall_ms() / 1000);

    (void)state;
    begin(NULL);
    token_alarm_init(&alarm);
    token_watch_start(watch, &alarm, real_s - 1, real_s - 2); // is in its last second
    assert_int_equal(seen_count, 1);
    deadlines_run(&clock_, clock_.now_ms + 500);
    assert_int_equal(seen_count, 2);
    assert_int_equal(seen[1].left_s, 0);
    token_watch_free(watch);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 4];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, rings);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_new_token_replaces_the_old_one);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(one_that_is_stopped_is_silent);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(one_may_stop_another_while_it_rings);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(it_looks_by_itself);
    return cmocka_run_group_tests_name("token_watch", tests, NULL, NULL);
}
