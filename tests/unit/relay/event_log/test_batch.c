#include "relay/event_log/batch.h"

#include "tests/unit/unit.h"

#define EPOCH     UINT64_C(1731837600000)
#define MAX_BYTES 200

static struct batch batch;
static struct sequence sequence;
static struct envelope_decoder *decoder;

static int set_up(void **state)
{
    (void)state;
    batch_init(&batch, 4, MAX_BYTES);
    sequence = (struct sequence){.epoch = EPOCH, .shards = 2};
    decoder = envelope_decoder_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    batch_fini(&batch);
    envelope_decoder_free(decoder);
    return 0;
}

static void add(uint64_t tag, const char *room)
{
    struct envelope envelope = {
        .room = span_of(room), .event = SPAN_LIT("e"), .args = SPAN_LIT("{}"), .created_at_ms = 7};

    batch_add(&batch, &sequence, tag, &envelope);
}

static const struct envelope *decoded(size_t i)
{
    const struct envelope *envelope =
        envelope_decode(decoder, batch_envelope(&batch, &batch.entries[i]));

    assert_non_null(envelope);
    return envelope;
}

static void assert_position(struct position actual, uint64_t epoch, uint64_t seq)
{
    assert_true(actual.epoch == epoch);
    assert_true(actual.seq == seq);
}

// The name of a room that belongs to a shard.
static const char *room_of(unsigned shard)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    size_t i = 0;

    while (shard_of_room(span_of(names[i]), 2) != shard)
        i++;
    return names[i];
}

static void counts_over_all_shards(void **state)
{
    (void)state;
    sequence.last[0] = (struct position){EPOCH - 5, 7};
    add(10, room_of(0));
    add(11, room_of(1));
    add(12, room_of(0));

    assert_position(decoded(0)->position, EPOCH, 1);
    assert_position(decoded(0)->prev, EPOCH - 5, 7);
    assert_position(decoded(1)->position, EPOCH, 2);
    assert_position(decoded(1)->prev, 0, 0);
    assert_position(decoded(2)->position, EPOCH, 3);
    assert_position(decoded(2)->prev, EPOCH, 1);
    assert_int_equal(batch.entries[1].shard, 1);
    assert_int_equal(batch.entries[2].tag, 12);
    assert_position(sequence.last[0], EPOCH, 3);
    assert_position(sequence.last[1], EPOCH, 2);
}

static void is_full_by_count(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        assert_false(batch_full(&batch));
        batch_add_known(&batch, i);
    }
    assert_true(batch_full(&batch));
    batch_clear(&batch);
    assert_false(batch_full(&batch));
}

static void is_full_by_bytes(void **state)
{
    static char room[MAX_BYTES + 1];

    (void)state;
    memset(room, 'r', MAX_BYTES);
    assert_false(batch_full(&batch));
    add(1, room); // one alone may be larger
    assert_true(batch_full(&batch));
}

static void knows_what_is_logged(void **state)
{
    (void)state;
    assert_true(batch_logged(&batch)); // there is nothing to do
    add(1, room_of(0));
    add(2, room_of(1));
    add(3, room_of(0));
    assert_false(batch_logged(&batch));

    batch_mark_logged(&batch, 0, (struct position){EPOCH, 2});
    assert_true(batch.entries[0].logged);
    assert_false(batch.entries[1].logged); // of another shard
    assert_false(batch.entries[2].logged); // above the top

    batch_mark_logged(&batch, 1, (struct position){EPOCH - 1, 99}); // a top of an older epoch
    assert_false(batch.entries[1].logged);
    batch_mark_logged(&batch, 1, (struct position){EPOCH, 2});
    batch_mark_logged(&batch, 0, (struct position){EPOCH, 3});
    assert_true(batch_logged(&batch));
}

static void known_events_need_no_place(void **state)
{
    (void)state;
    batch_add_known(&batch, 1);
    assert_true(batch_logged(&batch));
    add(2, "a");
    assert_int_equal(batch.entries[1].taken_ms, 7);
    assert_false(batch_logged(&batch));
    assert_int_equal(batch_event_count(&batch), 1);
    assert_position(batch.entries[1].position, EPOCH, 1);
}

