#include "common/clock.h"
#include "edge/gateway/clients/token_expiry.h"
#include "tests/unit/unit.h"

#define START  INT64_C(1700000000)
#define EVENTS 8
#define TURN_S 1024 // of the wheel, and more
#define YEAR_S (365 * 24 * 3600)

#define UNDATED INT64_MAX

struct row {
    const char *name;
    int64_t age_s; // when the client comes with it; UNDATED: it does not say
    int64_t lasts_s;
    int64_t steps[6]; // seconds after the start at which the watch looks; ends with 0
    struct {
        int64_t at_s, left_s; // left_s 0: expired
    } events[3];
};

// clang-format off
static const struct row rows[] = {
    {"a token of over ten minutes", 0, 700, {399, 400, 401, 699, 700, 800}, {{400, 300}, {700, 0}}},
    {"a token in its last minutes", 3400, 200, {1, 199, 200}, {{0, 200}, {200, 0}}},
    {"a token of exactly the warning time", 3300, 300, {1, 300}, {{0, 300}, {300, 0}}},
    {"a second more than the warning time", 3299, 301, {1, 301}, {{1, 300}, {301, 0}}},
    {"a token of a year", 0, YEAR_S, {1, TURN_S, YEAR_S - 301, YEAR_S - 300, YEAR_S}, {{YEAR_S - 300, 300}, {YEAR_S, 0}}},
    {"several turns of the wheel, looked at now and then", 0, 3 * TURN_S + 300, {TURN_S, 2 * TURN_S, 3 * TURN_S - 1, 3 * TURN_S}, {{3 * TURN_S, 300}}},
    {"a late look", 0, 700, {550, 750}, {{550, 150}, {750, 0}}},
    {"a look after both", 0, 700, {100000}, {{100000, 0}}},
    {"a clock that is set back", 0, 700, {200, 50, 399, 400, 350, 700}, {{400, 300}, {700, 0}}},
    {"a token that never expires", 0, INT64_MAX - START, {1, TURN_S, YEAR_S}, {{0, 0}}},

    {"brief: ten minutes", 0, 600, {479, 480, 599, 600}, {{480, 120}, {600, 0}}},
    {"brief: a second over ten minutes is not", 0, 601, {300, 301, 601}, {{301, 300}, {601, 0}}},
    {"brief: five minutes", 0, 300, {1, 239, 240, 300}, {{240, 60}, {300, 0}}},
    {"brief: a minute", 0, 60, {47, 48, 60}, {{48, 12}, {60, 0}}},
    {"brief: half over", 150, 150, {89, 90, 150}, {{90, 60}, {150, 0}}},
    {"brief: its last fifth has begun", 240, 60, {1, 60}, {{0, 60}, {60, 0}}},
    {"brief: nearly over", 299, 1, {1}, {{0, 1}, {1, 0}}},
    {"brief: a fifth that is no whole number", 0, 9, {6, 7, 9}, {{7, 2}, {9, 0}}},
    {"brief: two seconds", 0, 2, {1, 2}, {{1, 1}, {2, 0}}},
    {"brief: one second", 0, 1, {1}, {{0, 1}, {1, 0}}},
    {"undated: ten minutes from now", UNDATED, 600, {479, 480, 600}, {{480, 120}, {600, 0}}},
    {"undated: 100 s from now", UNDATED, 100, {1, 79, 80, 100}, {{80, 20}, {100, 0}}},
    {"undated: an hour from now", UNDATED, 3600, {3299, 3300, 3600}, {{3300, 300}, {3600, 0}}},
    {"issued ahead of time", -50, 100, {79, 80, 100}, {{80, 20}, {100, 0}}},
    {"issued after its end", -200, 100, {79, 80, 100}, {{80, 20}, {100, 0}}},
    {"issued at the beginning of time", START, 300, {1, 300}, {{0, 300}, {300, 0}}},
};
// clang-format on

static struct deadlines clock_;
static struct token_expiry *expiry;
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
        token_expiry_stop(arg);
}

static const struct token_alarm *void_from, *void_to; // those in between are void

static bool is_void(const struct token_alarm *alarm, void *arg)
{
    (void)arg;
    return alarm >= void_from && alarm < void_to;
}

static void begin(void *arg)
{
    const struct token_expiry_handlers handlers = {on_expiring, on_expired, is_void, arg};

    void_from = void_to = NULL;

    seen_count = 0;
    now_s = START;
    deadlines_init(&clock_, 1000);
    expiry = token_expiry_new(&clock_, &handlers);
    token_expiry_advance(expiry, now_s);
}

static void look_at(int64_t after_s)
{
    now_s = START + after_s;
    token_expiry_advance(expiry, now_s);
}

static struct token_life life_of(int64_t age_s, int64_t lasts_s)
{
    return (struct token_life){
        .issued_at_s = age_s == UNDATED ? TOKEN_UNDATED : now_s - age_s,
        .expires_at_s = now_s + lasts_s,
    };
}

