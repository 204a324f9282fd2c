// Deliveries that a busy server holds back: who waits, for how long, and who does not.
#include "tests/unit/fake_engine.h"
#include "tests/unit/unit.h"

#define MEMBERS   4
#define WRITE_US  2000 // on a busy server
#define HOLD_MS   10
#define OUTBOX    2000
#define WEBSOCKET "EIO=4&transport=websocket"

static struct eio_options options = {
    .ping_interval_ms = 60000,
    .ping_timeout_ms = 20000,
    .upgrade_timeout_ms = 1000,
    .max_payload = 1000,
    .max_outbox_bytes = OUTBOX,
    .flush_hold_ms = HOLD_MS,
    .clock_us = fake_read_us,
};

struct room {
    struct fake_engine *fake;
    struct eio_session *members[MEMBERS];
};

static void deliver(struct room *room, int count, const char *packet)
{
    struct frame *frame = frame_new(FRAME_TEXT, span_of(packet));

    for (int i = 0; i < count; i++)
        eio_session_deliver(room->members[i], frame);
    frame_unref(frame);
}

static void answer(struct room *room, int who, const char *packet)
{
    struct frame *frame = frame_new(FRAME_TEXT, span_of(packet));

    eio_session_send(room->members[who], frame);
    frame_unref(frame);
}

static void turn(struct room *room, uint64_t ms)
{
    fake_now_us += ms * 1000;
    fake_turn(room->fake, ms);
}

// What member `who` got since the last call.
static void assert_wrote(struct room *room, int who, const char *expected)
{
    struct buffer *wrote = &room->fake->websockets[who].wrote;

    assert_span(buffer_span(wrote), expected);
    buffer_clear(wrote);
}

static void assert_all_wrote(struct room *room, const char *expected)
{
    for (int i = 0; i < MEMBERS; i++)
        assert_wrote(room, i, expected);
}

static struct room room_of(uint32_t hold_ms)
{
    struct room room;

    fake_now_us = 1000000;
    fake_write_us = 0;
    options.flush_hold_ms = hold_ms;
    room.fake = fake_engine_new(&options);
    for (int i = 0; i < MEMBERS; i++) {
        assert_true(fake_websocket_open(room.fake, i, SPAN_LIT(WEBSOCKET)));
        room.members[i] = room.fake->session;
    }
    turn(&room, 0);
    for (int i = 0; i < MEMBERS; i++)
        buffer_clear(&room.fake->websockets[i].wrote);
    return room;
}

// Each turn writes for MEMBERS * WRITE_US and waits for 2 ms more: four fifths of the time.
static struct room busy_room_of(uint32_t hold_ms)
{
    struct room room = room_of(hold_ms);

    fake_write_us = WRITE_US;
    for (int i = 0; i < 300; i++) {
        for (int who = 0; who < MEMBERS; who++)
            answer(&room, who, "4x");
        turn(&room, 2);
    }
    for (int i = 0; i < MEMBERS; i++)
        buffer_clear(&room.fake->websockets[i].wrote);
    fake_write_us = 0;
    return room;
}

static struct room busy_room(void)
{
    struct room room = busy_room_of(HOLD_MS);

    assert_true(room.fake->server->pace.holds);
    return room;
}

static uint64_t held(const struct room *room)
{
    return metric_get(&room->fake->metrics.flushes_held);
}

static void an_idle_server_writes_at_once(void **state)
{
    struct room room = room_of(HOLD_MS);

    (void)state;
    deliver(&room, MEMBERS, "4a");
    turn(&room, 0);
    assert_all_wrote(&room, "4a|");
    deliver(&room, MEMBERS, "4b");
    turn(&room, 1);
    assert_all_wrote(&room, "4b|");
    assert_int_equal(held(&room), 0);
    fake_engine_free(room.fake);
}

static void so_does_one_that_may_not_hold(void **state)
{
    struct room room = busy_room_of(0);

    (void)state;
    deliver(&room, MEMBERS, "4a");
    turn(&room, 0);
    assert_all_wrote(&room, "4a|");
    assert_int_equal(held(&room), 0);
    fake_engine_free(room.fake);
}

static void a_busy_one_waits_for_the_next(void **state)
{
    struct room room = busy_room();

    (void)state;
    deliver(&room, MEMBERS, "4a");
    turn(&room, 0);
    assert_all_wrote(&room, "");
    assert_true(eio_server_holds(room.fake->server));
    deliver(&room, MEMBERS, "4b");
    turn(&room, 1);
    assert_all_wrote(&room, "4a+4b|");
    assert_false(eio_server_holds(room.fake->server));
    assert_int_equal(held(&room), 1);
    assert_int_equal(metric_get(&room.fake->metrics.writes_saved), MEMBERS);
    fake_engine_free(room.fake);
}

// Frames of one turn share a write anyway.
static void two_of_one_turn_are_one(void **state)
{
    struct room room = busy_room();

    (void)state;
    deliver(&room, MEMBERS, "4a");
    deliver(&room, MEMBERS, "4b");
    turn(&room, 0);
    assert_all_wrote(&room, "");
    fake_turn(room.fake, HOLD_MS);
    assert_all_wrote(&room, "4a+4b|");
    assert_int_equal(metric_get(&room.fake->metrics.writes_saved), 0);
    fake_engine_free(room.fake);
}

