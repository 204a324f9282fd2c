#include "relay/uplink/uplink_window.h"

#include <stdio.h>

#include "tests/unit/unit.h"
#include "tests/unit/window_maker.h"

#define NOW_MS 1000
#define SOON   (NOW_MS + 1)
#define LATER  (NOW_MS + 1000)

static struct uplink_window window;

static int set_up(void **state)
{
    (void)state;
    uplink_window_init(&window);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    window_fini(&window);
    return 0;
}

static struct uplink_item *add(const char *id, const char *owner)
{
    const struct uplink_entry entry = entry_of(id, owner);

    uplink_window_add(&window, &entry);
    return list_entry(window.items.prev, struct uplink_item, node);
}

static void add_many(unsigned epoch, unsigned count, const char *owner)
{
    char id[24];

    for (unsigned i = 1; i <= count; i++) {
        snprintf(id, sizeof(id), "%u-%u", epoch, i);
        add(id, owner);
    }
}

static void add_owners(unsigned epoch, unsigned count)
{
    char id[24], owner[16];

    for (unsigned i = 1; i <= count; i++) {
        snprintf(id, sizeof(id), "%u-%u", epoch, i);
        snprintf(owner, sizeof(owner), "u%u", i);
        add(id, owner);
    }
}

// Takes what there is and sends it. Returns how many these were.
static size_t send_all(uint64_t now_ms)
{
    struct uplink_item *taken[UPLINK_TAKE_MAX];
    size_t count, all = 0;

    while ((count = uplink_window_take(&window, now_ms, taken)) > 0) {
        for (size_t i = 0; i < count; i++) {
            const struct uplink_entry entry = entry_of("0-0", "");
            if (!taken[i]->message)
                uplink_window_load(taken[i], &entry);
            taken[i]->state = UPLINK_SENT;
        }
        all += count;
    }
    return all;
}

// ---- whose turn it is

// A letter sends what may be sent and then says what becomes of an owner's: 'A' is done, '!' makes
// a suspect, '+' waits for its next attempt, '#' is a suspect that does; '~' does not come. `sent`:
// what may be sent then, by owner.
struct turn_case {
    const char *name;
    const char *owners; // of the entries
    const char *outcomes;
    const char *sent;
};

static const struct turn_case turn_cases[] = {
    {"nothing", "", "", ""},
    {"all of different owners", "abc", NULL, "abc"},
    {"one of an owner", "aabab", NULL, "ab"},
    {"not behind one that is sent", "aab", "~~", ""},
    {"behind one that is done", "aab", ".~", "a"},
    {"not behind one that waits for its next attempt", "aab", "+.", ""},
    {"a suspect goes alone", "abc", "!!.", "a"},
    {"a suspect waits until nothing is under way", "abc", "~!.", ""},
    {"a suspect that waits for its next attempt holds up its owner alone", "aabb", "#.", "b"},
    {"what could not be sent is sent again", "aab", "^.", "a"},
};

static void end(struct uplink_item *item, char outcome)
{
    item->suspect = outcome == '!' || outcome == '#';
    if (outcome == '.')
        uplink_window_done(&window, item);
    else if (outcome == '!' || outcome == '^')
        uplink_window_retry(&window, item, 0);
    else if (outcome == '+' || outcome == '#')
        uplink_window_retry(&window, item, LATER);
}

static char owner_of(const char *owners, const struct uplink_item *item)
{
    return owners[item->id.seq - 1];
}

static void knows_whose_turn_it_is(void **state)
{
    const struct turn_case *c = *state;
    struct uplink_item *taken[UPLINK_TAKE_MAX];
    char sent[8] = "";
    size_t count;

    for (unsigned i = 0; c->owners[i]; i++) {
        char id[16], owner[2] = {c->owners[i], '\0'};
        snprintf(id, sizeof(id), "1-%u", i + 1);
        add(id, owner);
    }
    count = uplink_window_take(&window, NOW_MS, taken);
    for (size_t i = 0; i < count && c->outcomes; i++) {
        taken[i]->state = UPLINK_SENT;
        end(taken[i], c->outcomes[i]);
    }
    if (c->outcomes)
        count = uplink_window_take(&window, SOON, taken);
    for (size_t i = 0; i < count; i++)
        sent[i] = owner_of(c->owners, taken[i]);
    assert_string_equal(sent, c->sent);
}

