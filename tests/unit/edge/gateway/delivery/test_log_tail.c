#include "edge/gateway/delivery/log_tail.h"

#include <stdio.h>

#include "common/buffer.h"
#include "edge/gateway/delivery/replay.h"
#include "tests/unit/unit.h"

#define MUCH ((size_t)1 << 20)

static struct log_tail *tail;
static struct log_tail_metrics metrics;
static struct buffer seen;

static struct position at(uint64_t seq)
{
    return (struct position){1, seq};
}

static void make(unsigned shards, size_t max_bytes)
{
    memset(&metrics, 0, sizeof(metrics));
    tail = log_tail_new(shards, max_bytes, &metrics);
}

static int tear_down(void **state)
{
    (void)state;
    log_tail_free(tail);
    buffer_fini(&seen);
    return 0;
}

static void add_to(unsigned shard, struct position position, struct position prev, const char *room,
                   const struct span *more_rooms, size_t more_count)
{
    struct buffer args = {0};

    buffer_printf(&args, "{\"n\":%d}", (int)position.seq);
    const struct envelope envelope = {
        .position = position,
        .prev = prev,
        .room = span_of(room),
        .event = SPAN_LIT("said"),
        .args = buffer_span(&args),
        .created_at_ms = 1000 * position.seq,
        .more_rooms = more_rooms,
        .more_count = more_count,
    };
    log_tail_append(tail, shard, &envelope, position);
    buffer_fini(&args);
}

static void add(unsigned shard, struct position position, struct position prev, const char *room)
{
    add_to(shard, position, prev, room, NULL, 0);
}

// The arguments of what the room has behind `start`, newest first.
static const char *walk_above(const char *room, const struct cut *start, uint32_t gathering)
{
    struct tail_walk walk = log_tail_walk(tail, span_of(room), start, gathering);
    struct tail_entry entry;

    buffer_clear(&seen);
    buffer_append(&seen, SPAN_LIT(""));
    while (log_tail_next(&walk, &entry)) {
        assert_span(entry.event, "said");
        buffer_printf(&seen, SPAN_FMT " ", SPAN_ARG(entry.args));
    }
    return seen.ptr ? seen.ptr : "";
}

static const char *walk(const char *room, struct position start)
{
    const struct cut cut = {1, {start}};

    return walk_above(room, &cut, 0);
}

static void knows_its_entries_and_what_is_before_them(void **state)
{
    (void)state;
    make(1, MUCH);
    assert_true(log_tail_knows(tail, 0, (struct position){0, 0}));
    add(0, at(1), (struct position){0, 0}, "a");
    add(0, at(5), at(1), "b");
    assert_true(log_tail_knows(tail, 0, (struct position){0, 0}));
    assert_true(log_tail_knows(tail, 0, at(1)));
    assert_true(log_tail_knows(tail, 0, at(5)));
    assert_false(log_tail_knows(tail, 0, at(3)));
    assert_false(log_tail_knows(tail, 0, at(6)));
    assert_int_equal(metric_get(&metrics.breaks), 0);
}

static void a_room_has_its_own_chain(void **state)
{
    (void)state;
    make(1, MUCH);
    add(0, at(1), (struct position){0, 0}, "a");
    add(0, at(2), at(1), "b");
    add(0, at(3), at(2), "a");
    assert_string_equal(walk("a", (struct position){0, 0}), "{\"n\":3} {\"n\":1} ");
    assert_string_equal(walk("a", at(1)), "{\"n\":3} ");
    assert_string_equal(walk("a", at(3)), "");
    assert_string_equal(walk("c", (struct position){0, 0}), "");
}

static void an_entry_of_several_rooms_is_in_each_chain(void **state)
{
    const struct span more[] = {SPAN_INIT("b"), SPAN_INIT("c")};
    const struct cut start = {1, {{0, 0}}};

    (void)state;
    make(1, MUCH);
    add(0, at(1), (struct position){0, 0}, "b");
    add_to(0, at(2), at(1), "a", more, 2);
    add(0, at(3), at(2), "c");
    assert_string_equal(walk("a", (struct position){0, 0}), "{\"n\":2} ");
    assert_string_equal(walk("b", (struct position){0, 0}), "{\"n\":2} {\"n\":1} ");
    assert_string_equal(walk("c", (struct position){0, 0}), "{\"n\":3} {\"n\":2} ");
    assert_string_equal(walk("c", at(2)), "{\"n\":3} ");

    uint32_t gathering = log_tail_gather(tail);
    assert_string_equal(walk_above("a", &start, gathering), "{\"n\":2} ");
    assert_string_equal(walk_above("b", &start, gathering), "{\"n\":1} ");
    assert_string_equal(walk_above("b", &start, log_tail_gather(tail)), "{\"n\":2} {\"n\":1} ");
}