static void rings(void **state)
{
    const struct row *row = *state;
    struct token_alarm alarm;
    size_t expected = 0;

    begin(NULL);
    token_alarm_init(&alarm);
    token_expiry_start(expiry, &alarm, life_of(row->age_s, row->lasts_s), now_s);
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
    token_expiry_stop(&alarm);
    token_expiry_free(expiry);
}

static void a_new_token_replaces_the_old_one(void **state)
{
    struct token_alarm alarm;

    (void)state;
    begin(NULL);
    token_alarm_init(&alarm);
    token_expiry_start(expiry, &alarm, life_of(600, 400), now_s);
    look_at(100);
    token_expiry_swap(expiry, &alarm, life_of(0, 900), now_s);
    look_at(400);
    assert_int_equal(seen_count, 1);
    look_at(700);
    assert_int_equal(seen_count, 2);
    assert_int_equal(seen[1].left_s, 300);
    token_expiry_swap(expiry, &alarm, (struct token_life){START, TOKEN_ENDLESS}, now_s);
    look_at(5000);
    assert_int_equal(seen_count, 2);
    token_expiry_stop(&alarm);
    token_expiry_free(expiry);
}

struct swap_row {
    const char *name;
    int64_t first_age_s, first_lasts_s;
    int64_t at_s; // the second token comes then
    int64_t age_s, lasts_s;
    int64_t warned_s; // after it came; 0: never
};

// clang-format off
static const struct swap_row swap_rows[] = {
    {"swap: for a brief one", 0, 300, 240, 0, 300, 240},
    {"swap: for a very brief one", 0, 10, 8, 0, 2, 1},
    {"swap: for one of a second", 0, 10, 8, 0, 1, 0},
    {"swap: for one in its last fifth", 0, 300, 240, 241, 59, 0},
    {"swap: for one in its last minutes", 0, 3600, 3300, 3300, 300, 0},
    {"swap: for a long one", 0, 300, 240, 0, 3600, 3300},
    {"swap: for one that is undated", UNDATED, 300, 240, UNDATED, 300, 240},
    {"swap: for itself, after the warning", 0, 300, 250, 250, 50, 0},
    {"swap: for itself, before the warning", 0, 300, 100, 100, 200, 140},
    {"swap: undated, for itself, after the warning", UNDATED, 300, 250, UNDATED, 50, 0},
    {"swap: undated, for itself, before the warning", UNDATED, 300, 100, UNDATED, 200, 140},
};
// clang-format on

static void swaps(void **state)
{
    const struct swap_row *row = *state;
    struct token_alarm alarm;

    begin(NULL);
    token_alarm_init(&alarm);
    token_expiry_start(expiry, &alarm, life_of(row->first_age_s, row->first_lasts_s), now_s);
    look_at(row->at_s);
    seen_count = 0;
    token_expiry_swap(expiry, &alarm, life_of(row->age_s, row->lasts_s), now_s);
    assert_int_equal(seen_count, 0);
    for (int64_t s = 1; s < row->lasts_s; s++)
        look_at(row->at_s + s);
    assert_int_equal(seen_count, row->warned_s > 0);
    if (seen_count > 0)
        assert_int_equal(seen[0].at_s - row->at_s, row->warned_s);
    look_at(row->at_s + row->lasts_s);
    assert_int_equal(seen[seen_count - 1].left_s, 0);
    token_expiry_free(expiry);
}

static void one_that_is_stopped_is_silent(void **state)
{
    struct token_alarm alarm;

    (void)state;
    begin(NULL);
    token_alarm_init(&alarm);
    token_expiry_stop(&alarm);
    token_expiry_start(expiry, &alarm, life_of(0, 400), now_s);
    token_expiry_stop(&alarm);
    look_at(5000);
    assert_int_equal(seen_count, 0);
    token_expiry_free(expiry);
}

static void one_may_stop_another_while_it_rings(void **state)
{
    struct token_alarm first, second;

    (void)state;
    begin(&second);
    token_alarm_init(&first);
    token_alarm_init(&second);
    token_expiry_start(expiry, &first, life_of(0, 10), now_s);
    token_expiry_start(expiry, &second, life_of(0, 10), now_s);
    look_at(10);
    assert_int_equal(seen_count, 1); // the end of the first
    assert_ptr_equal(seen[0].alarm, &first);
    token_expiry_free(expiry);
}

// By the loop's deadlines and the real time of day.
static void it_looks_by_itself(void **state)
{
    struct token_alarm alarm;
    int64_t real_s = (int64_t)(clock_wall_ms() / 1000);

    (void)state;
    begin(NULL);
    token_alarm_init(&alarm);
    token_expiry_start(expiry, &alarm, (struct token_life){real_s - 2, real_s - 1}, real_s - 2);
    assert_int_equal(seen_count, 1);
    deadlines_run(&clock_, clock_.now_ms + 500);
    assert_int_equal(seen_count, 2);
    assert_int_equal(seen[1].left_s, 0);
    token_expiry_free(expiry);
}

// ---- tokens that count no more

