#include "edge/socketio/rooms.h"

#include "common/buffer.h"
#include "tests/unit/unit.h"

#define LOBBY SPAN_LIT("lobby")
#define LIMIT 3

struct person {
    struct room_member member;
    char initial;
};

static struct rooms *rooms;
static struct person ann, bob;
static struct buffer seen;

static int set_up(void **state)
{
    (void)state;
    rooms = rooms_new(LIMIT, 0);
    room_member_init(&ann.member);
    room_member_init(&bob.member);
    ann.initial = 'a';
    bob.initial = 'b';
    buffer_clear(&seen);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rooms_leave_all(rooms, &ann.member);
    rooms_leave_all(rooms, &bob.member);
    rooms_free(rooms); // asserts that no room outlived its members
    buffer_fini(&seen);
    return 0;
}

static enum rooms_join join(struct person *person, const char *room)
{
    return rooms_join(rooms, &person->member, span_of(room));
}

static void note_member(struct room_member *member, void *arg)
{
    (void)arg;
    buffer_append_char(&seen, container_of(member, struct person, member)->initial);
}

static void note_room(struct span room, void *arg)
{
    (void)arg;
    buffer_append(&seen, room);
    buffer_append_char(&seen, ' ');
}

static void leave_all(struct room_member *member, void *arg)
{
    note_member(member, arg);
    rooms_leave_all(rooms, member);
}

// What a visitor does that tells the rest of the room about the one who leaves.
static void leave_and_tell(struct room_member *member, void *arg)
{
    leave_all(member, arg);
    rooms_each_member(rooms, LOBBY, note_member, NULL);
    buffer_append_char(&seen, '.');
}

static void room_lives_while_it_has_members(void **state)
{
    (void)state;
    assert_int_equal(join(&ann, "lobby"), ROOMS_JOINED);
    assert_int_equal(join(&bob, "lobby"), ROOMS_JOINED);
    assert_int_equal(rooms_count(rooms), 1);
    assert_int_equal(rooms_size(rooms, LOBBY), 2);
    assert_true(rooms_leave(rooms, &ann.member, LOBBY));
    assert_int_equal(rooms_count(rooms), 1);
    assert_int_equal(rooms_size(rooms, LOBBY), 1);
    assert_true(rooms_leave(rooms, &bob.member, LOBBY));
    assert_int_equal(rooms_count(rooms), 0);
    assert_int_equal(rooms_size(rooms, LOBBY), 0);
}

static void joining_twice_is_one_membership(void **state)
{
    (void)state;
    assert_int_equal(join(&ann, "lobby"), ROOMS_JOINED);
    assert_int_equal(join(&ann, "lobby"), ROOMS_ALREADY_IN);
    assert_int_equal(ann.member.room_count, 1);
    rooms_each_member(rooms, LOBBY, note_member, NULL);
    assert_span(buffer_span(&seen), "a");
}

static void leaving_what_one_is_not_in_is_false(void **state)
{
    (void)state;
    assert_false(rooms_leave(rooms, &ann.member, LOBBY));
    assert_int_equal(join(&bob, "lobby"), ROOMS_JOINED);
    assert_false(rooms_leave(rooms, &ann.member, LOBBY));
    assert_true(rooms_is_in(rooms, &bob.member, LOBBY));
    assert_false(rooms_is_in(rooms, &ann.member, LOBBY));
    assert_false(rooms_is_in(rooms, &bob.member, SPAN_LIT("lobb")));
}

static void joining_stops_at_the_limit(void **state)
{
    (void)state;
    assert_int_equal(join(&ann, "1"), ROOMS_JOINED);
    assert_int_equal(join(&ann, "2"), ROOMS_JOINED);
    assert_int_equal(join(&ann, "3"), ROOMS_JOINED);
    assert_int_equal(join(&ann, "4"), ROOMS_LIMIT);
    assert_int_equal(join(&ann, "3"), ROOMS_ALREADY_IN);
    assert_int_equal(rooms_count(rooms), 3);
    assert_true(rooms_leave(rooms, &ann.member, SPAN_LIT("2")));
    assert_int_equal(join(&ann, "4"), ROOMS_JOINED);
    rooms_each_of(&ann.member, note_room, NULL);
    assert_span(buffer_span(&seen), "1 3 4 ");
}

static void visitor_may_remove_the_visited_member(void **state)
{
    (void)state;
    assert_int_equal(join(&ann, "lobby"), ROOMS_JOINED);
    assert_int_equal(join(&bob, "lobby"), ROOMS_JOINED);
    rooms_each_member(rooms, LOBBY, leave_all, NULL);
    assert_span(buffer_span(&seen), "ab");
    assert_int_equal(rooms_count(rooms), 0);
}