// Room b is of shard 1 and gets what begins with room a, of shard 0.
static void a_chain_has_entries_of_several_shards(void **state)
{
    const struct span more[] = {SPAN_INIT("b")};

    (void)state;
    make(2, MUCH);
    add(1, at(1), (struct position){0, 0}, "b");
    add(1, at(4), at(1), "b");
    add_to(0, at(2), (struct position){0, 0}, "a", more, 1); // shard 0 came later to this edge
    add_to(0, at(3), at(2), "a", more, 1);
    add(1, at(5), at(4), "b");
    assert_string_equal(walk_above("b", &(struct cut){2, {at(2), at(4)}}, 0),
                        "{\"n\":5} {\"n\":3} ");
    assert_string_equal(walk_above("b", &(struct cut){2, {at(3), at(1)}}, 0),
                        "{\"n\":5} {\"n\":4} ");
    assert_string_equal(walk_above("b", &(struct cut){2, {at(3), at(5)}}, 0), "");
    assert_string_equal(walk_above("b", &(struct cut){2, {{0, 0}, {0, 0}}}, 0),
                        "{\"n\":5} {\"n\":3} {\"n\":2} {\"n\":4} {\"n\":1} ");
}

static void an_action_is_in_the_chain_of_its_user_alone(void **state)
{
    const struct cut start = {1, {{0, 0}}};
    const struct span more[] = {SPAN_INIT("c")};
    const struct envelope action = {.room = SPAN_LIT("user:1"),
                                    .leaves = SPAN_LIT("c"),
                                    .more_rooms = more,
                                    .more_count = 1,
                                    .event = SPAN_LIT("said"),
                                    .args = SPAN_LIT("{\"n\":1}")};
    struct tail_entry entry;

    (void)state;
    make(1, MUCH);
    log_tail_append(tail, 0, &action, at(1));
    add(0, at(2), at(1), "user:1");
    assert_string_equal(walk("user:1", (struct position){0, 0}), "{\"n\":2} ");
    assert_string_equal(walk("c", (struct position){0, 0}), "{\"n\":1} ");
    struct tail_walk actions = log_tail_walk_actions(tail, SPAN_LIT("user:1"), &start);
    assert_true(log_tail_next(&actions, &entry));
    assert_span(entry.leaves, "c");
    assert_int_equal(entry.enters.len, 0);
    assert_false(entry.disconnects);
    assert_int_equal(entry.position.seq, 1);
    assert_false(log_tail_next(&actions, &entry));
    const struct envelope join = {
        .room = SPAN_LIT("user:1"), .prev = at(2), .enters = SPAN_LIT("d"), .created_at_ms = 7};
    log_tail_append(tail, 0, &join, at(3));
    actions = log_tail_walk_actions(tail, SPAN_LIT("user:1"), &start);
    assert_true(log_tail_next(&actions, &entry));
    assert_span(entry.enters, "d");
    assert_int_equal(entry.leaves.len, 0);
    assert_int_equal(entry.created_at_ms, 7);
    log_tail_align(tail, 0, at(9));
    log_tail_observe(tail);
    assert_int_equal(metric_get(&metrics.bytes), 0);
}

// Each room's link counts, and all of it is given back with the entry.
static void rooms_of_an_entry_cost_memory(void **state)
{
    struct span more[ENVELOPE_ROOMS_MAX - 1];
    char names[ENVELOPE_ROOMS_MAX - 1][8];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "r%zu", i);
        more[i] = span_of(names[i]);
    }
    make(1, MUCH);
    add_to(0, at(1), (struct position){0, 0}, "a", more, ARRAY_LEN(more));
    log_tail_observe(tail);
    assert_true(metric_get(&metrics.bytes) > 100 * ENVELOPE_ROOMS_MAX);
    assert_string_equal(walk("r998", (struct position){0, 0}), "{\"n\":1} ");
    log_tail_align(tail, 0, at(9));
    log_tail_observe(tail);
    assert_int_equal(metric_get(&metrics.bytes), 0);
    assert_string_equal(walk("r998", (struct position){0, 0}), "");
}

static void a_log_that_was_trimmed_begins_behind(void **state)
{
    (void)state;
    make(1, MUCH);
    add(0, at(7), at(6), "a");
    assert_true(log_tail_knows(tail, 0, at(6)));
    assert_false(log_tail_knows(tail, 0, (struct position){0, 0}));
    assert_int_equal(metric_get(&metrics.breaks), 0);
}

static void a_break_in_the_chain_drops_all_before(void **state)
{
    (void)state;
    make(1, MUCH);
    add(0, at(1), (struct position){0, 0}, "a");
    add(0, at(9), at(8), "a");
    assert_false(log_tail_knows(tail, 0, at(1)));
    assert_true(log_tail_knows(tail, 0, at(8)));
    assert_string_equal(walk("a", (struct position){0, 0}), "{\"n\":9} ");
    assert_int_equal(metric_get(&metrics.breaks), 1);
}