static void counts_what_is_logged_at_the_front(void **state)
{
    (void)state;
    batch_add_known(&batch, 1);
    add(2, room_of(0));
    add(3, room_of(1));
    add(4, room_of(0));
    assert_int_equal(batch_logged_count(&batch, UINT64_MAX), 1);
    batch_mark_logged(&batch, 0, (struct position){EPOCH, 9});
    assert_int_equal(batch_logged_count(&batch, UINT64_MAX), 2); // what is behind a gap is not
    assert_int_equal(batch_unlogged_count(&batch), 1);
    batch_mark_logged(&batch, 1, (struct position){EPOCH, 9});
    assert_int_equal(batch_logged_count(&batch, UINT64_MAX), 4);
    assert_int_equal(batch_logged_count(&batch, 3), 2); // tags 1 and 2
}

static void waits_for_replicas(void **state)
{
    (void)state;
    batch.wants_replicas = true;
    add(1, "a");
    batch_add_known(&batch, 2);
    add(3, "a");
    batch_mark_logged(&batch, 0, (struct position){EPOCH, 9});
    batch_mark_logged(&batch, 1, (struct position){EPOCH, 9});
    assert_false(batch_logged(&batch));
    assert_int_equal(batch_logged_count(&batch, UINT64_MAX), 0);
    batch_confirm(&batch, 2, 3); // the ones before may be missing
    assert_int_equal(batch_logged_count(&batch, UINT64_MAX), 0);
    batch_confirm(&batch, 0, 2);
    assert_int_equal(batch_logged_count(&batch, UINT64_MAX), 2);
    batch_drop(&batch, 1);
    assert_int_equal(batch_logged_count(&batch, UINT64_MAX), 1);
    batch_unmark_logged(&batch); // what replicas have stays
    assert_true(batch.entries[0].logged);
    assert_false(batch.entries[1].logged);
    batch_mark_logged(&batch, 0, (struct position){EPOCH, 9});
    batch_mark_logged(&batch, 1, (struct position){EPOCH, 9});
    batch_confirm(&batch, 1, 3);
    assert_true(batch_logged(&batch));
}

// Entries leave at the front while others come: what is left is unchanged, and the bytes do not
// grow.
static void drops_at_the_front(void **state)
{
    size_t most = 0;

    (void)state;
    add(1, "b");
    add(2, "a");
    for (uint64_t tag = 3; tag < 200; tag++) {
        batch.sent = 2;
        if (tag % 5 == 0)
            batch_add_known(&batch, tag);
        else
            add(tag, tag % 2 == 0 ? "a" : "b");
        batch_drop(&batch, 1);
        assert_int_equal(batch.count, 2);
        assert_int_equal(batch.sent, 1);
        assert_int_equal(batch.entries[1].tag, tag);
        for (size_t i = 0; i < batch.count; i++)
            if (batch.entries[i].tag % 5 != 0)
                assert_span(decoded(i)->room, batch.entries[i].tag % 2 == 0 ? "a" : "b");
        most = batch.bytes.len > most ? batch.bytes.len : most;
    }
    assert_true(most < MAX_BYTES);
    batch_drop(&batch, 2);
    assert_int_equal(batch.bytes.len, 0);
}

static void clears(void **state)
{
    (void)state;
    add(1, "a");
    batch.in_doubt = true;
    batch_clear(&batch);
    assert_int_equal(batch.count, 0);
    assert_int_equal(batch.bytes.len, 0);
    assert_false(batch.in_doubt);
    add(2, "a");
    assert_position(batch.entries[0].position, EPOCH, 2); // positions are never used again
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_over_all_shards, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_full_by_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_full_by_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(knows_what_is_logged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(known_events_need_no_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_what_is_logged_at_the_front, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_for_replicas, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drops_at_the_front, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clears, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
