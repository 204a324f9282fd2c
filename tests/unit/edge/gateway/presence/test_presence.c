#include "edge/gateway/presence/presence.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/buffer.h"
#include "proto/presence_script.h"
#include "tests/unit/unit.h"

#define TICK    20
#define COOLING 1000
#define GRACE   5000
#define PAUSE   1000
#define HOUR    3600000
#define BACK    15000 // the grace while the store may lack what other edges have

// The store says nothing by itself.
static struct presence_store store;
static bool up, begun;
static struct buffer asked; // "u1=1; lobby:l=2?; list; "
static size_t asked_count;  // changes under way
static struct buffer heard; // "lobby:l 3; "
static struct deadlines clock_;
static struct presence_metrics metrics;
static struct gateway_file file;
static struct room_types types;
static struct rooms *rooms;
static struct presence *presence;
static struct room_member members[4];

static void use(struct presence_store *self, const struct users *users, bool begins)
{
    (void)self, (void)users;
    begun |= begins;
}

static bool is_up(const struct presence_store *self)
{
    (void)self;
    return up;
}

static void write_changes(struct presence_store *self, const struct presence_change *changes,
                          size_t count)
{
    (void)self;
    assert_true(begun);
    assert_int_equal(asked_count, 0);
    asked_count = count;
    for (size_t i = 0; i < count; i++)
        buffer_printf(&asked, "%s" SPAN_FMT "=%u%s; ", changes[i].is_user ? "user " : "",
                      SPAN_ARG(changes[i].name), changes[i].count,
                      changes[i].is_asked  ? "!"
                      : changes[i].is_told ? "?"
                                           : "");
}

static void beat(struct presence_store *self)
{
    (void)self;
    buffer_printf(&asked, "beat; ");
}

static void list(struct presence_store *self)
{
    (void)self;
    buffer_printf(&asked, "list; ");
}

static const struct presence_store_ops ops = {use, is_up, write_changes, beat, list};

static void on_count(struct span room, uint64_t count, void *arg)
{
    (void)arg;
    buffer_printf(&heard, SPAN_FMT " %d; ", SPAN_ARG(room), (int)count);
}

static void set_up_presence(void)
{
    presence = presence_new(
        &(struct presence_options){
            .store = &store, .file = &file, .rooms = rooms, .on_count = on_count},
        &clock_, &metrics);
}