static void an_edge_that_went_elsewhere_knows_only_that(void **state)
{
    (void)state;
    make(1, MUCH);
    add(0, at(1), (struct position){0, 0}, "a");
    log_tail_align(tail, 0, at(1));
    assert_true(log_tail_knows(tail, 0, (struct position){0, 0}));
    log_tail_align(tail, 0, at(4));
    assert_false(log_tail_knows(tail, 0, at(1)));
    assert_true(log_tail_knows(tail, 0, at(4)));
    assert_string_equal(walk("a", (struct position){0, 0}), "");
}

static void the_oldest_of_all_shards_go_first(void **state)
{
    (void)state;
    make(2, 2000);
    add(0, at(1), (struct position){0, 0}, "a");
    for (uint64_t n = 2; n < 40; n++)
        add(1, at(n), n == 2 ? (struct position){0, 0} : at(n - 1), n % 2 ? "odd" : "even");
    log_tail_observe(tail);
    assert_true(metric_get(&metrics.bytes) <= 2000);
    assert_true(metric_get(&metrics.entries) < 20);
    assert_true(log_tail_knows(tail, 0, at(1))); // it is all that this shard has
    assert_false(log_tail_knows(tail, 0, (struct position){0, 0}));
    assert_false(log_tail_knows(tail, 1, at(2)));
    assert_true(log_tail_knows(tail, 1, at(39)));
    assert_true(metric_get(&metrics.reach_at_ms) >= 2000);
}

static void one_that_is_too_large_leaves_nothing(void **state)
{
    (void)state;
    make(1, 10);
    add(0, at(1), (struct position){0, 0}, "a");
    assert_string_equal(walk("a", (struct position){0, 0}), "");
    assert_true(log_tail_knows(tail, 0, at(1)));
    log_tail_observe(tail);
    assert_int_equal(metric_get(&metrics.bytes), 0);
}

static void a_moment_has_its_cut(void **state)
{
    struct cut cut;

    (void)state;
    make(2, MUCH);
    uint64_t before = log_tail_moment(tail);
    add(0, at(1), (struct position){0, 0}, "a");
    uint64_t first = log_tail_moment(tail);
    add(1, at(2), (struct position){0, 0}, "b");
    add(0, at(3), at(1), "a");
    assert_true(before > 0);
    assert_true(log_tail_cut(tail, before, &cut));
    assert_int_equal(cut.at[0].seq, 0);
    assert_true(log_tail_cut(tail, first, &cut));
    assert_int_equal(cut.at[0].seq, 1);
    assert_int_equal(cut.at[1].seq, 0);
    assert_true(log_tail_cut(tail, log_tail_moment(tail), &cut));
    assert_int_equal(cut.at[0].seq, 3);
    assert_int_equal(cut.at[1].seq, 2);
    log_tail_align(tail, 0, at(9));
    assert_false(log_tail_cut(tail, first, &cut));
}

static void replays_in_order_with_the_offset_behind_each(void **state)
{
    const struct cut start = {2, {at(1), {0, 0}}};
    const struct replay_room rooms[] = {{SPAN_LIT("a"), start, {0, 0}},
                                        {SPAN_LIT("b"), start, {0, 0}}};
    struct replay replay;

    (void)state;
    make(2, MUCH);
    add(0, at(1), (struct position){0, 0}, "a");
    add(1, at(2), (struct position){0, 0}, "b");
    add(0, at(4), at(1), "a");
    add(1, at(3), at(2), "b");
    add(1, at(5), at(3), "c");
    assert_true(replay_make(tail, SPAN_LIT("/"), rooms, 2, &start,
                            &(struct replay_limits){10, MUCH}, &replay));
    assert_int_equal(replay.count, 3);
    assert_span(frame_packet(replay.frames[0]), "42[\"said\",{\"n\":2},\"00000012.10\"]");
    assert_span(frame_packet(replay.frames[1]), "42[\"said\",{\"n\":3},\"00000013.20\"]");
    assert_span(frame_packet(replay.frames[2]), "42[\"said\",{\"n\":4},\"00000014.01\"]");
    replay_fini(&replay);
    assert_false(replay_make(tail, SPAN_LIT("/"), rooms, 2, &start,
                             &(struct replay_limits){2, MUCH}, &replay));
    assert_false(replay_make(tail, SPAN_LIT("/"), rooms, 2, &start, &(struct replay_limits){10, 60},
                             &replay));
}

