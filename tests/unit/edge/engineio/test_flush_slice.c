// What one turn writes at most, and what it writes nevertheless.
#include "edge/engineio/flush_slice.h"

#include <stdlib.h>

#include "common/mem.h"
#include "tests/unit/fake_engine.h"
#include "tests/unit/unit.h"

#define FRAME_LEN ((size_t)128 * 1024)
#define FRAMES    (FLUSH_BYTES_MAX / FRAME_LEN) // fill a turn

static const struct eio_options options = {
    .ping_interval_ms = 60000,
    .ping_timeout_ms = 20000,
    .upgrade_timeout_ms = 1000,
    .max_payload = 1000,
    .max_outbox_bytes = 4 * FLUSH_BYTES_MAX,
};

struct two {
    struct fake_engine *fake;
    struct eio_session *sessions[2];
};

static struct two open_two(void)
{
    struct two two = {.fake = fake_engine_new(&options)};

    for (int i = 0; i < 2; i++) {
        assert_true(fake_websocket_open(two.fake, i, SPAN_LIT("EIO=4&transport=websocket")));
        two.sessions[i] = two.fake->session;
    }
    fake_turn(two.fake, 0);
    for (int i = 0; i < 2; i++)
        buffer_clear(&two.fake->websockets[i].wrote);
    return two;
}

static void say(struct eio_session *session, struct span packet)
{
    struct frame *frame = frame_new(FRAME_TEXT, packet);

    eio_session_send(session, frame);
    frame_unref(frame);
}

// More than a turn writes, and a last word.
static void say_much(struct eio_session *session)
{
    char *much = mem_zalloc(FRAME_LEN);

    for (size_t i = 0; i < FRAMES + 2; i++)
        say(session, (struct span){much, FRAME_LEN});
    free(much);
    say(session, SPAN_LIT("4bye"));
}

static bool has_bye(const struct two *two, int who)
{
    struct span wrote = buffer_span(&two->fake->websockets[who].wrote);

    return wrote.len >= 5 && memcmp(wrote.ptr + wrote.len - 5, "4bye|", 5) == 0;
}

static void what_is_over_waits_for_the_next_turn(void **state)
{
    struct two two = open_two();

    (void)state;
    say_much(two.sessions[0]);
    fake_turn(two.fake, 0);
    assert_true(two.fake->websockets[0].wrote.len >= FLUSH_BYTES_MAX);
    assert_false(has_bye(&two, 0));
    fake_turn(two.fake, 0);
    assert_true(has_bye(&two, 0));
    fake_engine_free(two.fake);
}

static void one_that_ends_has_no_next_turn(void **state)
{
    struct two two = open_two();

    (void)state;
    say_much(two.sessions[0]);
    eio_session_close(two.sessions[0], EIO_FORCED_CLOSE);
    fake_turn(two.fake, 0);
    assert_true(has_bye(&two, 0));
    assert_true(two.fake->websockets[0].closed);
    fake_engine_free(two.fake);
}

static void but_the_one_behind_it_has(void **state)
{
    struct two two = open_two();

    (void)state;
    for (int i = 0; i < 2; i++) {
        say_much(two.sessions[i]);
        eio_session_close(two.sessions[i], EIO_FORCED_CLOSE);
    }
    fake_turn(two.fake, 0);
    assert_int_equal(two.fake->websockets[1].wrote.len, 0);
    assert_false(two.fake->websockets[1].closed);
    fake_turn(two.fake, 0);
    assert_true(has_bye(&two, 1));
    assert_true(two.fake->websockets[1].closed);
    fake_engine_free(two.fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_over_waits_for_the_next_turn),
        cmocka_unit_test(one_that_ends_has_no_next_turn),
        cmocka_unit_test(but_the_one_behind_it_has),
    };

    return cmocka_run_group_tests_name("flush_slice", tests, NULL, NULL);
}