static void expect_ended(const struct token_alarm *alarm)
{
    assert_int_equal(seen_count, 1);
    assert_ptr_equal(seen[0].alarm, alarm);
    assert_int_equal(seen[0].left_s, 0);
}

static void a_void_token_ends(void **state)
{
    static const int64_t lasts_s[] = {400, 3 * TURN_S, INT64_MAX - START};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lasts_s); i++) {
        struct token_alarm alarms[2];

        begin(NULL);
        for (size_t j = 0; j < 2; j++) {
            token_alarm_init(&alarms[j]);
            token_expiry_start(expiry, &alarms[j], life_of(0, lasts_s[i]), now_s);
        }
        assert_int_equal(token_expiry_review(expiry), 0);
        void_from = &alarms[1];
        void_to = &alarms[2];
        assert_int_equal(token_expiry_review(expiry), 1);
        expect_ended(&alarms[1]);
        assert_int_equal(token_expiry_review(expiry), 0);
        token_expiry_stop(&alarms[0]);
        token_expiry_free(expiry);
    }
}

static void a_token_that_is_void_when_it_comes_ends_at_once(void **state)
{
    struct token_alarm alarm;

    (void)state;
    begin(NULL);
    token_alarm_init(&alarm);
    void_from = &alarm;
    void_to = &alarm + 1;
    token_expiry_start(expiry, &alarm, life_of(0, INT64_MAX - START), now_s);
    expect_ended(&alarm);
    token_expiry_free(expiry);
}

#define CROWD (3 * TOKEN_ENDS_EACH + 1)

static size_t crowd_ended;

static void on_one_of_the_crowd(struct token_alarm *alarm, void *arg)
{
    (void)alarm, (void)arg;
    crowd_ended++;
}

static void begin_crowd(struct token_alarm *alarms)
{
    const struct token_expiry_handlers handlers = {on_expiring, on_one_of_the_crowd, is_void, NULL};
    int64_t real_s = (int64_t)(clock_wall_ms() / 1000);

    crowd_ended = 0;
    void_from = void_to = NULL;
    deadlines_init(&clock_, 1000);
    expiry = token_expiry_new(&clock_, &handlers);
    token_expiry_advance(expiry, real_s);
    for (size_t i = 0; i < CROWD; i++) {
        token_alarm_init(&alarms[i]);
        token_expiry_start(expiry, &alarms[i], (struct token_life){real_s, real_s + YEAR_S},
                           real_s);
    }
}

static void pace(void)
{
    deadlines_run(&clock_, clock_.now_ms + TOKEN_ENDS_MS);
}

static void a_crowd_ends_a_few_at_a_time(void **state)
{
    struct token_alarm alarms[CROWD];

    (void)state;
    begin_crowd(alarms);
    void_from = alarms;
    void_to = alarms + CROWD;
    assert_int_equal(token_expiry_review(expiry), CROWD);
    for (size_t turns = 1; turns <= 3; turns++) {
        assert_int_equal(crowd_ended, turns * TOKEN_ENDS_EACH);
        pace();
    }
    assert_int_equal(crowd_ended, CROWD);
    token_expiry_free(expiry);
}

static void a_crowd_that_expires_ends_a_few_at_a_time(void **state)
{
    struct token_alarm alarms[CROWD];

    (void)state;
    begin_crowd(alarms);
    token_expiry_advance(expiry, (int64_t)(clock_wall_ms() / 1000) + YEAR_S + 1);
    assert_int_equal(crowd_ended, TOKEN_ENDS_EACH);
    for (size_t i = 0; i < CROWD; i++)
        token_expiry_stop(&alarms[i]);
    token_expiry_free(expiry);
}

// The key comes back, or the client brings another token with the same times, before its turn.
static void one_that_is_void_no_more_stays(void **state)
{
    struct token_alarm alarms[CROWD];

    (void)state;
    begin_crowd(alarms);
    void_from = alarms;
    void_to = alarms + CROWD;
    assert_int_equal(token_expiry_review(expiry), CROWD);
    void_to = NULL;
    for (int i = 0; i < 4; i++)
        pace();
    assert_int_equal(crowd_ended, TOKEN_ENDS_EACH);
    void_from = &alarms[CROWD - 1];
    void_to = alarms + CROWD;
    assert_int_equal(token_expiry_review(expiry), 1); // it is still watched
    assert_int_equal(crowd_ended, TOKEN_ENDS_EACH + 1);
    for (size_t i = 0; i < CROWD; i++)
        token_expiry_stop(&alarms[i]);
    token_expiry_free(expiry);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(swap_rows) + 9];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, rings);
    ADD_ROWS(tests, count, swap_rows, swaps);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_new_token_replaces_the_old_one);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(one_that_is_stopped_is_silent);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(one_may_stop_another_while_it_rings);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(it_looks_by_itself);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_void_token_ends);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(a_token_that_is_void_when_it_comes_ends_at_once);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_crowd_ends_a_few_at_a_time);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_crowd_that_expires_ends_a_few_at_a_time);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(one_that_is_void_no_more_stays);
    return cmocka_run_group_tests_name("token_expiry", tests, NULL, NULL);
}
