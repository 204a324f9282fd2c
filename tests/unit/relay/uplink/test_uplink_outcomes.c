#include "relay/uplink/uplink_outcomes.h"

#include <stdio.h>

#include "tests/unit/unit.h"
#include "tests/unit/window_maker.h"

#define START_MS 1000000

static struct uplink_window window;
static struct uplink_metrics metrics;
static struct uplink_outcomes outcomes;
static uint64_t now_ms;

static int set_up(void **state)
{
    (void)state;
    now_ms = START_MS;
    metrics = (struct uplink_metrics){0};
    uplink_window_init(&window);
    outcomes = (struct uplink_outcomes){.window = &window, .metrics = &metrics};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    window_fini(&window);
    return 0;
}

static void add(const char *id, const char *owner)
{
    const struct uplink_entry entry = entry_of(id, owner);

    uplink_window_add(&window, &entry);
}

// The one item whose turn it is, sent.
static struct uplink_item *send_one(void)
{
    struct uplink_item *taken[UPLINK_TAKE_MAX];
    const struct uplink_entry entry = entry_of("0-0", "");

    assert_int_equal(uplink_window_take(&window, now_ms, taken), 1);
    if (!taken[0]->message)
        uplink_window_load(taken[0], &entry);
    uplink_outcomes_check(&outcomes, taken[0], now_ms);
    taken[0]->state = UPLINK_SENT;
    taken[0]->sent_ms = now_ms;
    return taken[0];
}

static void answer(struct uplink_item *item, enum publish_outcome outcome, const char *reason)
{
    item->message->outcome = outcome;
    snprintf(item->message->reason, sizeof(item->message->reason), "%s", reason);
    uplink_outcomes_take(&outcomes, item, now_ms);
}

// ---- one item

// Sent at once, it gets the outcome every `every_ms`, when it is sent again if need be, until it is
// a dead letter.
struct failure_case {
    const char *name;
    enum publish_outcome outcome;
    uint64_t every_ms; // from sending to the outcome
    uint64_t until_ms; // a dead letter; 0: never
    enum uplink_fault fault;
};

static const struct failure_case failure_cases[] = {
    {"nowhere to go", PUBLISH_UNROUTABLE, 0, 1, UPLINK_UNROUTABLE},
    {"not confirmed, while others are", PUBLISH_UNCONFIRMED, 40000, 40001, UPLINK_UNCONFIRMED},
    {"refused", PUBLISH_REFUSED, 0, UPLINK_REFUSED_MAX_MS + 1000, UPLINK_REFUSED},
    {"not confirmed, and nothing else is", PUBLISH_SILENT, 10001, 4 * 11001, UPLINK_UNCONFIRMED},
    {"the channel is closed over it", PUBLISH_CLOSED, 0, 1, UPLINK_CLOSED},
    {"RabbitMQ is away", PUBLISH_UNAVAILABLE, 0, 0, 0},
    {"RabbitMQ is blocked", PUBLISH_BLOCKED, 0, 0, 0},
    {"the connection is lost", PUBLISH_LOST, 5000, 0, 0},
};

static void becomes_a_dead_letter_in_time(void **state)
{
    const struct failure_case *c = *state;
    uint64_t end_ms = START_MS + (c->until_ms > 0 ? c->until_ms : 300000);
    struct uplink_item *item = NULL;

    add("1-1", "u1");
    while (now_ms < end_ms && !(item && item->failure)) {
        item = send_one();
        now_ms += c->every_ms;
        answer(item, c->outcome, "because");
        if (!item->failure && c->outcome != PUBLISH_CLOSED)
            now_ms = item->retry_ms > now_ms ? item->retry_ms : now_ms + UPLINK_HOLD_MS;
    }
    assert_int_equal(item->failure != NULL, c->until_ms > 0);
    assert_int_equal(metric_get(&metrics.letters[c->fault]), c->until_ms > 0);
}

static void refusals_count_from_the_first(void **state)
{
    struct uplink_item *item;

    (void)state;
    add("1-1", "u1");
    answer(send_one(), PUBLISH_LOST, "");
    now_ms += 10 * UPLINK_REFUSED_MAX_MS; // RabbitMQ is away
    item = send_one();
    answer(item, PUBLISH_REFUSED, "full");
    assert_null(item->failure);
    now_ms += UPLINK_REFUSED_MAX_MS;
    answer(send_one(), PUBLISH_REFUSED, "full");
    assert_string_equal(item->failure->reason, "full");
}

// ---- those behind it