static void nothing_goes_beside_a_suspect(void **state)
{
    struct uplink_item *item = add("1-1", "a");

    (void)state;
    assert_int_equal(send_all(NOW_MS), 1);
    item->suspect = true;
    uplink_window_retry(&window, item, 0);
    assert_int_equal(send_all(NOW_MS), 1);
    add("1-2", "b");
    assert_int_equal(send_all(NOW_MS), 0);
    uplink_window_done(&window, item);
    assert_int_equal(send_all(NOW_MS), 1);
}

static void goes_again_when_it_is_due(void **state)
{
    struct uplink_item *item = add("1-1", "a");

    (void)state;
    assert_int_equal(send_all(NOW_MS), 1);
    uplink_window_retry(&window, item, LATER);
    assert_int_equal(send_all(LATER - 100), 0);
    assert_int_equal(send_all(LATER), 1);
}

// ---- owners do not wait for one another

static void a_backlog_of_one_owner_does_not_hold_up_another(void **state)
{
    struct uplink_item *taken[UPLINK_TAKE_MAX];

    (void)state;
    add_many(1, 100000, "a");
    assert_false(uplink_window_full(&window));
    add("2-1", "b");
    assert_int_equal(uplink_window_take(&window, NOW_MS, taken), 2);
    assert_non_null(taken[1]->message);
    assert_int_equal(window.messages, 2);
}

// As many as there is room for are under way, and all are refused.
static void refused_ones_make_room_for_others(void **state)
{
    (void)state;
    add_owners(1, UPLINK_MESSAGES_MAX);
    assert_int_equal(send_all(NOW_MS), UPLINK_MESSAGES_MAX);
    assert_true(uplink_window_is_busy(&window));
    struct uplink_item *other = add("2-1", "other");
    assert_null(other->message);
    assert_int_equal(send_all(NOW_MS), 0);
    list_for_each (node, &window.items) {
        struct uplink_item *item = list_entry(node, struct uplink_item, node);
        if (item->state == UPLINK_SENT)
            uplink_window_retry(&window, item, LATER);
    }
    assert_int_equal(window.messages, 0);
    assert_int_equal(window.message_bytes, 0);
    assert_int_equal(send_all(SOON), 1);
    assert_int_equal(other->state, UPLINK_SENT);
}

static void who_waits_for_room_comes_before_new_ones(void **state)
{
    struct uplink_item *taken[UPLINK_TAKE_MAX];

    (void)state;
    add_owners(1, UPLINK_MESSAGES_MAX);
    send_all(NOW_MS);
    add("2-1", "first");
    add("2-2", "second");
    uplink_window_done(&window, list_entry(window.items.next, struct uplink_item, node));
    assert_int_equal(uplink_window_take(&window, NOW_MS, taken), 1);
    assert_int_equal(taken[0]->id.seq, 1);
    assert_int_equal(taken[0]->id.epoch, 2);
}

static void is_full_by_entries(void **state)
{
    (void)state;
    add_many(1, UPLINK_WINDOW_MAX - 1, "a");
    assert_false(uplink_window_full(&window));
    add("2-1", "a");
    assert_true(uplink_window_full(&window));
    send_all(NOW_MS);
    uplink_window_drop(&window, list_entry(window.items.next, struct uplink_item, node));
    assert_false(uplink_window_full(&window));
}

static void is_busy_by_bytes(void **state)
{
    struct span body = {calloc(1, UPLINK_MESSAGES_MAX_BYTES), UPLINK_MESSAGES_MAX_BYTES};
    const struct uplink_entry entry = {SPAN_LIT("1-1"), SPAN_LIT("x"), SPAN_LIT("k"), SPAN_LIT("o"),
                                       body};

    (void)state;
    uplink_window_add(&window, &entry);
    free((void *)body.ptr);
    assert_true(uplink_window_is_busy(&window));
    add("1-2", "b");
    assert_int_equal(send_all(NOW_MS), 1); // it has its message, and takes no further room
    assert_int_equal(send_all(NOW_MS), 0);
}