static void replays_an_event_of_several_rooms_once(void **state)
{
    const struct cut start = {2, {{0, 0}, {0, 0}}}, joined = {2, {at(2), at(1)}};
    const struct replay_room rooms[] = {{SPAN_LIT("a"), start, {0, 0}},
                                        {SPAN_LIT("b"), joined, {0, 0}},
                                        {SPAN_LIT("c"), start, {0, 0}}};
    const struct span more[] = {SPAN_INIT("b"), SPAN_INIT("c")}, b[] = {SPAN_INIT("b")};
    struct replay replay;

    (void)state;
    make(2, MUCH);
    add(1, at(1), (struct position){0, 0}, "b");
    add_to(0, at(2), (struct position){0, 0}, "x", b, 1); // from before b was joined
    add_to(0, at(3), at(2), "x", b, 1);
    add_to(0, at(4), at(3), "a", more, 2);
    assert_true(replay_make(tail, SPAN_LIT("/"), rooms, 3, &start, &(struct replay_limits){2, MUCH},
                            &replay));
    assert_int_equal(replay.count, 2);
    assert_span(frame_packet(replay.frames[0]), "42[\"said\",{\"n\":3},\"00000013.02\"]");
    assert_span(frame_packet(replay.frames[1]), "42[\"said\",{\"n\":4},\"00000014.03\"]");
    replay_fini(&replay);
}

// The room has one event that the client gets, and many later ones that it does not.
static void looks_at_a_limited_number_of_entries(void **state)
{
    const struct cut start = {1, {{0, 0}}};
    const struct replay_room room = {SPAN_LIT("a"), start, at(1)};
    const struct replay_limits limits = {10, MUCH};
    struct replay replay;

    (void)state;
    make(1, MUCH);
    for (uint64_t n = 1; n <= replay_max_visits(&limits); n++)
        add(0, at(n), n == 1 ? (struct position){0, 0} : at(n - 1), "a");
    assert_true(replay_make(tail, SPAN_LIT("/"), &room, 1, &start, &limits, &replay));
    assert_int_equal(replay.count, 1);
    replay_fini(&replay);
    add(0, at(replay_max_visits(&limits) + 1), at(replay_max_visits(&limits)), "a");
    assert_false(replay_make(tail, SPAN_LIT("/"), &room, 1, &start, &limits, &replay));
}

// Those left out are visits too, and walks may share them.
static void a_walk_ends_when_no_visits_are_left(void **state)
{
    const struct cut start = {1, {{0, 0}}};
    struct tail_walk walk;
    struct tail_entry entry;
    size_t visits_left = 3;

    (void)state;
    make(1, MUCH);
    for (uint64_t n = 1; n <= 3; n++)
        add(0, at(n), n == 1 ? (struct position){0, 0} : at(n - 1), "a");
    walk = log_tail_walk(tail, SPAN_LIT("a"), &start, 0);
    walk.end = at(2);
    walk.visits_left = &visits_left;
    assert_true(log_tail_next(&walk, &entry));
    assert_int_equal(visits_left, 1);
    assert_true(log_tail_next(&walk, &entry));
    assert_false(log_tail_next(&walk, &entry));
    assert_false(walk.stopped); // it has seen all
    walk = log_tail_walk(tail, SPAN_LIT("a"), &start, 0);
    walk.visits_left = &visits_left;
    assert_false(log_tail_next(&walk, &entry));
    assert_true(walk.stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(knows_its_entries_and_what_is_before_them, tear_down),
        cmocka_unit_test_teardown(a_room_has_its_own_chain, tear_down),
        cmocka_unit_test_teardown(an_entry_of_several_rooms_is_in_each_chain, tear_down),
        cmocka_unit_test_teardown(a_chain_has_entries_of_several_shards, tear_down),
        cmocka_unit_test_teardown(an_action_is_in_the_chain_of_its_user_alone, tear_down),
        cmocka_unit_test_teardown(rooms_of_an_entry_cost_memory, tear_down),
        cmocka_unit_test_teardown(a_log_that_was_trimmed_begins_behind, tear_down),
        cmocka_unit_test_teardown(a_break_in_the_chain_drops_all_before, tear_down),
        cmocka_unit_test_teardown(an_edge_that_went_elsewhere_knows_only_that, tear_down),
        cmocka_unit_test_teardown(the_oldest_of_all_shards_go_first, tear_down),
        cmocka_unit_test_teardown(one_that_is_too_large_leaves_nothing, tear_down),
        cmocka_unit_test_teardown(a_moment_has_its_cut, tear_down),
        cmocka_unit_test_teardown(replays_in_order_with_the_offset_behind_each, tear_down),
        cmocka_unit_test_teardown(replays_an_event_of_several_rooms_once, tear_down),
        cmocka_unit_test_teardown(looks_at_a_limited_number_of_entries, tear_down),
        cmocka_unit_test_teardown(a_walk_ends_when_no_visits_are_left, tear_down),
    };
    return cmocka_run_group_tests_name("log_tail", tests, NULL, NULL);
}