static int set_up(void **state)
{
    static char lobby[] = "lobby", hall[] = "hall", plain[] = "plain";

    (void)state;
    types = (struct room_types){.count = 3,
                                .items = {{.name = lobby, .counted = true, .told = true},
                                          {.name = hall, .counted = true},
                                          {.name = plain}}};
    file = (struct gateway_file){.rooms = &types,
                                 .users = {.presence = true, .grace_s = GRACE / 1000}};
    store = (struct presence_store){.ops = &ops};
    up = true;
    begun = false;
    asked_count = 0;
    metrics = (struct presence_metrics){0};
    deadlines_init(&clock_, 1000000);
    rooms = rooms_new(10, 0);
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        room_member_init(&members[i]);
    set_up_presence();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rooms_watch(rooms, NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        rooms_leave_all(rooms, &members[i]);
    presence_free(presence);
    rooms_free(rooms);
    buffer_fini(&asked);
    buffer_fini(&heard);
    assert_int_equal(metric_get(&metrics.entries), 0);
    assert_int_equal(metric_get(&metrics.unwritten), 0);
    return 0;
}

static void join(int who, const char *room)
{
    assert_int_equal(rooms_join(rooms, &members[who], span_of(room)), ROOMS_JOINED);
}

static void leave(int who, const char *room)
{
    assert_true(rooms_leave(rooms, &members[who], span_of(room)));
}

static void pass(uint64_t ms)
{
    for (uint64_t i = 0; i < ms; i += 10)
        deadlines_run(&clock_, clock_.now_ms + 10);
}

// The store takes what is under way. `told` is for every change.
static void take(int64_t told)
{
    int64_t all[256];

    for (size_t i = 0; i < asked_count; i++)
        all[i] = told;
    asked_count = 0;
    store.handlers.on_written(PRESENCE_WRITTEN, all, 0, store.handlers.arg);
}

static void refuse_write(void)
{
    asked_count = 0;
    store.handlers.on_written(PRESENCE_IN_DOUBT, NULL, 0, store.handlers.arg);
}

// It has not even tried.
static void skip_write(void)
{
    asked_count = 0;
    store.handlers.on_written(PRESENCE_NOT_WRITTEN, NULL, 0, store.handlers.arg);
}

static void come_up(bool may_lack)
{
    up = true;
    store.handlers.on_up(may_lack, store.handlers.arg);
}

static void go_down(void)
{
    up = false;
    if (asked_count > 0)
        refuse_write();
}

// What the store was asked since the last call.
static void asks(const char *what)
{
    assert_span(buffer_span(&asked), what);
    if (asked.len > 0)
        buffer_clear(&asked);
}

// The user has one connection, and the store knows.
static void be_online_with(const char *what)
{
    join(0, "user:u1");
    pass(TICK);
    asks(what);
    take(PRESENCE_NOTHING);
    pass(COOLING);
    asks("");
}

static void be_online(void)
{
    be_online_with("user u1=1; ");
}

static void writes_the_first_and_the_last(void **state)
{
    (void)state;
    be_online();
    leave(0, "user:u1");
    pass(GRACE - 20);
    asks("");
    pass(20 + TICK);
    asks("user u1=0; ");
    take(PRESENCE_NOTHING);
    pass(COOLING);
    assert_int_equal(metric_get(&metrics.entries), 0);
}

static void a_reconnect_within_the_grace_is_not_written(void **state)
{
    (void)state;
    be_online();
    for (int i = 0; i < 10; i++) {
        leave(0, "user:u1");
        pass(GRACE / 2);
        join(0, "user:u1");
        pass(GRACE / 2);
    }
    asks("");
}

static void further_connections_are_written_once_a_second(void **state)
{
    (void)state;
    join(0, "user:u1");
    pass(TICK);
    asks("user u1=1; ");
    take(PRESENCE_NOTHING);
    for (int i = 0; i < 10; i++) {
        join(1, "user:u1");
        join(2, "user:u1");
        pass(20);
        leave(2, "user:u1");
        pass(20);
        leave(1, "user:u1");
    }
    join(1, "user:u1");
    asks("");
    pass(COOLING + TICK);
    asks("user u1=2; ");
    take(PRESENCE_NOTHING);
}

static void without_grace_the_last_is_written_at_once(void **state)
{
    (void)state;
    file.users.grace_s = 0;
    be_online();
    leave(0, "user:u1");
    pass(TICK);
    asks("user u1=0; ");
    take(PRESENCE_NOTHING);
}

static void who_came_and_went_unwritten_leaves_nothing(void **state)
{
    (void)state;
    up = false;
    for (int i = 0; i < 100; i++) {
        join(0, "user:u1");
        join(0, "hall:h");
        pass(20);
        leave(0, "user:u1");
        leave(0, "hall:h");
    }
    assert_int_equal(metric_get(&metrics.entries), 0);
    come_up(false);
    pass(TICK);
    asks("");
}

static void rooms_have_no_grace(void **state)
{
    (void)state;
    join(0, "hall:h");
    join(1, "hall:h");
    join(1, "plain:p");
    pass(TICK);
    asks("hall:h=2; ");
    take(PRESENCE_NOTHING);
    pass(COOLING);
    leave(0, "hall:h");
    pass(TICK);
    asks("hall:h=1; ");
    take(PRESENCE_NOTHING);
    assert_span(buffer_span(&heard), "");
}

static void a_room_that_flaps_is_written_once_a_second(void **state)
{
    (void)state;
    join(0, "hall:h");
    pass(TICK);
    take(PRESENCE_NOTHING);
    for (int i = 0; i < 20; i++) {
        leave(0, "hall:h");
        pass(20);
        join(0, "hall:h");
        pass(20);
    }
    leave(0, "hall:h");
    asks("hall:h=1; ");
    pass(COOLING + TICK);
    asks("hall:h=0; ");
    take(PRESENCE_NOTHING);
    join(0, "hall:h");
    pass(TICK);
    asks("");
    pass(COOLING + TICK);
    asks("hall:h=1; ");
}

static void members_are_told(void **state)
{
    (void)state;
    join(0, "lobby:l");
    pass(TICK);
    asks("lobby:l=1!; "); // who joins does not know the number
    take(7);
    assert_span(buffer_span(&heard), "lobby:l 7; ");
    join(1, "lobby:l");
    pass(COOLING + TICK);
    asks("lobby:l=2!; ");
    take(PRESENCE_LATER);
    pass(COOLING + TICK);
    asks("lobby:l=2!; ");
    take(8);
    leave(1, "lobby:l");
    pass(COOLING + TICK);
    asks("lobby:l=1?; ");
    take(PRESENCE_NOTHING);
    assert_span(buffer_span(&heard), "lobby:l 7; lobby:l 8; ");
}

// The script may have noted the number as told, and its answer is lost.
static void members_are_told_what_was_not_answered(void **state)
{
    (void)state;
    join(0, "lobby:l");
    join(1, "lobby:l");
    pass(TICK);
    take(2);
    pass(COOLING);
    leave(1, "lobby:l");
    pass(TICK);
    asks("lobby:l=2!; lobby:l=1?; ");
    go_down();
    come_up(false);
    pass(TICK);
    asks("lobby:l=1!; ");
    take(1);
    assert_span(buffer_span(&heard), "lobby:l 2; lobby:l 1; ");
}

// A store with an older state may have there, as told, the very number that is right by now.
static void members_are_told_what_changed_meanwhile(void **state)
{
    (void)state;
    join(0, "lobby:l");
    join(1, "lobby:l");
    join(0, "lobby:same");
    pass(TICK);
    take(2);
    pass(COOLING);
    go_down();
    leave(1, "lobby:l");
    come_up(true);
    pass(TICK);
    asks("lobby:l=2!; lobby:same=1!; list; lobby:l=1!; lobby:same=1?; ");
    take(PRESENCE_NOTHING);
}

static void what_failed_is_written_again(void **state)
{
    (void)state;
    join(0, "user:u1");
    pass(TICK);
    asks("user u1=1; ");
    refuse_write();
    pass(PAUSE - 20);
    asks("");
    pass(20);
    asks("user u1=1; ");
    take(PRESENCE_NOTHING);
}

static void what_ends_while_the_store_is_away_is_written_later(void **state)
{
    (void)state;
    be_online();
    go_down();
    leave(0, "user:u1");
    pass(GRACE + TICK);
    asks("");
    come_up(false);
    pass(TICK);
    asks("user u1=0; ");
    take(PRESENCE_NOTHING);
}

// The write of the connection may have been carried out.
static void a_connection_that_ended_unanswered_is_taken_out(void **state)
{
    (void)state;
    join(0, "user:u1");
    pass(TICK);
    asks("user u1=1; ");
    go_down();
    leave(0, "user:u1");
    come_up(false);
    pass(GRACE + TICK);
    asks("user u1=0; ");
    take(PRESENCE_NOTHING);
}

static void a_store_that_may_lack_writes_gets_all(void **state)
{
    (void)state;
    be_online();
    join(1, "hall:h");
    pass(TICK);
    take(PRESENCE_NOTHING);
    asks("hall:h=1; ");
    go_down();
    come_up(true);
    pass(TICK);
    asks("list; user u1=1; hall:h=1; ");
    take(PRESENCE_NOTHING);
    assert_int_equal(metric_get(&metrics.rewritten), 2);
}

// The store has an older state than it had.
static void what_the_store_has_too_much_is_taken_out(void **state)
{
    (void)state;
    be_online();
    store.handlers.on_listed(true, SPAN_LIT("u1"), store.handlers.arg);
    store.handlers.on_listed(true, SPAN_LIT("gone"), store.handlers.arg);
    store.handlers.on_listed(false, SPAN_LIT("hall:gone"), store.handlers.arg);
    pass(TICK);
    asks("hall:gone=0; ");
    take(PRESENCE_NOTHING);
    pass(GRACE);
    asks("user gone=0; ");
    take(PRESENCE_NOTHING);
}

// The edge was killed, and is back with the same id: so are its users, by and by.
static void users_of_an_earlier_life_have_time_to_come_back(void **state)
{
    (void)state;
    store.handlers.on_beat(PRESENCE_KNOWN, store.handlers.arg);
    store.handlers.on_listed(true, SPAN_LIT("gone"), store.handlers.arg);
    store.handlers.on_listed(true, SPAN_LIT("u1"), store.handlers.arg);
    store.handlers.on_listed(false, SPAN_LIT("hall:gone"), store.handlers.arg);
    pass(TICK);
    asks("list; hall:gone=0; "); // rooms have no grace
    take(PRESENCE_NOTHING);
    join(0, "user:u1");
    pass(TICK);
    asks("user u1=1; "); // the store may have another number
    take(PRESENCE_NOTHING);
    pass(BACK - 2 * TICK - 10);
    asks("");
    pass(10 + TICK);
    asks("user gone=0; ");
    take(PRESENCE_NOTHING);
}

static void a_longer_grace_is_theirs_too(void **state)
{
    (void)state;
    rooms_watch(rooms, NULL, NULL);
    presence_free(presence);
    file.users.grace_s = 60;
    set_up_presence();
    store.handlers.on_beat(PRESENCE_SWEPT, store.handlers.arg);
    store.handlers.on_listed(true, SPAN_LIT("gone"), store.handlers.arg);
    pass(59990);
    asks("list; ");
    pass(10 + TICK);
    asks("user gone=0; ");
    take(PRESENCE_NOTHING);
}

static void services_are_told(void **state)
{
    static char exchange[] = "x";

    (void)state;
    file.users.exchange = exchange;
    join(0, "user:u1");
    pass(TICK);
    asks("user u1=1?; ");
    take(PRESENCE_NOTHING);
    pass(COOLING);
    leave(0, "user:u1");
    pass(GRACE + TICK);
    asks("user u1=0?; ");
    take(PRESENCE_NOTHING);
}

// What the store lacks may be the newest: then services may not have heard of it.
static void services_are_told_again_of_the_newest_alone(void **state)
{
    static char exchange[] = "x";

    (void)state;
    file.users.exchange = exchange;
    join(0, "user:old");
    pass(TICK);
    take(PRESENCE_NOTHING);
    pass(60000);
    join(1, "user:new");
    pass(TICK);
    take(PRESENCE_NOTHING);
    asks("user old=1?; user new=1?; ");
    go_down();
    come_up(true);
    pass(TICK);
    asks("list; user old=1; user new=1!; ");
    take(PRESENCE_NOTHING);
    store.handlers.on_beat(PRESENCE_FIRST, store.handlers.arg);
    store.handlers.on_beat(PRESENCE_SWEPT, store.handlers.arg);
    pass(TICK);
    asks("user old=1!; user new=1!; "); // they were told that both are gone
    take(PRESENCE_NOTHING);
}

// It may have been written, and then services may have been told or not.
static void services_are_told_of_an_end_in_doubt(void **state)
{
    static char exchange[] = "x";

    (void)state;
    file.users.exchange = exchange;
    file.users.grace_s = 0;
    join(0, "user:u1");
    pass(TICK);
    go_down();
    leave(0, "user:u1");
    come_up(false);
    pass(TICK);
    asks("user u1=1?; user u1=0!; ");
    take(PRESENCE_NOTHING);
}

struct away_row {
    const char *name;
    uint64_t away_ms;
    bool may_lack;
    const char *asked; // once the store knows nothing of this edge
};

static const struct away_row away_rows[] = {
    {"away for half an hour", HOUR / 2, false, "user u1=1; "},
    {"away for an hour", HOUR, false, "user u1=1!; "},
    {"away for an hour, and another Redis", HOUR, true, "list; user u1=1!; "},
};

// A relay takes out what an edge has written that it does not hear, tells services, and forgets
// the edge after an hour.
static void who_was_away_for_long_was_taken_out(void **state)
{
    static char exchange[] = "x";
    const struct away_row *row = *state;

    set_up(NULL);
    file.users.exchange = exchange;
    be_online_with("user u1=1?; ");
    pass(60000);
    store.handlers.on_beat(PRESENCE_FIRST, store.handlers.arg);
    go_down();
    pass(row->away_ms);
    come_up(row->may_lack);
    store.handlers.on_beat(PRESENCE_FIRST, store.handlers.arg);
    pass(TICK);
    asks(row->asked);
    take(PRESENCE_NOTHING);
    tear_down(NULL);
}

struct end_row {
    const char *name;
    uint32_t grace_s;
    bool has_events;
    // The user leaves: 0 before the store is lost, 1 while it is away, 2 when it has all again.
    int leaves_at;
    uint64_t stays_ms; // from when the store is back, or from then
    const char *asked; // then
};

// The user may be at another edge, which has not written it again yet.
static const struct end_row end_rows[] = {
    {"left before, in its grace", 5, true, 0, BACK, "user u1=0!; "},
    {"left while the store was away", 0, true, 1, BACK, "user u1=0!; "},
    {"left while it was away, in its grace", 5, true, 1, BACK, "user u1=0!; "},
    {"left when it was back", 0, true, 2, BACK, "user u1=0?; "},
    {"a longer grace", 60, true, 1, 60000, "user u1=0!; "},
    {"nobody is told", 0, false, 1, 0, "user u1=0; "},
};

static void services_are_told_of_ends_once_all_is_written(void **state)
{
    static char exchange[] = "x";
    const struct end_row *row = *state;

    set_up(NULL);
    rooms_watch(rooms, NULL, NULL);
    presence_free(presence);
    file.users.grace_s = row->grace_s;
    file.users.exchange = row->has_events ? exchange : NULL;
    set_up_presence();
    join(0, "user:u1");
    pass(TICK);
    take(PRESENCE_NOTHING);
    pass(COOLING);
    buffer_clear(&asked);
    if (row->leaves_at == 0)
        leave(0, "user:u1");
    go_down();
    if (row->leaves_at == 1)
        leave(0, "user:u1");
    pass(TICK);
    come_up(true);
    if (row->leaves_at == 2) {
        pass(TICK);
        take(PRESENCE_NOTHING);
        leave(0, "user:u1");
        pass(COOLING);
    }
    asks(row->leaves_at == 2 ? "list; user u1=1!; " : "list; ");
    if (row->stays_ms > 0) {
        pass(row->stays_ms - 10);
        asks("");
    }
    pass(10 + TICK);
    asks(row->asked);
    take(PRESENCE_NOTHING);
    tear_down(NULL);
}

static void who_came_and_went_before_the_store_tried_leaves_nothing(void **state)
{
    static char exchange[] = "x";

    (void)state;
    file.users.exchange = exchange;
    file.users.grace_s = 0;
    join(0, "user:u1");
    join(0, "hall:h");
    pass(TICK);
    skip_write();
    leave(0, "user:u1");
    leave(0, "hall:h");
    pass(PAUSE + TICK);
    asks("user u1=1?; hall:h=1; ");
    assert_int_equal(metric_get(&metrics.entries), 0);
}

static void what_the_store_did_not_try_is_written_as_it_was(void **state)
{
    (void)state;
    join(0, "lobby:l");
    pass(TICK);
    skip_write();
    pass(PAUSE + TICK);
    take(PRESENCE_LATER);
    pass(COOLING + TICK);
    skip_write();
    pass(PAUSE + TICK);
    asks("lobby:l=1!; lobby:l=1!; lobby:l=1!; lobby:l=1!; ");
    take(1);
    join(1, "lobby:l");
    pass(COOLING + TICK);
    take(2);
    leave(1, "lobby:l");
    pass(COOLING + TICK);
    skip_write();
    pass(PAUSE + TICK);
    asks("lobby:l=2!; lobby:l=1?; lobby:l=1?; ");
    take(1);
}

static void what_services_were_not_told_is_counted(void **state)
{
    const int64_t told[] = {PRESENCE_NOTHING};

    (void)state;
    join(0, "user:u1");
    pass(TICK);
    asked_count = 0;
    store.handlers.on_written(PRESENCE_WRITTEN, told, 1, store.handlers.arg);
    assert_int_equal(metric_get(&metrics.lost), 1);
}

struct beat_row {
    const char *name;
    enum presence_beat first, second;
    const char *asked;
};

static const struct beat_row beat_rows[] = {
    {"a new edge", PRESENCE_FIRST, PRESENCE_KNOWN, ""},
    {"an edge that was here before", PRESENCE_KNOWN, PRESENCE_KNOWN, "list; "},
    {"one that was taken out before", PRESENCE_SWEPT, PRESENCE_KNOWN, "list; "},
    {"one that was frozen", PRESENCE_FIRST, PRESENCE_SWEPT, "user u1=1; "},
    {"one that Redis forgot", PRESENCE_FIRST, PRESENCE_FIRST, "user u1=1; "},
};

static void beats(void **state)
{
    const struct beat_row *row = *state;

    set_up(NULL);
    be_online();
    store.handlers.on_beat(row->first, store.handlers.arg);
    store.handlers.on_beat(row->second, store.handlers.arg);
    pass(TICK);
    asks(row->asked);
    if (asked_count > 0)
        take(PRESENCE_NOTHING);
    tear_down(NULL);
}

static void a_batch_is_limited(void **state)
{
    char room[24];

    (void)state;
    rooms_watch(rooms, NULL, NULL);
    rooms_free(rooms);
    presence_free(presence);
    rooms = rooms_new(1000, 0);
    set_up_presence();
    for (int i = 0; i < 250; i++) {
        snprintf(room, sizeof(room), "hall:%d", i);
        join(0, room);
    }
    pass(TICK);
    assert_int_equal(asked_count, 200);
    pass(10 * TICK);
    assert_int_equal(asked_count, 200); // no further one before the answer
    take(PRESENCE_NOTHING);
    pass(TICK);
    assert_int_equal(asked_count, 50);
    take(PRESENCE_NOTHING);
}

// ---- another file

static struct room_types other_types;
static struct gateway_file other;

// The same file again, to be changed by the test.
static void prepare_other(void)
{
    other_types = types;
    other = file;
    other.rooms = &other_types;
}

static void written_once(const char *what)
{
    pass(TICK);
    asks(what);
    take(PRESENCE_NOTHING);
    pass(COOLING);
    asks("");
}

static void the_same_file_writes_nothing(void **state)
{
    (void)state;
    be_online();
    join(0, "hall:h");
    written_once("hall:h=1; ");
    prepare_other();
    presence_replace_file(presence, &other);
    pass(COOLING + TICK);
    asks("");
}

static void what_is_kept_now_is_written(void **state)
{
    (void)state;
    join(0, "plain:p");
    join(1, "plain:p");
    join(0, "gone:g"); // of no type
    pass(TICK);
    asks("");
    prepare_other();
    other_types.items[2].counted = true;
    presence_replace_file(presence, &other);
    written_once("plain:p=2; ");
    join(2, "plain:p");
    written_once("plain:p=3; ");
}

static void what_is_kept_no_more_is_taken_out(void **state)
{
    (void)state;
    be_online();
    join(0, "hall:h");
    written_once("hall:h=1; ");
    prepare_other();
    other_types.items[1].counted = false;
    presence_replace_file(presence, &other);
    written_once("hall:h=0; ");
    join(1, "hall:h");
    pass(COOLING);
    asks("");
    assert_int_equal(metric_get(&metrics.entries), 1); // the user
}

// Nobody hears that a user has left who is there.
static void presence_ends_silently(void **state)
{
    static char exchange[] = "e";

    (void)state;
    file.users.exchange = exchange;
    be_online_with("user u1=1?; ");
    prepare_other();
    other.users = (struct users){0};
    other_types.items[0].counted = other_types.items[1].counted = false;
    presence_replace_file(presence, &other);
    presence_beat(presence);
    asks("beat; "); // there is something to take out
    written_once("user u1=0; ");
    presence_beat(presence);
    asks("");
    join(1, "user:u2");
    pass(COOLING);
    asks("");
    assert_int_equal(metric_get(&metrics.entries), 0);
}

static void presence_begins(void **state)
{
    struct gateway_file none;

    (void)state;
    prepare_other();
    none = other;
    none.users.presence = false;
    other_types.items[0].counted = other_types.items[1].counted = false;
    presence_replace_file(presence, &none);
    join(0, "user:u1");
    join(0, "lobby:l");
    pass(COOLING);
    presence_beat(presence);
    asks("");
    presence_replace_file(presence, &file);
    pass(TICK);
    assert_non_null(strstr(asked.ptr, "user u1=1; "));
    assert_non_null(strstr(asked.ptr, "lobby:l=1!; "));
    take(PRESENCE_NOTHING);
    pass(COOLING);
    buffer_clear(&asked);
    presence_beat(presence);
    asks("beat; ");
}

// It is back before it was taken out.
static void what_is_kept_again_meanwhile_stays(void **state)
{
    (void)state;
    be_online();
    prepare_other();
    other.users.presence = false;
    presence_replace_file(presence, &other);
    pass(GRACE / 2);
    presence_replace_file(presence, &file);
    pass(GRACE + COOLING);
    asks("");
    leave(0, "user:u1");
    pass(GRACE + TICK);
    asks("user u1=0; ");
    take(PRESENCE_NOTHING);
}

static void members_are_told_from_now_on(void **state)
{
    (void)state;
    join(0, "hall:h");
    written_once("hall:h=1; ");
    prepare_other();
    other_types.items[1].told = true;
    presence_replace_file(presence, &other);
    pass(TICK);
    asks("hall:h=1!; ");
    take(1);
    assert_span(buffer_span(&heard), "hall:h 1; ");
}

static void who_leaves_gets_the_new_grace(void **state)
{
    (void)state;
    be_online();
    join(1, "user:u2");
    written_once("user u2=1; ");
    leave(0, "user:u1");
    prepare_other();
    other.users.grace_s = 1;
    presence_replace_file(presence, &other);
    leave(1, "user:u2");
    pass(GRACE + TICK); // the former grace, for both: they wait in one queue
    asks("user u1=0; user u2=0; ");
    take(PRESENCE_NOTHING);
    pass(COOLING);
    join(1, "user:u2");
    written_once("user u2=1; ");
    leave(1, "user:u2");
    pass(1000 + TICK);
    asks("user u2=0; ");
    take(PRESENCE_NOTHING);
}

static void entries_are_refreshed(void **state)
{
    (void)state;
    be_online();
    pass(PRESENCE_EXPIRY_S * 1000 / 3 + TICK);
    asks("user u1=1; ");
    take(PRESENCE_NOTHING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_the_first_and_the_last),
        TEST(a_reconnect_within_the_grace_is_not_written),
        TEST(further_connections_are_written_once_a_second),
        TEST(without_grace_the_last_is_written_at_once),
        TEST(who_came_and_went_unwritten_leaves_nothing),
        TEST(rooms_have_no_grace),
        TEST(a_room_that_flaps_is_written_once_a_second),
        TEST(members_are_told),
        TEST(members_are_told_what_was_not_answered),
        TEST(members_are_told_what_changed_meanwhile),
        TEST(what_failed_is_written_again),
        TEST(what_ends_while_the_store_is_away_is_written_later),
        TEST(a_connection_that_ended_unanswered_is_taken_out),
        TEST(a_store_that_may_lack_writes_gets_all),
        TEST(what_the_store_has_too_much_is_taken_out),
        TEST(users_of_an_earlier_life_have_time_to_come_back),
        TEST(a_longer_grace_is_theirs_too),
        TEST(services_are_told),
        TEST(services_are_told_again_of_the_newest_alone),
        TEST(services_are_told_of_an_end_in_doubt),
        TEST(who_came_and_went_before_the_store_tried_leaves_nothing),
        TEST(what_the_store_did_not_try_is_written_as_it_was),
        TEST(what_services_were_not_told_is_counted),
        TEST(a_batch_is_limited),
        TEST(entries_are_refreshed),
        TEST(the_same_file_writes_nothing),
        TEST(what_is_kept_now_is_written),
        TEST(what_is_kept_no_more_is_taken_out),
        TEST(presence_ends_silently),
        TEST(presence_begins),
        TEST(what_is_kept_again_meanwhile_stays),
        TEST(members_are_told_from_now_on),
        TEST(who_leaves_gets_the_new_grace),
    };
    struct CMUnitTest rows[ARRAY_LEN(beat_rows) + ARRAY_LEN(end_rows) + ARRAY_LEN(away_rows)];
    size_t count = 0;

    ADD_ROWS(rows, count, beat_rows, beats);
    ADD_ROWS(rows, count, end_rows, services_are_told_of_ends_once_all_is_written);
    ADD_ROWS(rows, count, away_rows, who_was_away_for_long_was_taken_out);
    int failed = cmocka_run_group_tests_name("presence", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("rows", rows, NULL, NULL);
}
