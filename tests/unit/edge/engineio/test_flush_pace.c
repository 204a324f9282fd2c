#include "edge/engineio/flush_pace.h"

#include "tests/unit/unit.h"

#define MS       1000u
#define SESSIONS 100

// A room of SESSIONS members that gets an event every `every` ms; a write of one takes `write_us`.
// What is due is written at once, whatever else is written after `hold` ms, like the server does.
static const struct row {
    const char *name;
    uint32_t every_ms, write_us, hold_ms;
    double least, most; // frames of a write, once the pace knows the load
} rows[] = {
    {"an idle edge", 1000, 50, 10, 1, 1},
    {"a quarter busy", 20, 50, 10, 1, 1},
    {"not quite half busy", 9, 43, 10, 1, 1},
    {"over half busy", 8, 50, 10, 1.4, 1.7},
    {"as busy as can be", 5, 49, 10, 1.9, 2.6},
    {"busy, but the next event is too late", 15, 130, 10, 1, 1.1},
    {"more than it could write one by one", 2, 50, 10, 4, 7},
    {"far more: a hold has its end", 1, 100, 4, 4, 15},
};

struct room {
    struct flush_pace pace;
    uint64_t now_us, since_us; // the first held event came at since_us
    uint32_t frames, writes, waiting;
};

static void flush(struct room *room, const struct row *row)
{
    uint64_t begun_us = room->now_us;

    if (room->pace.waiting > 0)
        flush_pace_release(&room->pace, begun_us);
    room->now_us += (uint64_t)row->write_us * SESSIONS;
    flush_pace_measure(&room->pace, begun_us, room->now_us, SESSIONS);
    room->frames += room->waiting;
    room->writes++;
    room->waiting = 0;
}

static void arrive(struct room *room)
{
    if (room->waiting++ == 0)
        room->since_us = room->now_us;
    for (int i = 0; room->pace.holds && i < SESSIONS; i++)
        if (room->waiting == 1)
            flush_pace_wait(&room->pace);
        else if (room->pace.waiting > 0)
            flush_pace_join(&room->pace);
}

static bool is_over(const struct room *room, const struct row *row)
{
    return room->now_us - room->since_us >= (uint64_t)row->hold_ms * MS;
}

static void run(struct room *room, const struct row *row, uint64_t until_us)
{
    uint64_t event_us = room->now_us;

    while (room->now_us < until_us) {
        bool came = false;
        for (; event_us <= room->now_us; event_us += row->every_ms * (uint64_t)MS) {
            if (!came)
                arrive(room);
            else
                room->waiting++; // of the same turn: it joins nothing
            came = true;
        }
        if (room->waiting > 0 &&
            (flush_pace_is_due(&room->pace, room->now_us) || is_over(room, row)))
            flush(room, row);
        else
            room->now_us += 100;
    }
}

static void finds_the_frames_of_a_write(void **state)
{
    const struct row *row = *state;
    struct room room = {.now_us = 1000 * MS};

    run(&room, row, 4000 * MS);
    room.frames = room.writes = 0;
    run(&room, row, 14000 * MS);
    double frames = (double)room.frames / room.writes;
    if (frames < row->least || frames > row->most)
        fail_msg("%.2f frames", frames);
}

// ---- one thing at a time

static struct flush_pace busy_pace(uint64_t *now_us)
{
    struct flush_pace pace = {0};

    for (*now_us = 1000 * MS; *now_us < 3000 * MS; *now_us += 10 * MS)
        flush_pace_measure(&pace, *now_us - 8 * MS, *now_us, SESSIONS);
    assert_true(pace.holds);
    return pace;
}

static void what_is_held_is_due_once_enough_has_joined(void **state)
{
    uint64_t now_us;
    struct flush_pace pace = busy_pace(&now_us);

    (void)state;
    assert_true(flush_pace_is_due(&pace, now_us)); // nothing waits
    flush_pace_wait(&pace);
    flush_pace_wait(&pace);
    assert_false(flush_pace_is_due(&pace, now_us));
    flush_pace_join(&pace);
    assert_false(flush_pace_is_due(&pace, now_us));
    flush_pace_join(&pace);
    assert_true(flush_pace_is_due(&pace, now_us));
}

static void who_leaves_need_not_be_joined(void **state)
{
    uint64_t now_us;
    struct flush_pace pace = busy_pace(&now_us);

    (void)state;
    flush_pace_wait(&pace);
    flush_pace_wait(&pace);
    flush_pace_join(&pace);
    flush_pace_leave(&pace);
    assert_true(flush_pace_is_due(&pace, now_us));
}

static void a_pause_ends_it(void **state)
{
    uint64_t now_us;
    struct flush_pace pace = busy_pace(&now_us);

    (void)state;
    flush_pace_wait(&pace);
    assert_false(flush_pace_is_due(&pace, now_us + 100 * MS));
    assert_true(flush_pace_is_due(&pace, now_us + 1000 * MS));
}

// One long write to everybody, on an edge that has nothing else to do.
static void one_crowd_is_no_load(void **state)
{
    struct flush_pace pace = {0};

    (void)state;
    flush_pace_measure(&pace, 5000 * MS, 5400 * MS, 50000);
    assert_false(pace.holds);
}

static void a_hold_that_saves_nothing_is_not_repeated(void **state)
{
    uint64_t now_us;
    struct flush_pace pace = busy_pace(&now_us);

    (void)state;
    flush_pace_wait(&pace);
    flush_pace_release(&pace, now_us);
    for (uint64_t end_us = now_us + 900 * MS; now_us < end_us; now_us += 10 * MS) {
        flush_pace_measure(&pace, now_us, now_us + 8 * MS, SESSIONS);
        assert_false(pace.holds);
    }
    flush_pace_measure(&pace, now_us + 192 * MS, now_us + 200 * MS, SESSIONS);
    assert_true(pace.holds);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(what_is_held_is_due_once_enough_has_joined),
        cmocka_unit_test(who_leaves_need_not_be_joined),
        cmocka_unit_test(a_pause_ends_it),
        cmocka_unit_test(one_crowd_is_no_load),
        cmocka_unit_test(a_hold_that_saves_nothing_is_not_repeated),
    };
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(others)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, finds_the_frames_of_a_write);
    memcpy(tests + count, others, sizeof(others));
    return cmocka_run_group_tests_name("flush pace", tests, NULL, NULL);
}