static void but_not_for_long(void **state)
{
    struct room room = busy_room();

    (void)state;
    deliver(&room, MEMBERS, "4a");
    turn(&room, 0);
    turn(&room, HOLD_MS - 1);
    assert_all_wrote(&room, "");
    turn(&room, 1);
    assert_all_wrote(&room, "4a|");
    fake_engine_free(room.fake);
}

static void an_answer_does_not_wait_nor_overtake(void **state)
{
    struct room room = busy_room();

    (void)state;
    deliver(&room, MEMBERS, "4a");
    answer(&room, 1, "43ack");
    turn(&room, 0);
    assert_wrote(&room, 0, "");
    assert_wrote(&room, 1, "4a+43ack|");
    answer(&room, 2, "43ack");
    turn(&room, 1);
    assert_wrote(&room, 2, "4a+43ack|");
    turn(&room, HOLD_MS);
    assert_wrote(&room, 0, "4a|");
    assert_wrote(&room, 1, "");
    assert_wrote(&room, 3, "4a|");
    fake_engine_free(room.fake);
}

static void a_delivery_follows_an_answer_in_its_write(void **state)
{
    struct room room = busy_room();

    (void)state;
    answer(&room, 0, "43ack");
    deliver(&room, MEMBERS, "4a");
    turn(&room, 0);
    assert_wrote(&room, 0, "43ack+4a|");
    assert_wrote(&room, 1, "");
    turn(&room, HOLD_MS);
    fake_engine_free(room.fake);
}

static void a_ping_is_not_held(void **state)
{
    struct room room = busy_room();

    (void)state;
    fake_turn(room.fake, options.ping_interval_ms);
    assert_all_wrote(&room, "2|");
    fake_engine_free(room.fake);
}

// An outbox that fills up is written at the end of the turn, one that is full at once.
static void a_full_outbox_is_not_held(void **state)
{
    char packet[401];
    struct room room = busy_room();

    (void)state;
    memset(packet, '4', sizeof(packet) - 1);
    packet[sizeof(packet) - 1] = '\0';
    deliver(&room, 1, packet);
    turn(&room, 0);
    assert_int_equal(room.fake->websockets[0].wrote.len, sizeof(packet));
    for (int i = 0; i < 20; i++)
        deliver(&room, 1, packet);
    assert_true(room.fake->websockets[0].wrote.len > 15 * sizeof(packet));
    turn(&room, 0);
    assert_true(eio_session_is_open(room.members[0]));
    fake_engine_free(room.fake);
}

static void a_session_that_ends_is_written_first(void **state)
{
    struct room room = busy_room();

    (void)state;
    deliver(&room, MEMBERS, "4a");
    eio_session_close(room.members[0], EIO_FORCED_CLOSE);
    turn(&room, 0);
    assert_wrote(&room, 0, "4a|");
    assert_true(room.fake->websockets[0].closed);
    assert_wrote(&room, 1, "");
    fake_websocket_gone(room.fake, 1);
    turn(&room, 0);
    assert_int_equal(room.fake->server->pace.waiting, 2);
    turn(&room, HOLD_MS);
    assert_wrote(&room, 2, "4a|");
    fake_engine_free(room.fake);
}

static void so_are_all_at_the_shutdown(void **state)
{
    struct room room = busy_room();

    (void)state;
    deliver(&room, MEMBERS, "4a");
    turn(&room, 0);
    eio_server_close_some(room.fake->server, MEMBERS, EIO_SHUTTING_DOWN);
    turn(&room, 0);
    assert_all_wrote(&room, "4a|");
    assert_false(eio_server_holds(room.fake->server));
    fake_engine_free(room.fake);
}

static void after_a_pause_nothing_is_held(void **state)
{
    struct room room = busy_room();

    (void)state;
    turn(&room, 3000);
    deliver(&room, MEMBERS, "4a");
    turn(&room, 0);
    assert_all_wrote(&room, "4a|");
    assert_int_equal(held(&room), 0);
    fake_engine_free(room.fake);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_server_writes_at_once),
        cmocka_unit_test(so_does_one_that_may_not_hold),
        cmocka_unit_test(a_busy_one_waits_for_the_next),
        cmocka_unit_test(two_of_one_turn_are_one),
        cmocka_unit_test(but_not_for_long),
        cmocka_unit_test(an_answer_does_not_wait_nor_overtake),
        cmocka_unit_test(a_delivery_follows_an_answer_in_its_write),
        cmocka_unit_test(a_ping_is_not_held),
        cmocka_unit_test(a_full_outbox_is_not_held),
        cmocka_unit_test(a_session_that_ends_is_written_first),
        cmocka_unit_test(so_are_all_at_the_shutdown),
        cmocka_unit_test(after_a_pause_nothing_is_held),
    };

    return cmocka_run_group_tests_name("held deliveries", tests, NULL, NULL);
}