// The first entry of an owner becomes a dead letter, and it is confirmed.
static void bury_one(enum publish_outcome outcome, uint64_t every_ms)
{
    struct uplink_item *item;

    do {
        item = send_one();
        now_ms += every_ms;
        answer(item, outcome, "because");
        if (item->retry_ms > now_ms)
            now_ms = item->retry_ms;
    } while (!item->failure);
    item = send_one();
    assert_non_null(item->failure);
    answer(item, PUBLISH_DONE, "");
}

static void a_full_queue_does_not_hold_up_each_for_as_long(void **state)
{
    uint64_t buried_ms;

    (void)state;
    add("1-1", "u1");
    add("1-2", "u1");
    bury_one(PUBLISH_REFUSED, 0);
    buried_ms = now_ms;
    bury_one(PUBLISH_REFUSED, 0);
    assert_int_equal(now_ms, buried_ms);
    assert_int_equal(metric_get(&metrics.letters[UPLINK_REFUSED]), 2);
}

// The next one is tried, and the queue may have room again.
static void a_queue_with_room_again_takes_the_next(void **state)
{
    (void)state;
    add("1-1", "u1");
    add("1-2", "u1");
    bury_one(PUBLISH_REFUSED, 0);
    struct uplink_item *item = send_one();
    assert_null(item->failure);
    answer(item, PUBLISH_DONE, "");
    assert_int_equal(metric_get(&metrics.published), 1);
}

static void a_queue_gets_its_time_again(void **state)
{
    struct uplink_item *item;

    (void)state;
    add("1-1", "u1");
    add("1-2", "u1");
    bury_one(PUBLISH_REFUSED, 0);
    now_ms += REFUSED_ROUTE_MS;
    item = send_one();
    answer(item, PUBLISH_REFUSED, "full");
    assert_null(item->failure);
}

static void a_silent_queue_does_not_hold_up_each_for_as_long(void **state)
{
    struct uplink_item *item;

    (void)state;
    add("1-1", "u1");
    add("1-2", "u1");
    bury_one(PUBLISH_SILENT, 10001);
    item = send_one();
    assert_string_equal(item->failure->reason, "because");
    assert_int_equal(metric_get(&metrics.letters[UPLINK_UNCONFIRMED]), 2);
}

// ---- letters

struct letter_case {
    const char *name;
    enum publish_outcome outcome;
    bool waits;
};

static const struct letter_case letter_cases[] = {
    {"a letter without a queue", PUBLISH_UNROUTABLE, true},
    {"a letter that is refused", PUBLISH_REFUSED, true},
    {"a letter that is not confirmed", PUBLISH_UNCONFIRMED, true},
    {"a letter that nothing is confirmed with", PUBLISH_SILENT, true},
    {"a letter that is lost", PUBLISH_LOST, false},
};

// It keeps its reason, and takes no room meanwhile.
static void a_letter_waits(void **state)
{
    const struct letter_case *c = *state;
    struct uplink_item *item;

    add("1-1", "u1");
    answer(send_one(), PUBLISH_UNROUTABLE, "");
    item = send_one();
    answer(item, c->outcome, "");
    assert_int_equal(metric_get(&metrics.letters_failed), c->waits);
    assert_int_equal(item->message == NULL, c->waits);
    assert_int_equal(window.messages, !c->waits);
    now_ms += UPLINK_LETTER_WAIT_MS;
    assert_ptr_equal(send_one(), item);
    assert_non_null(item->failure);
    answer(item, PUBLISH_DONE, "");
    assert_int_equal(item->state, UPLINK_DONE);
    assert_int_equal(metric_get(&metrics.published), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest further[] = {
        TEST(refusals_count_from_the_first),
        TEST(a_full_queue_does_not_hold_up_each_for_as_long),
        TEST(a_queue_with_room_again_takes_the_next),
        TEST(a_queue_gets_its_time_again),
        TEST(a_silent_queue_does_not_hold_up_each_for_as_long),
    };
    struct CMUnitTest
        tests[ARRAY_LEN(failure_cases) + ARRAY_LEN(letter_cases) + ARRAY_LEN(further)];
    size_t count = 0;

    ADD_ROWS(tests, count, failure_cases, becomes_a_dead_letter_in_time);
    ADD_ROWS(tests, count, letter_cases, a_letter_waits);
    for (size_t i = 0; i < count; i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
    }
    for (size_t i = 0; i < ARRAY_LEN(further); i++)
        tests[count++] = further[i];
    return cmocka_run_group_tests_name("uplink_outcomes", tests, NULL, NULL);
}