// ---- the end of items

static void the_next_one_follows_one_that_is_gone(void **state)
{
    struct uplink_item *taken[UPLINK_TAKE_MAX];

    (void)state;
    add_many(1, 2, "a");
    assert_int_equal(uplink_window_take(&window, NOW_MS, taken), 1);
    uplink_window_drop(&window, taken[0]);
    assert_int_equal(uplink_window_take(&window, NOW_MS, taken), 1);
    assert_int_equal(taken[0]->id.seq, 2);
    assert_null(taken[0]->message);
    assert_int_equal(window.count, 1);
}

static void what_is_done_can_be_removed(void **state)
{
    struct uplink_item *item = add("1-1", "a");

    (void)state;
    send_all(NOW_MS);
    uplink_window_done(&window, item);
    assert_ptr_equal(list_entry(window.done.next, struct uplink_item, turn_node), item);
    assert_int_equal(window.messages, 0);
    assert_null(window.owners);
    uplink_window_drop(&window, item);
    assert_int_equal(window.count, 0);
    assert_true(list_empty(&window.done));
}

static void begins_at_the_head_again(void **state)
{
    (void)state;
    struct uplink_item *sent = add("2-1", "b");
    send_all(NOW_MS);
    add("3-1", "b");
    add("4-1", "c");
    uplink_window_forget(&window);
    assert_true(position_is_none(window.last_id));
    assert_int_equal(window.count, 0);
    assert_true(sent->orphan);
    assert_int_equal(window.under_way, 1);
    uplink_window_drop(&window, sent);
    assert_int_equal(window.under_way, 0);
    assert_int_equal(window.count, 0);
}

// RabbitMQ is silent, and Redis goes away time and again.
static void orphans_take_room(void **state)
{
    struct list sent;
    size_t all = 0;

    (void)state;
    list_init(&sent);
    for (unsigned flap = 0; flap < 3; flap++) {
        add_owners(1, UPLINK_MESSAGES_MAX - 100);
        all += send_all(NOW_MS);
        list_for_each (node, &window.items) {
            struct uplink_item *item = list_entry(node, struct uplink_item, node);
            if (item->state != UPLINK_SENT)
                continue;
            // It leaves the window by itself; the test keeps it to free it.
            list_unlink(&item->message->answer_node);
            list_append(&sent, &item->message->answer_node);
        }
        uplink_window_forget(&window);
    }
    assert_int_equal(all, UPLINK_MESSAGES_MAX);
    list_for_each (node, &sent) {
        struct uplink_item *item = list_entry(node, struct uplink_message, answer_node)->item;
        list_unlink(node);
        uplink_window_drop(&window, item);
    }
    assert_int_equal(window.messages, 0);
    assert_int_equal(window.message_bytes, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest further[] = {
        TEST(nothing_goes_beside_a_suspect),
        TEST(goes_again_when_it_is_due),
        TEST(a_backlog_of_one_owner_does_not_hold_up_another),
        TEST(refused_ones_make_room_for_others),
        TEST(who_waits_for_room_comes_before_new_ones),
        TEST(is_full_by_entries),
        TEST(is_busy_by_bytes),
        TEST(the_next_one_follows_one_that_is_gone),
        TEST(what_is_done_can_be_removed),
        TEST(begins_at_the_head_again),
        TEST(orphans_take_room),
    };
    struct CMUnitTest tests[ARRAY_LEN(turn_cases) + ARRAY_LEN(further)];
    size_t count = 0;

    ADD_ROWS(tests, count, turn_cases, knows_whose_turn_it_is);
    for (size_t i = 0; i < count; i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
    }
    for (size_t i = 0; i < ARRAY_LEN(further); i++)
        tests[count++] = further[i];
    return cmocka_run_group_tests_name("uplink_window", tests, NULL, NULL);
}
