#include "edge/gateway/delivery/log_tail.h"

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

static void add(unsigned shard, struct position position, struct position prev, const char *room)
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
    };
    log_tail_append(tail, shard, &envelope, position);
    buffer_fini(&args);
}

// The arguments of what the room has behind `start`, newest first.
static const char *walk(const char *room, struct position start)
{
    struct tail_walk walk = log_tail_walk(tail, span_of(room));
    struct tail_entry entry;

    buffer_clear(&seen);
    buffer_append(&seen, SPAN_LIT(""));
    while (log_tail_next(&walk, start, &entry)) {
        assert_span(entry.event, "said");
        buffer_printf(&seen, SPAN_FMT " ", SPAN_ARG(entry.args));
    }
    return seen.ptr ? seen.ptr : "";
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
    const struct replay_room rooms[] = {{SPAN_LIT("a"), 0, at(1)}, {SPAN_LIT("b"), 1, {0, 0}}};
    const struct cut start = {2, {at(1), {0, 0}}};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(knows_its_entries_and_what_is_before_them, tear_down),
        cmocka_unit_test_teardown(a_room_has_its_own_chain, tear_down),
        cmocka_unit_test_teardown(a_log_that_was_trimmed_begins_behind, tear_down),
        cmocka_unit_test_teardown(a_break_in_the_chain_drops_all_before, tear_down),
        cmocka_unit_test_teardown(an_edge_that_went_elsewhere_knows_only_that, tear_down),
        cmocka_unit_test_teardown(the_oldest_of_all_shards_go_first, tear_down),
        cmocka_unit_test_teardown(one_that_is_too_large_leaves_nothing, tear_down),
        cmocka_unit_test_teardown(a_moment_has_its_cut, tear_down),
        cmocka_unit_test_teardown(replays_in_order_with_the_offset_behind_each, tear_down),
    };
    return cmocka_run_group_tests_name("log_tail", tests, NULL, NULL);
}