static void visitor_may_visit_the_same_room(void **state)
{
    (void)state;
    assert_int_equal(join(&ann, "lobby"), ROOMS_JOINED);
    assert_int_equal(join(&bob, "lobby"), ROOMS_JOINED);
    rooms_each_member(rooms, LOBBY, leave_and_tell, NULL);
    assert_span(buffer_span(&seen), "ab.b.");
    assert_int_equal(rooms_count(rooms), 0);
}

static void names_are_bytes(void **state)
{
    (void)state;
    const struct span with_nul = {"a\0b", 3};

    assert_int_equal(rooms_join(rooms, &ann.member, with_nul), ROOMS_JOINED);
    assert_int_equal(join(&bob, "a"), ROOMS_JOINED);
    assert_int_equal(rooms_count(rooms), 2);
    rooms_each_member(rooms, with_nul, note_member, NULL);
    assert_span(buffer_span(&seen), "a");
}

static void name_may_be_empty(void **state)
{
    (void)state;
    const struct span empty = {0};

    assert_int_equal(rooms_join(rooms, &ann.member, empty), ROOMS_JOINED);
    assert_int_equal(rooms_join(rooms, &ann.member, SPAN_LIT("")), ROOMS_ALREADY_IN);
    assert_true(rooms_leave(rooms, &ann.member, empty));
}

static void lists_rooms_up_to_a_number(void **state)
{
    (void)state;
    assert_int_equal(join(&ann, "x"), ROOMS_JOINED);
    assert_int_equal(join(&bob, "x"), ROOMS_JOINED);
    assert_int_equal(join(&bob, "y"), ROOMS_JOINED);
    rooms_each(rooms, 1, note_room, NULL);
    assert_int_equal(seen.len, 2);
    buffer_clear(&seen);
    rooms_each(rooms, 9, note_room, NULL);
    assert_int_equal(seen.len, 4);
    assert_non_null(strstr(seen.ptr, "x "));
    assert_non_null(strstr(seen.ptr, "y "));
}

static void unknown_room_has_no_members(void **state)
{
    (void)state;
    rooms_each_member(rooms, LOBBY, note_member, NULL);
    assert_int_equal(seen.len, 0);
}

// A room of two takes two at a time, whoever does it, and what is left over waits for company.
static void takes_one_for_each_member(void **state)
{
    const struct token_rate rate = {10, 5}, small = {1, 1}, none = {0, 0};

    (void)state;
    assert_true(rooms_take_deliveries(rooms, SPAN_LIT("nobody's"), &rate, 1000));
    assert_int_equal(join(&ann, "lobby"), ROOMS_JOINED);
    assert_int_equal(join(&bob, "lobby"), ROOMS_JOINED);
    assert_int_equal(join(&ann, "other"), ROOMS_JOINED);
    assert_true(rooms_take_deliveries(rooms, LOBBY, &rate, 1000));
    assert_true(rooms_take_deliveries(rooms, LOBBY, &rate, 1000));
    assert_false(rooms_take_deliveries(rooms, LOBBY, &rate, 1000));
    assert_true(rooms_take_deliveries(rooms, SPAN_LIT("other"), &rate, 1000));
    assert_false(rooms_take_deliveries(rooms, LOBBY, &rate, 1099));
    assert_true(rooms_take_deliveries(rooms, LOBBY, &rate, 1100));
    // It is larger than a full bucket, and takes all of that.
    assert_true(rooms_take_deliveries(rooms, LOBBY, &small, 100000));
    assert_false(rooms_take_deliveries(rooms, LOBBY, &small, 100000));
    assert_true(rooms_take_deliveries(rooms, LOBBY, &none, 100000));
}

#define WITH_ROOMS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROOMS(room_lives_while_it_has_members),
        WITH_ROOMS(joining_twice_is_one_membership),
        WITH_ROOMS(leaving_what_one_is_not_in_is_false),
        WITH_ROOMS(joining_stops_at_the_limit),
        WITH_ROOMS(visitor_may_remove_the_visited_member),
        WITH_ROOMS(visitor_may_visit_the_same_room),
        WITH_ROOMS(names_are_bytes),
        WITH_ROOMS(name_may_be_empty),
        WITH_ROOMS(lists_rooms_up_to_a_number),
        WITH_ROOMS(unknown_room_has_no_members),
        WITH_ROOMS(takes_one_for_each_member),
    };
    return cmocka_run_group_tests_name("rooms", tests, NULL, NULL);
}
