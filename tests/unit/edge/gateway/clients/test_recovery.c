// Recovery as dialogues of the whole gateway, with a session store that answers when it is told to.
#include <stdio.h>

#include "common/gateway_file/succession.h"
#include "edge/socketio/socket.h"
#include "tests/unit/fake_authority.h"
#include "tests/unit/fake_sessions.h"
#include "tests/unit/file_maker.h"
#include "tests/unit/gateway_stage.h"

#define PID    "abcdefghijklmnopqrstuv"
#define OLD_ID "OldSocketId0123456__"

// A room of a session, joined at this position.
#define ROOM(room, epoch, seq, granted)                                                            \
    {                                                                                              \
        .name = SPAN_INIT(room), .joined = {1, {{epoch, seq}}}, .granted_ms = (granted)            \
    }

#define PLACE "\"url\":\"http://service\",\"path\":\"/{id}\""

// The offset of epoch 1 whose seq is this digit.
#define AT(seq) "0000001" #seq

static struct fake_sessions sessions;
static struct fake_authority authority;
static struct gateway_file *file;

static void ignore(void *arg)
{
    (void)arg;
}

static void pass(uint64_t ms)
{
    clock_.now_ms += ms;
    turn();
}

static int begin_with(struct session_store *store)
{
    file = file_of(SPAN_LIT("{\"rooms\":{\"conversation\":{\"join\":\"open\"},"
                            "\"team\":{\"join\":\"none\",\"onConnect\":\"team:{claims.team}\"},"
                            "\"listed\":{\"join\":\"claims\"},"
                            "\"quiet\":{\"join\":\"open\",\"announce\":false},"
                            "\"side\":{\"join\":\"none\"},"
                            "\"desk\":{\"join\":\"service\"," PLACE "},"
                            "\"order\":{\"join\":\"service\"," PLACE
                            ",\"onConnect\":\"order:{claims.order}\"}}}"),
                   ROOM_JOIN_OPEN);
    struct gateway_options options = stage_options(file, &authority.authority);
    const struct gateway_handlers handlers = {.on_drain = ignore, .on_following = ignore};

    options.socketio.room_note_bytes = (uint32_t)room_note_bytes(store ? 1 : 0);
    options.token.keep_token = true;
    options.room_services.cache_ms = 1000;
    options.max_sockets_per_user = 1;
    options.recovery = (struct recovery_options){
        .store = store, .window_s = 120, .memory = 100000, .grant_s = 600};
    options.edge_id = "here";
    fake_sessions_init(&sessions);
    fake_authority_init(&authority);
    stage_begin(&options, &handlers);
    if (store)
        bus.bus.handlers.on_page(0, NULL, 0, bus.bus.handlers.arg);
    else
        bus.bus.handlers.on_newest(0, (struct position){0}, bus.bus.handlers.arg);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    return begin_with(&sessions.store);
}

static int begin_without_recovery(void **state)
{
    (void)state;
    return begin_with(NULL);
}

static int end(void **state)
{
    (void)state;
    stage_end();
    gateway_file_free(file);
    fake_sessions_fini(&sessions);
    fake_authority_fini(&authority);
    return 0;
}

// CONNECT of u1 with these further members of its payload.
static void connect_with(int who, const char *members)
{
    connect_peer(who, members, "{\"id\":\"u1\"}");
}

static void log_envelope(uint64_t seq, struct envelope envelope)
{
    struct buffer bytes = {0};

    envelope.position = (struct position){1, seq};
    envelope.prev = seq > 1 ? (struct position){1, seq - 1} : (struct position){0, 0};
    envelope_encode(&envelope, &bytes);
    bus.bus.handlers.on_envelope(0, buffer_span(&bytes), bus.bus.handlers.arg);
    buffer_fini(&bytes);
    turn();
}

static void log_entry(uint64_t seq, const char *room, const char *args)
{
    log_envelope(seq, (struct envelope){
                          .room = span_of(room), .event = SPAN_LIT("said"), .args = span_of(args)});
}

// u1 is taken out of a room, or disconnected if there is none.
static void log_action(uint64_t seq, const char *leaves)
{
    log_envelope(seq, (struct envelope){.room = SPAN_LIT("user:u1"),
                                        .leaves = span_of(leaves),
                                        .disconnects = leaves[0] == '\0'});
}

// u1 is let into a room; the room hears `event`, unless that is empty.
static void log_join(uint64_t seq, const char *enters, const char *event)
{
    const struct span room = span_of(enters);

    log_envelope(seq, (struct envelope){.room = SPAN_LIT("user:u1"),
                                        .enters = room,
                                        .event = span_of(event),
                                        .args = SPAN_LIT("{}"),
                                        .more_rooms = &room,
                                        .more_count = event[0] != '\0'});
}

static void answer(enum session_result result)
{
    struct session_request *request = fake_take_request(&sessions);

    assert_non_null(request);
    request->on_done(request, result);
    turn();
}

// A client whose session is stored.
static void connect_stored(int who)
{
    connect_with(who, "");
    answer(SESSION_OK);
}

static void answer_claim(enum session_claim result, const struct session_record *record)
{
    struct session_request *request = fake_take_request(&sessions);
    struct session_claiming *claiming = container_of(request, struct session_claiming, request);

    assert_non_null(request);
    claiming->on_claimed(claiming, result, record);
    turn();
}

#define told(pattern) assert_matches(&sessions.told, pattern)
#define WELCOME       "40{\"sid\":\"*\",\"pid\":\"*\"}+42[\"connected\",*,\"00000000\"]|"
#define JOIN_C1       "421[\"join_room\",{\"roomType\":\"conversation\",\"roomId\":\"c1\"}]"
#define LEAVE_C1      "422[\"leave_room\",{\"roomType\":\"conversation\",\"roomId\":\"c1\"}]"
#define JOINED        "431[{\"success\":true,*"

static void join_c1(int who)
{
    say(who, JOIN_C1);
    answer(SESSION_OK);
    hears(who, JOINED);
}

// Client 0 is in a room, and the session store has that.
static void connect_in_c1(void)
{
    connect_stored(0);
    join_c1(0);
}

static void forget_what_was_told(void)
{
    buffer_clear(&sessions.told);
    buffer_clear(&bus.asked);
}

static void come_back(bool may_lack)
{
    sessions.up = true;
    forget_what_was_told();
    sessions.store.on_up(may_lack, sessions.store.arg);
}

static void a_fresh_session_is_stored(void **state)
{
    (void)state;
    log_entry(1, "elsewhere", "{}");
    connect_with(0, "");
    hears(0, "40{\"sid\":\"*\",\"pid\":\"*\"}+42[\"connected\",{*},\"" AT(1) "\"]|");
    told("put u1 user:u1@1-1; ");
}

static void a_join_is_acked_when_it_is_stored(void **state)
{
    (void)state;
    connect_stored(0);
    say(0, JOIN_C1);
    hears(0, "");
    log_entry(1, "conversation:c1", "{}"); // it is not in yet
    assert_int_equal(peers[0].wrote.len, 0);
    answer(SESSION_OK);
    hears(0, JOINED);
    told("*join 1 conversation:c1@0-0; ");
}

static void a_join_that_cannot_be_stored_is_refused(void **state)
{
    (void)state;
    connect_stored(0);
    sessions.up = false;
    say(0, JOIN_C1);
    pass(4999);
    assert_int_equal(peers[0].wrote.len, 0);
    pass(10);
    hears(0, "431[{\"error\":\"Authorization unavailable\"}]|");
    sessions.up = true;
    buffer_clear(&sessions.told);
    sessions.store.on_up(false, sessions.store.arg);
    pass(20);
    told("restore u1 user:u1@0-0; "); // whatever was stored, the room is no part of it
    assert_int_equal(metric_get(&metrics.clients.sessions.given_up), 1);
}

static void a_join_is_stored_once_the_store_is_back(void **state)
{
    (void)state;
    connect_stored(0);
    sessions.up = false;
    say(0, JOIN_C1);
    pass(1000);
    sessions.up = true;
    sessions.store.on_up(false, sessions.store.arg);
    told("*join 1 conversation:c1@0-0; ");
    answer(SESSION_OK);
    hears(0, JOINED);
}

static void a_join_of_a_forgotten_session_restores_it(void **state)
{
    (void)state;
    connect_stored(0);
    say(0, JOIN_C1);
    answer(SESSION_GONE);
    hears(0, JOINED);
    told("*restore u1 user:u1@0-0 conversation:c1@0-0; ");
}

static void one_whose_session_was_taken_goes_in_silence(void **state)
{
    (void)state;
    connect_in_c1();
    buffer_clear(&bus.asked);
    say(0, LEAVE_C1);
    answer(SESSION_TAKEN);
    hears(0, "*41|");
    assert_null(strstr(sessions.told.ptr, "end"));
    assert_int_equal(metric_get(&metrics.clients.sessions.refused), 1);
}

// As when the connection breaks with the record on its way.
static void a_record_without_an_answer_is_written_again(void **state)
{
    (void)state;
    connect_with(0, "");
    sessions.up = false;
    answer(SESSION_AWAY);
    buffer_clear(&sessions.told);
    pass(2000);
    assert_int_equal(sessions.told.len, 0);
    sessions.up = true;
    sessions.store.on_up(false, sessions.store.arg);
    pass(20);
    told("restore u1 user:u1@0-0; ");
    answer(SESSION_OK);
    buffer_clear(&sessions.told);
    pass(2000);
    assert_int_equal(sessions.told.len, 0);
}

// Its join was given up before, so that it is to be written anyhow.
static void a_record_that_is_to_be_written_is_listed_once(void **state)
{
    (void)state;
    connect_with(0, "");
    say(0, JOIN_C1);
    pass(5001);
    hears(0, "431[{\"error\":*"); // and the record is not written yet
    answer(SESSION_AWAY);
    leave(0);
    pass(2000);
}

static void a_store_that_refuses_is_asked_once_a_second(void **state)
{
    (void)state;
    connect_with(0, "");
    buffer_clear(&sessions.told);
    answer(SESSION_AWAY);
    pass(990);
    assert_int_equal(sessions.told.len, 0);
    pass(20);
    told("restore u1 user:u1@0-0; ");
}

static void a_leave_that_was_given_up_is_noted_before_the_end(void **state)
{
    (void)state;
    connect_in_c1();
    sessions.up = false;
    say(0, LEAVE_C1);
    pass(5010);
    hears(0, "432[{\"success\":true,*");
    sessions.up = true;
    buffer_clear(&sessions.told);
    leave(0);
    told("restore u1 user:u1@0-0; end 1 [*]#*; ");
}

static void a_leave_is_acked_in_any_case(void **state)
{
    (void)state;
    connect_in_c1();
    say(0, LEAVE_C1);
    answer(SESSION_OK);
    hears(0, "432[{\"success\":true,*");
    join_c1(0);
    sessions.up = false;
    say(0, LEAVE_C1);
    pass(5010);
    hears(0, "432[{\"success\":true,*");
}

static void events_come_until_a_leave_is_stored(void **state)
{
    (void)state;
    connect_in_c1();
    buffer_clear(&bus.asked);
    say(0, LEAVE_C1);
    log_entry(1, "conversation:c1", "{}");
    hears(0, "42[\"said\",{},\"" AT(1) "\"]|");
    assert_int_equal(bus.asked.len, 0);
    answer(SESSION_OK);
    hears(0, "*432[{\"success\":true,*");
    assert_matches(&bus.asked, "publish 0 conversation:c1 user_left; ");
    buffer_clear(&peers[0].wrote);
    log_entry(2, "conversation:c1", "{}");
    assert_int_equal(peers[0].wrote.len, 0);
}

static void one_that_leaves_counts_as_out(void **state)
{
    (void)state;
    connect_in_c1();
    say(0, LEAVE_C1);
    say(0, "423[\"typing\",{\"roomType\":\"conversation\",\"roomId\":\"c1\"}]");
    hears(0, "433[{\"error\":\"Not in room\"}]|");
}

// A recovery may find the room in the record, and then nothing is missing.
static void a_leave_that_breaks_off_is_no_leave(void **state)
{
    (void)state;
    connect_in_c1();
    say(0, LEAVE_C1);
    forget_what_was_told();
    leave(0);
    told("end 1 [*]#*; ");
    answer(SESSION_OK);
    assert_matches(&bus.asked, "publish 0 conversation:c1 user_left; ");
}

static void what_is_joined_while_it_is_left_is_joined(void **state)
{
    (void)state;
    connect_in_c1();
    say(0, LEAVE_C1);
    forget_what_was_told();
    say(0, JOIN_C1);
    told("join 1 conversation:c1@0-0; ");
    assert_matches(&bus.asked, "publish 0 conversation:c1 user_left; ");
    answer(SESSION_OK);
    answer(SESSION_OK);
    hears(0, "432[{\"success\":true,*|431[{\"success\":true,*");
    buffer_clear(&peers[0].wrote);
    log_entry(1, "conversation:c1", "{}");
    hears(0, "42[\"said\",{},\"" AT(1) "\"]|");
}

static void a_record_is_without_what_is_being_left(void **state)
{
    (void)state;
    connect_in_c1();
    say(0, LEAVE_C1);
    buffer_clear(&sessions.told);
    answer(SESSION_GONE);
    told("restore u1 user:u1@0-0; ");
    hears(0, "432[{\"success\":true,*");
}

// Or events between the two would be missing after a recovery.
static void a_second_join_keeps_the_position_of_the_first(void **state)
{
    (void)state;
    connect_stored(0);
    say(0, JOIN_C1);
    log_entry(1, "elsewhere", "{}");
    buffer_clear(&sessions.told);
    say(0, JOIN_C1);
    told("join 1 conversation:c1@0-0; ");
    answer(SESSION_OK);
    answer(SESSION_OK);
    hears(0, JOINED);
    buffer_clear(&sessions.told);
    log_entry(2, "elsewhere", "{}");
    say(0, JOIN_C1);
    hears(0, JOINED);
    assert_int_equal(sessions.told.len, 0);
}

static void what_was_joined_after_its_client_has_gone_is_taken_back(void **state)
{
    (void)state;
    connect_stored(0);
    say(0, JOIN_C1);
    leave(0);
    told("*join 1 conversation:c1@0-0; restore u1 user:u1@0-0; end 1 [*]#*; ");
}

static void others_hear_when_it_is_sure(void **state)
{
    (void)state;
    connect_in_c1();
    buffer_clear(&bus.asked);
    leave(0);
    assert_int_equal(bus.asked.len, 0);
    answer(SESSION_OK);
    assert_matches(&bus.asked, "publish 0 conversation:c1 user_left; ");
}

static void others_hear_nothing_of_one_who_has_moved_on(void **state)
{
    (void)state;
    connect_in_c1();
    buffer_clear(&bus.asked);
    leave(0);
    answer(SESSION_TAKEN);
    assert_int_equal(bus.asked.len, 0);
}

static void a_goodbye_is_for_good(void **state)
{
    (void)state;
    connect_in_c1();
    buffer_clear(&bus.asked);
    say(0, "41");
    told("*drop 1; ");
    assert_matches(&bus.asked, "publish 0 conversation:c1 user_left; ");
}

// What kind of client it is was known from its handshake, which is not kept.
static void the_second_socket_of_a_connection_is_not_recoverable(void **state)
{
    struct buffer packet = {0};

    (void)state;
    connect_stored(0);
    say(0, "41");
    turn();
    buffer_printf(&packet, "40{\"token\":\"%s\"}", token.ptr);
    say(0, packet.ptr);
    hears(0, "40{\"sid\":\"*\"}+42[\"connected\",{*}]|");
    assert_null(strstr(peers[0].wrote.ptr, "pid"));
    buffer_fini(&packet);
}

static void it_is_touched_each_minute(void **state)
{
    (void)state;
    log_entry(1, "elsewhere", "{}");
    connect_stored(0);
    log_entry(2, "elsewhere", "{}");
    buffer_clear(&sessions.told);
    pass(60000);
    told("touch 1 [" AT(1) " " AT(2) "]#1; ");
    answer(SESSION_OK);
    buffer_clear(&sessions.told);
    log_entry(3, "elsewhere", "{}");
    pass(60100);
    told("touch 1 [" AT(1) " " AT(3) "]#1; "); // nothing was sent since
    answer(SESSION_OK);
    buffer_clear(&sessions.told);
    log_entry(4, "user:u1", "{}");
    pass(60100);
    told("touch 1 [" AT(4) " " AT(4) "]#2; ");
    answer(SESSION_GONE);
    told("*restore u1 #2 *; ");
}

// The tail drops entries when it has 100,000 bytes of them.
static void push_out_of_the_tail(uint64_t from, uint64_t to)
{
    static char args[7002];

    memset(args, ' ', sizeof(args) - 1);
    args[0] = '{', args[sizeof(args) - 2] = '}';
    for (uint64_t seq = from; seq <= to; seq++)
        log_entry(seq, "elsewhere", args);
}

// Redis may lose what was noted, so it is written as often as it can be.
static void what_was_sent_last_is_told_while_the_tail_has_it(void **state)
{
    (void)state;
    log_entry(1, "elsewhere", "{}");
    connect_stored(0);
    for (uint64_t had = 1; had <= 2; had++) {
        buffer_clear(&sessions.told);
        pass(60100);
        told(had == 1 ? "touch 1 [" AT(1) " " AT(1) "]#1; " : "touch 1 [" AT(1) " " AT(2) "]#1; ");
        answer(SESSION_OK);
        log_entry(had + 1, "elsewhere", "{}");
    }
    push_out_of_the_tail(4, 30);
    buffer_clear(&sessions.told);
    pass(60100);
    told("touch 1 [ " AT(U) "]#1; ");
    answer(SESSION_OK);
}

// ---- coming back

static const struct session_room old_rooms[] = {
    ROOM("user:u1", 0, 0, 0),
    ROOM("conversation:c1", 1, 2, 0),
};

static struct session_record record(void)
{
    return (struct session_record){
        .key = {SPAN_LIT(PID), 7},
        .user = SPAN_LIT("u1"),
        .socket_id = SPAN_LIT(OLD_ID),
        .edge = SPAN_LIT("there"),
        .created_ms = 1,
        .rooms = old_rooms,
        .room_count = ARRAY_LEN(old_rooms),
    };
}

static void log_four(void)
{
    log_entry(1, "conversation:c1", "{\"n\":1}");
    log_entry(2, "user:u1", "{\"n\":2}");
    log_entry(3, "conversation:c1", "{\"n\":3}");
    log_entry(4, "elsewhere", "{\"n\":4}");
}

static void what_was_missed_follows_the_reply(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(1) "\",");
    assert_int_equal(peers[0].wrote.len, 0);
    told("claim " PID " u1; ");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{\"sid\":\"" OLD_ID "\",\"pid\":\"" PID "\"}+42[\"connected\",{*},\"" AT(
                 1) "\"]+"
                    "42[\"said\",{\"n\":2},\"" AT(2) "\"]+42[\"said\",{\"n\":3},\"" AT(3) "\"]|");
    told("*takeover there; touch 7 [" AT(3) " " AT(4) "]#1; ");
    buffer_clear(&peers[0].wrote);
    log_entry(5, "conversation:c1", "{\"n\":5}");
    hears(0, "42[\"said\",{\"n\":5},\"" AT(5) "\"]|");
    assert_int_equal(metric_get(&metrics.clients.recoveries[RECOVERY_DONE]), 1);
}

// In a rolling upgrade: the edges that the client and its session come from print offsets
// otherwise.
static void one_from_an_earlier_edge_gets_what_it_missed(void **state)
{
    struct session_record old = record();

    (void)state;
    old.sent = SPAN_LIT("1-1");
    old.had = SPAN_LIT("1-2");
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"1-1\",");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{\"sid\":\"" OLD_ID "\"*+42[\"connected\",{*},\"1-1\"]+"
             "42[\"said\",{\"n\":3},\"" AT(3) "\"]|");
}

// What the room said until then comes, and the others are told that the member is gone.
static void it_was_taken_out_of_a_room_while_away(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_action(5, "conversation:c1");
    log_action(6, "conversation:c2");
    log_action(7, "user:u1");
    log_entry(8, "conversation:c1", "{\"n\":8}");
    log_entry(9, "user:u1", "{\"n\":9}");
    buffer_clear(&bus.asked);
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(2) "\",");
    answer_claim(CLAIM_OK, &old);
    hears(0,
          "40{\"sid\":\"" OLD_ID "\"*+42[\"connected\",{*},\"" AT(
              2) "\"]+42[\"said\",{\"n\":3},\"" AT(3) "\"]+42[\"said\",{\"n\":9},\"" AT(9) "\"]|");
    told("*takeover there; leave 7 conversation:c1; touch 7 *");
    assert_matches(&bus.asked, "publish 0 conversation:c1 user_left; ");
    buffer_clear(&peers[0].wrote);
    log_entry(10, "conversation:c1", "{\"n\":10}");
    assert_int_equal(peers[0].wrote.len, 0);
}

static void a_room_that_it_has_joined_since_stays(void **state)
{
    static const struct session_room rooms[] = {
        ROOM("user:u1", 0, 0, 0),
        ROOM("conversation:c1", 1, 5, 0),
    };
    struct session_record old = record();

    (void)state;
    old.rooms = rooms;
    log_four();
    log_action(5, "conversation:c1");
    log_entry(6, "conversation:c1", "{\"n\":6}");
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(4) "\",");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{\"sid\":\"" OLD_ID
             "\"*+42[\"connected\",{*},\"" AT(4) "\"]+42[\"said\",{\"n\":6},\"" AT(6) "\"]|");
}

// It was told of the action, and of more, but the store never was: it was away, or the edge died.
static void an_action_that_the_store_was_not_told_of_counts(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_action(5, "conversation:c1");
    log_entry(6, "conversation:c1", "{\"n\":6}");
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(6) "\",");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{\"sid\":\"" OLD_ID "\"*+42[\"connected\",{*},\"" AT(6) "\"]|");
    told("*takeover there; leave 7 conversation:c1; touch 7 *");
    buffer_clear(&peers[0].wrote);
    log_entry(7, "conversation:c1", "{\"n\":7}");
    assert_int_equal(peers[0].wrote.len, 0);
}

static void a_disconnection_that_the_store_was_not_told_of_counts(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_action(5, "");
    log_entry(6, "conversation:c1", "{\"n\":6}");
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(6) "\",");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{*}+42[\"connected\",*,\"" AT(6) "\"]|");
    assert_int_equal(metric_get(&metrics.clients.recoveries[RECOVERY_KICKED]), 1);
}

// They were carried out on the session before.
static void actions_from_before_the_session_do_not_count(void **state)
{
    static const struct session_room rooms[] = {
        ROOM("user:u1", 1, 5, 0),
        ROOM("conversation:c1", 1, 5, 0),
    };
    struct session_record old = record();

    (void)state;
    old.rooms = rooms;
    log_four();
    log_action(5, "");
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(5) "\",");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{\"sid\":\"" OLD_ID "\"*");
}

static void its_user_was_disconnected_while_away(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_action(5, "");
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(4) "\",");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{*}+42[\"connected\",*,\"" AT(5) "\"]|");
    told("*drop 7; put u1 user:u1@1-5; ");
    assert_int_equal(metric_get(&metrics.clients.recoveries[RECOVERY_KICKED]), 1);
}

// It is not known yet which session it is when the action comes.
static void its_user_is_disconnected_before_the_claim_is_answered(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(4) "\",");
    log_action(5, "");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{*}+42[\"connected\",*,\"" AT(5) "\"]|");
    assert_int_equal(metric_get(&metrics.clients.recoveries[RECOVERY_KICKED]), 1);
}

static void actions_are_carried_out_on_those_who_are_there(void **state)
{
    (void)state;
    connect_with(0, "");
    say(0, "421[\"join_room\",{\"roomType\":\"conversation\",\"roomId\":\"c1\"}]");
    answer(SESSION_OK);
    answer(SESSION_OK);
    buffer_clear(&peers[0].wrote);
    buffer_clear(&bus.asked);
    log_action(1, "user:u1");
    log_action(2, "conversation:c2");
    assert_int_equal(bus.asked.len, 0);
    log_action(3, "conversation:c1");
    log_entry(4, "conversation:c1", "{\"n\":4}");
    assert_int_equal(peers[0].wrote.len, 0); // at once, before the store has it
    assert_matches(&bus.asked, "publish 0 conversation:c1 user_left; ");
    told("*leave 1 conversation:c1; ");
    log_action(5, "conversation:c1");
    assert_int_equal(metric_get(&metrics.clients.expelled), 1);
    log_action(6, "");
    hears(0, "41|");
    assert_int_equal(metric_get(&metrics.clients.disconnected), 1);
}

// ---- let into rooms by services

#define RECOVERED(offset) "40{\"sid\":\"" OLD_ID "\"*+42[\"connected\",*Gateway\"},\"" offset "\"]"
#define SAID(n)           "+42[\"said\",{\"n\":" #n "},\"" AT(n) "\"]"

static void recover_from(const char *offset, const struct session_record *old)
{
    char members[64];

    snprintf(members, sizeof(members), "\"pid\":\"" PID "\",\"offset\":\"%s\",", offset);
    connect_with(0, members);
    answer_claim(CLAIM_OK, old);
}

static void those_who_are_there_enter_at_once(void **state)
{
    (void)state;
    connect_stored(0);
    forget_what_was_told();
    buffer_clear(&peers[0].wrote);
    log_join(1, "conversation:c1", "added");
    hears(0, "42[\"added\",{},\"" AT(1) "\"]|");
    assert_matches(&bus.asked, "publish 0 conversation:c1 user_joined; ");
    buffer_clear(&peers[0].wrote);
    log_entry(2, "conversation:c1", "{\"n\":2}");
    hears(0, "42[\"said\",{\"n\":2},\"" AT(2) "\"]|"); // before the store has it
    pass(20);
    told("restore u1 acted=1-1 user:u1@0-0 conversation:c1@0-0!; ");
    assert_int_equal(metric_get(&metrics.clients.admitted), 1);
    buffer_clear(&bus.asked);
    log_join(3, "conversation:c1", "");
    assert_int_equal(bus.asked.len, 0);
}

static void a_join_that_is_pending_is_granted(void **state)
{
    (void)state;
    connect_stored(0);
    say(0, "421[\"join_room\",{\"roomType\":\"desk\",\"roomId\":\"1\"}]");
    buffer_clear(&peers[0].wrote);
    log_join(1, "desk:1", "");
    hears(0, JOINED);
    buffer_clear(&peers[0].wrote);
    log_entry(2, "desk:1", "{\"n\":2}");
    hears(0, "42[\"said\"*");
}

static void a_leave_that_is_pending_is_undone(void **state)
{
    (void)state;
    connect_in_c1();
    say(0, LEAVE_C1);
    log_join(1, "conversation:c1", "");
    answer(SESSION_OK);
    buffer_clear(&peers[0].wrote);
    log_entry(2, "conversation:c1", "{\"n\":2}");
    hears(0, "42[\"said\"*");
    pass(20);
    told("*restore u1 acted=1-1 user:u1@0-0 conversation:c1@0-0!; ");
}

// The stage allows three rooms, and one is the user's own.
static void one_in_enough_rooms_is_not_let_in(void **state)
{
    (void)state;
    connect_stored(0);
    log_join(1, "conversation:c1", "");
    log_join(2, "conversation:c2", "");
    log_join(3, "conversation:c3", "");
    log_join(4, "nowhere:1", ""); // of no type
    log_join(5, "user:u2", "");
    buffer_clear(&peers[0].wrote);
    log_entry(6, "conversation:c3", "{}");
    log_entry(7, "nowhere:1", "{}");
    log_entry(8, "user:u2", "{}");
    assert_int_equal(peers[0].wrote.len, 0);
    assert_int_equal(metric_get(&metrics.clients.admitted), 2);
    assert_int_equal(metric_get(&metrics.clients.not_admitted), 1);
}

static void it_was_let_into_a_room_while_away(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_entry(5, "side:1", "{\"n\":5}");
    log_join(6, "side:1", "");
    log_entry(7, "side:1", "{\"n\":7}");
    log_entry(8, "conversation:c1", "{\"n\":8}");
    buffer_clear(&bus.asked);
    recover_from(AT(4), &old);
    hears(0, RECOVERED(AT(4)) SAID(7) SAID(8) "|");
    assert_matches(&bus.asked, "publish 0 side:1 user_joined; ");
    buffer_clear(&peers[0].wrote);
    log_entry(9, "side:1", "{\"n\":9}");
    hears(0, "42[\"said\",{\"n\":9},*");
    pass(20);
    told("*restore u1 #1 acted=1-6 user:u1@0-0 conversation:c1@1-2 side:1@1-5!; ");
}

static void it_gets_the_event_by_which_it_was_let_in(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_join(5, "side:1", "added");
    recover_from(AT(4), &old);
    hears(0, RECOVERED(AT(4)) "+42[\"added\",{},\"" AT(5) "\"]|");
}

// What was said while it was out is not for it.
static void out_and_in_again_while_away(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_action(5, "conversation:c1");
    log_entry(6, "conversation:c1", "{\"n\":6}");
    log_join(7, "conversation:c1", "");
    log_entry(8, "conversation:c1", "{\"n\":8}");
    buffer_clear(&bus.asked);
    recover_from(AT(2), &old);
    hears(0, RECOVERED(AT(2)) SAID(3) SAID(8) "|");
    assert_int_equal(bus.asked.len, 0);
    buffer_clear(&peers[0].wrote);
    log_entry(9, "conversation:c1", "{\"n\":9}");
    hears(0, "42[\"said\",{\"n\":9},*");
    pass(20);
    told("*restore u1 #1 acted=1-7 user:u1@0-0 conversation:c1@1-6!; ");
}

static void in_and_out_again_while_away(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_join(5, "side:1", "");
    log_entry(6, "side:1", "{\"n\":6}");
    log_action(7, "side:1");
    log_entry(8, "side:1", "{\"n\":8}");
    buffer_clear(&bus.asked);
    recover_from(AT(4), &old);
    hears(0, RECOVERED(AT(4)) SAID(6) "|");
    assert_int_equal(bus.asked.len, 0);
    buffer_clear(&peers[0].wrote);
    log_entry(9, "side:1", "{}");
    assert_int_equal(peers[0].wrote.len, 0);
}

// It was at its edge when it was let in, but the edge died before the store had it.
static void a_room_that_the_store_was_not_told_of_is_entered(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_join(5, "side:1", "");
    log_entry(6, "side:1", "{\"n\":6}");
    log_entry(7, "side:1", "{\"n\":7}");
    recover_from(AT(6), &old);
    hears(0, RECOVERED(AT(6)) SAID(7) "|");
}

// It has asked to leave the room since, and has its ack.
static void a_room_that_it_has_left_since_stays_left(void **state)
{
    struct session_record old = record();

    (void)state;
    old.acted = (struct position){1, 5};
    log_four();
    log_join(5, "side:1", "");
    log_entry(6, "side:1", "{\"n\":6}");
    recover_from(AT(5), &old);
    hears(0, RECOVERED(AT(5)) "|");
}

// Another edge was further: there it was let in and has left again.
static void a_room_that_it_has_left_at_an_edge_ahead_stays_left(void **state)
{
    struct session_record old = record();

    (void)state;
    old.acted = (struct position){1, 5};
    log_four();
    recover_from(AT(4), &old);
    buffer_clear(&peers[0].wrote);
    log_join(5, "side:1", "");
    log_entry(6, "side:1", "{\"n\":6}");
    assert_int_equal(peers[0].wrote.len, 0);
    assert_int_equal(metric_get(&metrics.clients.admitted), 0);
    log_join(7, "side:1", "");
    log_entry(8, "side:1", "{\"n\":8}");
    hears(0, "42[\"said\",{\"n\":8},*");
}

static void a_leave_says_which_action_came_before(void **state)
{
    (void)state;
    connect_in_c1();
    log_join(1, "conversation:c1", ""); // it is in already
    pass(20);
    answer(SESSION_OK);
    buffer_clear(&sessions.told);
    say(0, LEAVE_C1);
    told("leave 1 conversation:c1 acted=1-1; ");
}

static void a_leave_after_the_recovery_says_it_too(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_join(5, "side:1", "");
    recover_from(AT(4), &old);
    buffer_clear(&sessions.told);
    log_action(6, "side:1");
    told("leave 7 side:1; restore u1 #1 acted=1-5 user:u1@0-0 conversation:c1@1-2; ");
}

// The record goes with the leave, not when it would be written by itself.
static void a_leave_of_another_room_keeps_the_one_that_an_action_let_in(void **state)
{
    (void)state;
    connect_in_c1();
    log_join(1, "side:1", "");
    buffer_clear(&sessions.told);
    say(0, LEAVE_C1);
    told("leave 1 conversation:c1; restore u1 acted=1-1 user:u1@0-0 side:1@0-0!; ");
    buffer_clear(&sessions.told);
    pass(20);
    assert_int_equal(sessions.told.len, 0);
}

static void a_leave_after_an_outage_keeps_it_too(void **state)
{
    (void)state;
    connect_in_c1();
    sessions.up = false;
    log_join(1, "side:1", "");
    say(0, LEAVE_C1);
    come_back(false);
    told("leave 1 conversation:c1; restore u1 acted=1-1 user:u1@0-0 side:1@0-0!; ");
}

static void being_taken_out_during_an_outage_keeps_it_too(void **state)
{
    (void)state;
    connect_in_c1();
    sessions.up = false;
    log_join(1, "side:1", "");
    log_action(2, "conversation:c1");
    come_back(false);
    told("leave 1 conversation:c1; restore u1 acted=1-1 user:u1@0-0 side:1@0-0!; ");
}

static void a_leave_at_a_store_that_may_lack_the_room_keeps_it_too(void **state)
{
    (void)state;
    connect_in_c1();
    log_join(1, "side:1", "");
    pass(20);
    answer(SESSION_OK);
    sessions.up = false;
    say(0, LEAVE_C1);
    come_back(true);
    told("leave 1 conversation:c1; restore u1 acted=1-1 user:u1@0-0 side:1@0-0!; ");
}

static void a_leave_that_is_sent_again_keeps_a_room_that_was_entered_since(void **state)
{
    (void)state;
    connect_in_c1();
    log_action(1, "conversation:c1");
    sessions.up = false;
    answer(SESSION_AWAY);
    log_join(2, "conversation:c1", "");
    come_back(false);
    told("leave 1 conversation:c1; restore u1 acted=1-2 user:u1@0-0 conversation:c1@1-1!; ");
}

// The leave was refused, and what followed it was not.
static void a_leave_that_is_sent_late_keeps_a_room_that_was_entered_since(void **state)
{
    (void)state;
    connect_in_c1();
    log_action(1, "conversation:c1");
    answer(SESSION_AWAY);
    join_c1(0);
    come_back(false);
    told("leave 1 conversation:c1; restore u1 user:u1@0-0 conversation:c1@1-1; ");
}

static void an_operator_took_it_out_after_it_was_let_in(void **state)
{
    const struct session_taken taken[] = {{SPAN_LIT("side:1"), UINT64_MAX}};
    struct session_record old = record();

    (void)state;
    old.taken = taken;
    old.taken_count = 1;
    log_four();
    log_join(5, "side:1", "");
    log_join(6, "side:2", "");
    log_entry(7, "side:1", "{\"n\":7}");
    log_entry(8, "side:2", "{\"n\":8}");
    recover_from(AT(4), &old);
    hears(0, RECOVERED(AT(4)) SAID(8) "|");
}

static void an_operator_takes_it_out_while_it_waits(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_join(5, "side:1", "");
    recover_from(AT(7), &old); // further than this edge
    command(&(struct control){
        .kind = CONTROL_LEAVE, .user = SPAN_LIT("u1"), .room = SPAN_LIT("side:1")});
    log_entry(6, "elsewhere", "{}");
    log_entry(7, "elsewhere", "{}");
    pass(30);
    hears(0, RECOVERED(AT(7)) "|");
    buffer_clear(&peers[0].wrote);
    log_entry(8, "side:1", "{}");
    assert_int_equal(peers[0].wrote.len, 0);
}

// Otherwise its token would have to name the room.
static void a_service_that_lets_in_outweighs_the_token(void **state)
{
    static const struct session_room rooms[] = {
        ROOM("user:u1", 0, 0, 0),
        {.name = SPAN_INIT("listed:1"), .joined = {1, {{1, 2}}}, .by_action = true},
        ROOM("listed:2", 1, 2, 0),
    };
    struct session_record old = record();

    (void)state;
    old.rooms = rooms;
    old.room_count = ARRAY_LEN(rooms);
    log_four();
    recover_from(AT(4), &old);
    told("*leave 7 listed:2; *");
    buffer_clear(&peers[0].wrote);
    log_entry(5, "listed:1", "{\"n\":5}");
    log_entry(6, "listed:2", "{\"n\":6}");
    hears(0, "42[\"said\",{\"n\":5},\"" AT(5) "\"]|");
}

static void no_more_rooms_at_a_recovery(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    log_join(5, "side:1", "");
    log_join(6, "side:2", "");
    log_entry(7, "side:1", "{\"n\":7}");
    log_entry(8, "side:2", "{\"n\":8}");
    recover_from(AT(4), &old);
    hears(0, RECOVERED(AT(4)) SAID(7) "|");
    assert_int_equal(metric_get(&metrics.clients.not_admitted), 1);
}

// It is in no room of the session, and in none of the three that the client may be in.
static void what_everybody_was_told_while_it_was_away(void **state)
{
    struct session_record old = record();
    const struct span more[] = {SPAN_INIT("conversation:c1"), SPAN_INIT("*")};

    (void)state;
    log_four();
    log_entry(5, "*", "{\"n\":5}");
    log_envelope(6, (struct envelope){.room = SPAN_LIT("user:u1"),
                                      .event = SPAN_LIT("said"),
                                      .args = SPAN_LIT("{\"n\":6}"),
                                      .more_rooms = more,
                                      .more_count = ARRAY_LEN(more)});
    log_join(7, "side:1", "");
    log_entry(8, "side:1", "{\"n\":8}");
    recover_from(AT(4), &old);
    hears(0, RECOVERED(AT(4)) SAID(5) SAID(6) SAID(8) "|");
    buffer_clear(&peers[0].wrote);
    log_entry(9, "*", "{\"n\":9}");
    hears(0, "42[\"said\",{\"n\":9},\"" AT(9) "\"]|");
}

static void what_everybody_was_told_before_the_session_does_not_come(void **state)
{
    static const struct session_room rooms[] = {ROOM("user:u1", 1, 5, 0)};
    struct session_record old = record();

    (void)state;
    old.rooms = rooms;
    old.room_count = 1;
    log_four();
    log_entry(5, "*", "{\"n\":5}");
    log_entry(6, "*", "{\"n\":6}");
    recover_from(AT(4), &old);
    hears(0, RECOVERED(AT(4)) SAID(6) "|");
}

static void many_rooms_while_away(void **state)
{
    struct session_record old = record();
    uint64_t seq = 4;

    (void)state;
    log_four();
    for (int i = 0; i < 100; i++) {
        char room[32];
        snprintf(room, sizeof(room), "side:%d", i);
        log_join(++seq, room, "");
        log_action(++seq, room);
    }
    log_join(++seq, "side:last", "added");
    recover_from(AT(4), &old);
    hears(0, RECOVERED(AT(4)) "+42[\"added\",{},\"*\"]|");
}

// It never got as far as its first event.
static void without_an_offset_everything_since_the_joins_comes(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{*}+42[\"connected\",{*\"}]+42[\"said\",{\"n\":2},\"" AT(
                 2) "\"]+"
                    "42[\"said\",{\"n\":3},\"" AT(3) "\"]|");
}

static void it_waits_until_it_is_past_all_joins(void **state)
{
    struct session_record old = record();

    (void)state;
    log_entry(1, "conversation:c1", "{\"n\":1}");
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(1) "\",");
    answer_claim(CLAIM_OK, &old);
    pass(1000);
    assert_int_equal(peers[0].wrote.len, 0);
    log_entry(2, "conversation:c1", "{\"n\":2}"); // before the join
    log_entry(3, "conversation:c1", "{\"n\":3}");
    pass(30);
    hears(0, "40{*}+42[\"connected\",{*},\"" AT(1) "\"]+42[\"said\",{\"n\":3},\"" AT(3) "\"]|");
}

static void one_that_waits_and_is_overtaken_starts_afresh(void **state)
{
    struct session_record old = record();

    (void)state;
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(9) "\",");
    answer_claim(CLAIM_OK, &old);
    connect_with(1, "\"pid\":\"" PID "\",\"offset\":\"" AT(9) "\",");
    old.key.generation++;
    answer_claim(CLAIM_OK, &old);
    hears(0, WELCOME);
    assert_int_equal(peers[1].wrote.len, 0);
    assert_int_equal(metric_get(&metrics.clients.recoveries[RECOVERY_OVERTAKEN]), 1);
}

static void one_that_was_told_to_have_left_is_told_to_have_joined(void **state)
{
    struct session_record old = record();

    (void)state;
    old.left = true;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(4) "\",");
    buffer_clear(&bus.asked);
    answer_claim(CLAIM_OK, &old);
    assert_matches(&bus.asked, "publish 0 conversation:c1 user_joined; ");
    assert_null(strstr(sessions.told.ptr, "takeover"));
}

static void freshness_is_for_those_who_have_all_that_was_sent(void **state)
{
    struct session_record old = record();

    (void)state;
    old.sent = SPAN_LIT(AT(1));
    old.had = SPAN_LIT(AT(3));
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(1) "\",");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{*}+42[\"connected\",{*},\"" AT(1) "\"]|");
    leave(0);
    while (fake_take_request(&sessions))
        continue;
    old.sent = SPAN_LIT(AT(2));
    connect_with(1, "\"pid\":\"" PID "\",\"offset\":\"" AT(1) "\",");
    answer_claim(CLAIM_OK, &old);
    hears(1, "40{*}+42[\"connected\",{*},\"" AT(1) "\"]+42[\"said\",{\"n\":2},*");
}

static void it_waits_until_this_edge_is_far_enough(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(5) "\",");
    answer_claim(CLAIM_OK, &old);
    pass(1000);
    assert_int_equal(peers[0].wrote.len, 0);
    log_entry(5, "conversation:c1", "{\"n\":5}");
    log_entry(6, "conversation:c1", "{\"n\":6}");
    pass(30);
    hears(0, "40{\"sid\":\"" OLD_ID
             "\"*+42[\"connected\",{*},\"" AT(5) "\"]+"
                                                 "42[\"said\",{\"n\":6},\"" AT(6) "\"]|");
}

static void one_that_waits_gets_nothing_of_a_type_that_is_gone_meanwhile(void **state)
{
    struct session_record old = record();
    struct gateway_file *first = file;

    (void)state;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(5) "\",");
    answer_claim(CLAIM_OK, &old);
    file = file_of(SPAN_LIT("{\"rooms\":{\"desk\":{\"join\":\"open\"}}}"), ROOM_JOIN_OPEN);
    gateway_file_succeed(file, first, clock_wall_ms());
    gateway_replace_file(gateway, file);
    gateway_file_free(first);
    log_entry(5, "conversation:c1", "{\"n\":5}");
    log_entry(6, "conversation:c1", "{\"n\":6}");
    pass(30);
    hears(0, "40{\"sid\":\"" OLD_ID "\"*+42[\"connected\",{*},\"" AT(5) "\"]|");
    told("*leave 7 conversation:c1; *");
}

struct refusal_row {
    const char *name;
    const char *members;
    enum session_claim claim;
    void (*change)(struct session_record *record);
    enum recovery_result result;
    bool drops;
};

static void make_stale(struct session_record *old)
{
    old->stale = SPAN_LIT(AT(4));
}

static void make_lost(struct session_record *old)
{
    old->lost[0] = (struct position){1, 5};
}

#define WITH_OFFSET(offset) "\"pid\":\"" PID "\",\"offset\":" offset ","

// clang-format off
static const struct refusal_row refusals[] = {
    {"no such session", WITH_OFFSET("\"" AT(4) "\""), CLAIM_UNKNOWN, NULL, RECOVERY_UNKNOWN, false},
    {"of another user", WITH_OFFSET("\"" AT(4) "\""), CLAIM_FOREIGN, NULL, RECOVERY_FOREIGN, false},
    {"kicked", WITH_OFFSET("\"" AT(4) "\""), CLAIM_KICKED, NULL, RECOVERY_KICKED, false},
    {"claimed too often", WITH_OFFSET("\"" AT(4) "\""), CLAIM_TOO_OFTEN, NULL, RECOVERY_TOO_OFTEN, false},
    {"restored lately", WITH_OFFSET("\"" AT(4) "\""), CLAIM_RESTORED, NULL, RECOVERY_RESTORED, false},
    {"an offset that is none", WITH_OFFSET("\"x\""), CLAIM_OK, NULL, RECOVERY_OFFSET, true},
    {"an offset that is null", WITH_OFFSET("null"), CLAIM_OK, NULL, RECOVERY_OFFSET, true},
    {"an offset of two shards", WITH_OFFSET("\"" AT(4) ".00\""), CLAIM_OK, NULL, RECOVERY_OFFSET, true},
    {"an offset of no entry", WITH_OFFSET("\"00000009\""), CLAIM_OK, NULL, RECOVERY_REACH, true},
    {"from before the session, written as earlier", WITH_OFFSET("\"1-4\""), CLAIM_OK, make_stale, RECOVERY_STALE, true},
    {"an offset from before the session", WITH_OFFSET("\"" AT(4) "\""), CLAIM_OK, make_stale, RECOVERY_STALE, true},
    {"events were lost since", WITH_OFFSET("\"" AT(4) "\""), CLAIM_OK, make_lost, RECOVERY_REACH, true},
};
// clang-format on

static void is_refused(void **state)
{
    const struct refusal_row *row = *state;
    struct session_record old = record();

    (void)begin(NULL);
    log_four();
    if (row->change)
        row->change(&old);
    connect_with(0, row->members);
    answer_claim(row->claim, row->claim == CLAIM_OK ? &old : NULL);
    hears(0, "40{\"sid\":\"*\",\"pid\":\"*\"}+42[\"connected\",{*},\"" AT(4) "\"]|");
    assert_null(strstr(peers[0].wrote.ptr, PID));
    assert_int_equal(metric_get(&metrics.clients.recoveries[row->result]), 1);
    assert_int_equal(strstr(sessions.told.ptr, "drop 7; ") != NULL, row->drops);
    (void)end(NULL);
}

static void patience_has_an_end(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(5) "\",");
    answer_claim(CLAIM_OK, &old);
    pass(5010);
    hears(0, "40{\"sid\":\"*\",\"pid\":\"*\"}+42[\"connected\",{*},\"" AT(4) "\"]|");
    told("*drop 7; put u1 stale=" AT(5) " user:u1@1-4; ");
    assert_int_equal(metric_get(&metrics.clients.recoveries[RECOVERY_AHEAD]), 1);
}

static void the_store_is_waited_for(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    sessions.up = false;
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(4) "\",");
    pass(2000);
    assert_int_equal(peers[0].wrote.len, 0);
    sessions.up = true;
    sessions.store.on_up(false, sessions.store.arg);
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{\"sid\":\"" OLD_ID "\"*");
}

static void the_store_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    sessions.up = false;
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(4) "\",");
    pass(5010);
    hears(0, "40{\"sid\":\"*\",\"pid\":\"*\"}+42[\"connected\",*");
    assert_int_equal(metric_get(&metrics.clients.recoveries[RECOVERY_AWAY]), 1);
}

static void too_much_at_once(void **state)
{
    struct session_record old = record();
    static char args[7002];

    (void)state;
    memset(args, ' ', sizeof(args) - 1);
    args[0] = '{', args[sizeof(args) - 2] = '}';
    for (uint64_t n = 1; n <= 9; n++)
        log_entry(n, "user:u1", args);
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(1) "\",");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{\"sid\":\"*\",\"pid\":\"*\"}+42[\"connected\",{*},\"" AT(9) "\"]|");
    assert_int_equal(metric_get(&metrics.clients.recoveries[RECOVERY_TOO_MUCH]), 1);
}

// The user may have one socket, and the old one makes room for the new one.
static void the_old_connection_ends_here(void **state)
{
    struct session_record old = record();
    char sid[SIO_ID_LEN + 1];

    (void)state;
    connect_stored(0);
    memcpy(sid, strstr(peers[0].wrote.ptr, "\"sid\":\"") + 7, SIO_ID_LEN);
    sid[SIO_ID_LEN] = '\0';
    old.socket_id = span_of(sid);
    old.edge = SPAN_LIT("here");
    join_c1(0);
    buffer_clear(&bus.asked);
    buffer_clear(&peers[0].wrote);
    log_four();
    buffer_clear(&peers[0].wrote);
    connect_with(1, "\"pid\":\"" PID "\",\"offset\":\"" AT(4) "\",");
    answer_claim(CLAIM_OK, &old);
    hears(0, "41|");
    hears(1, "40{\"sid\":\"*\",\"pid\":\"" PID "\"}+*");
    assert_int_equal(bus.asked.len, 0);
}

static void a_takeover_ends_the_connection_here(void **state)
{
    char sid[SIO_ID_LEN + 1];

    (void)state;
    connect_stored(0);
    memcpy(sid, strstr(peers[0].wrote.ptr, "\"sid\":\"") + 7, SIO_ID_LEN);
    sid[SIO_ID_LEN] = '\0';
    join_c1(0);
    buffer_clear(&bus.asked);
    for (uint32_t generation = 1; generation <= 2; generation++) {
        buffer_clear(&peers[0].wrote);
        command(&(struct control){.kind = CONTROL_TAKEOVER,
                                  .user = SPAN_LIT("u1"),
                                  .socket = span_of(sid),
                                  .generation = generation});
        if (generation > 1)
            hears(0, "41|");
        else
            assert_int_equal(peers[0].wrote.len, 0); // it is this one's own
    }
    assert_int_equal(bus.asked.len, 0);
}

#define LEAVE_U1                                                                                   \
    &(struct control)                                                                              \
    {                                                                                              \
        .kind = CONTROL_LEAVE, .user = SPAN_LIT("u1"), .room = SPAN_LIT("conversation:c1"),        \
        .ask = 7                                                                                   \
    }

static void one_that_waits_is_taken_out_of_a_room(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(5) "\",");
    answer_claim(CLAIM_OK, &old);
    buffer_clear(&bus.asked);
    command(LEAVE_U1);
    asked("kicked 1 at here for 7; ");
    told("*leave 7 conversation:c1; ");
    log_entry(5, "conversation:c1", "{\"n\":5}");
    pass(100);
    hears(0, "40{\"sid\":\"" OLD_ID "\",\"pid\":\"" PID "\"}+42[\"connected\",{*},\"" AT(5) "\"]|");
    buffer_clear(&peers[0].wrote);
    log_entry(6, "conversation:c1", "{\"n\":6}");
    hears(0, "");
}

static void one_that_waits_and_is_kicked_starts_afresh(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(5) "\",");
    answer_claim(CLAIM_OK, &old);
    command(&(struct control){.kind = CONTROL_KICK, .user = SPAN_LIT("u1")});
    hears(0, "40{\"sid\":\"*\",\"pid\":\"*\"}+42[\"connected\",{*},\"" AT(4) "\"]|");
    assert_null(strstr(peers[0].wrote.ptr, PID));
    assert_int_equal(metric_get(&metrics.clients.recoveries[RECOVERY_KICKED]), 1);
}

// Whether the answer to its claim is from before the command cannot be told.
static void one_whose_claim_is_not_answered_starts_afresh(void **state)
{
    (void)state;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(4) "\",");
    command(LEAVE_U1);
    hears(0, "40{\"sid\":\"*\",\"pid\":\"*\"}+42[\"connected\",{*},\"" AT(4) "\"]|");
    assert_null(strstr(peers[0].wrote.ptr, PID));
    assert_int_equal(metric_get(&metrics.clients.recoveries[RECOVERY_KICKED]), 1);
}

static void one_that_waits_is_refused_when_its_token_is_revoked(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(5) "\",");
    answer_claim(CLAIM_OK, &old);
    command(&(struct control){
        .kind = CONTROL_REVOKE, .user = SPAN_LIT("u1"), .at_ms = 1, .until_ms = UINT64_MAX});
    hears(0, "44{\"message\":\"Authentication error: jwt revoked\"}|");
    buffer_clear(&peers[0].wrote);
    log_entry(5, "conversation:c1", "{\"n\":5}");
    pass(6000);
    hears(0, "");
    assert_int_equal(metric_get(&metrics.clients.auth_refused[TOKEN_REVOKED]), 1);
    assert_int_equal(metric_get(&metrics.clients.revoked), 1);
}

static void lose_what_came_before_nine(void)
{
    struct buffer bytes = {0};
    const struct envelope envelope = {
        .position = {1, 9}, .prev = {1, 8}, .room = SPAN_LIT("r"), .event = SPAN_LIT("e")};
    struct bus_entry entry = {.position = {1, 9}};

    envelope_encode(&envelope, &bytes);
    entry.envelope = buffer_span(&bytes);
    bus.bus.handlers.on_envelope(0, entry.envelope, bus.bus.handlers.arg);
    bus.bus.handlers.on_page(0, &entry, 1, bus.bus.handlers.arg);
    buffer_fini(&bytes);
}

static void a_loss_is_reported(void **state)
{
    (void)state;
    log_four();
    lose_what_came_before_nine();
    told("lost 0 1-4; ");
}

// ---- a store that may lack what it has answered

static void a_loss_is_reported_once_the_store_is_back(void **state)
{
    (void)state;
    log_four();
    sessions.up = false;
    lose_what_came_before_nine();
    come_back(false);
    told("lost 0 1-4; ");
    come_back(false);
    told("");
}

// Client 0 joins last, so it was written last.
static void connect_two(void)
{
    connect_stored(0);
    connect_peer(1, "", "{\"id\":\"u2\"}");
    answer(SESSION_OK);
    join_c1(0);
}

static void all_is_written_again_beginning_with_the_newest(void **state)
{
    (void)state;
    connect_two();
    come_back(true);
    assert_int_equal(sessions.told.len, 0); // not in one turn
    pass(20);
    told("restore u1 user:u1@0-0 conversation:c1@0-0; restore u2 user:u2@0-0; ");
    assert_int_equal(metric_get(&metrics.clients.sessions.rewritten), 2);
}

static void a_leave_is_part_of_what_is_written_again(void **state)
{
    (void)state;
    connect_in_c1();
    say(0, LEAVE_C1);
    answer(SESSION_OK);
    come_back(true);
    pass(20);
    told("restore u1 user:u1@0-0; ");
}

static void a_store_that_lacks_nothing_gets_nothing(void **state)
{
    (void)state;
    connect_two();
    come_back(false);
    pass(5000);
    assert_int_equal(sessions.told.len, 0);
    assert_int_equal(metric_get(&metrics.clients.sessions.rewritten), 0);
}

static void a_later_generation_ends_the_connection_that_writes_again(void **state)
{
    (void)state;
    connect_in_c1();
    come_back(true);
    pass(20);
    answer(SESSION_TAKEN);
    hears(0, "*41|");
    assert_int_equal(bus.asked.len, 0); // nobody is told that the user left
}

static void claims_wait_until_all_is_written_again(void **state)
{
    struct session_record old = record();

    (void)state;
    log_four();
    sessions.up = false;
    connect_with(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(4) "\",");
    pass(4500);
    come_back(true);
    pass(1190); // longer than it would wait for a store that is down
    assert_int_equal(sessions.told.len, 0);
    pass(20);
    told("claim " PID " u1; ");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{\"sid\":\"" OLD_ID "\"*");
}

static void joins_do_not_wait_until_all_is_written_again(void **state)
{
    (void)state;
    connect_stored(0);
    come_back(true);
    join_c1(0);
}

// ---- rooms that a service lets clients into

static void recover_into(const char *room, uint64_t granted_ms, const char *payload)
{
    const struct session_room rooms[] = {
        ROOM("user:u1", 0, 0, 0),
        {.name = span_of(room), .joined.shards = 1, .granted_ms = granted_ms},
    };
    struct session_record old = record();

    old.rooms = rooms;
    log_four();
    connect_peer(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(4) "\",", payload);
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{\"sid\":\"" OLD_ID "\"*");
    buffer_clear(&peers[0].wrote);
}

struct regrant_row {
    const char *name, *room;
    uint64_t ago_ms; // the grant
    const char *payload;
    bool asks;
    uint64_t rule_ago_ms; // since when the type has its rule; 0: since the start
};

#define OF_U1(claims) "{\"id\":\"u1\"" claims "}"

static const struct regrant_row regrants[] = {
    {"a fresh grant", "desk:1", 1000, OF_U1(""), false, 0},
    {"an old grant", "desk:1", 601000, OF_U1(""), true, 0},
    {"a grant by another rule", "desk:1", 1000, OF_U1(""), true, 500},
    {"a grant by this rule", "desk:1", 1000, OF_U1(""), false, 1500},
    {"the token names the room", "order:1", 601000, OF_U1(",\"order\":1"), false, 0},
    {"a former token may have named the room", "order:1", 1000, OF_U1(",\"order\":2"), true, 0},
    {"the claim is gone", "order:1", 1000, OF_U1(""), true, 0},
};

static void change_rules(uint64_t ago_ms)
{
    for (size_t i = 0; i < file->rooms->count && ago_ms > 0; i++)
        file->rooms->items[i].rule_since_ms = clock_wall_ms() - ago_ms;
}

static void is_asked_about_again(void **state)
{
    const struct regrant_row *row = *state;

    (void)begin(NULL);
    change_rules(row->rule_ago_ms);
    recover_into(row->room, clock_wall_ms() - row->ago_ms, row->payload);
    assert_int_equal(fake_authority_count(&authority), row->asks);
    if (row->asks)
        fake_authority_answer(&authority, SERVICE_ANSWER_NO);
    turn();
    log_entry(5, row->room, "{}");
    assert_int_equal(peers[0].wrote.len == 0, row->asks);
    (void)end(NULL);
}

// ---- rooms that the claims of the token name

static void connect_in_teams(int who, const char *members, const char *teams)
{
    char payload[128];

    snprintf(payload, sizeof(payload), "{\"id\":\"u1\",\"team\":%s}", teams);
    connect_peer(who, members, payload);
}

static struct session_room team_rooms[] = {
    ROOM("user:u1", 1, 1, 1),
    ROOM("team:a", 1, 1, 1),
    ROOM("side:s", 1, 1, 1),
};

static struct session_record team_record(void)
{
    struct session_record old = record();

    old.rooms = team_rooms;
    old.room_count = ARRAY_LEN(team_rooms);
    team_rooms[2].by_action = true; // a service has let it in
    return old;
}

static void rooms_of_claims_are_part_of_a_fresh_session(void **state)
{
    (void)state;
    connect_in_teams(0, "", "[\"a\",7,\"a\",{}]");
    hears(0, WELCOME);
    told("put u1 user:u1@0-0 team:a@0-0 team:7@0-0; ");
    assert_matches(&bus.asked, "*publish 0 team:a user_joined; publish 0 team:7 user_joined; ");
    log_entry(1, "team:7", "{}");
    hears(0, "*42[\"said\",{},\"" AT(1) "\"]|");
    assert_int_equal(metric_get(&metrics.rooms.claims_left_out), 1);
}

static void no_more_rooms_than_a_socket_may_have(void **state)
{
    (void)state;
    connect_in_teams(0, "", "[1,2,3,4]");
    told("put u1 user:u1@0-0 team:1@0-0 team:2@0-0; ");
    assert_int_equal(metric_get(&metrics.rooms.claims_left_out), 2);
}

static void a_recovered_client_is_in_the_rooms_of_its_new_claims(void **state)
{
    struct session_record old = team_record();

    (void)state;
    log_entry(1, "elsewhere", "{}");
    log_entry(2, "team:a", "{\"n\":2}");
    log_entry(3, "side:s", "{\"n\":3}");
    log_entry(4, "team:b", "{\"n\":4}");
    connect_in_teams(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(1) "\",", "\"b\"");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{\"sid\":\"" OLD_ID
             "\"*+42[\"connected\",{*},\"" AT(1) "\"]+"
                                                 "42[\"said\",{\"n\":3},\"" AT(3) "\"]|");
    told("*leave 7 team:a; touch 7 [" AT(3) " " AT(4) "]#1; join 7 team:b@1-4; ");
    log_entry(5, "team:b", "{\"n\":5}"); // it is not in yet
    answer(SESSION_OK);                  // the touch
    answer(SESSION_OK);
    log_entry(6, "team:b", "{\"n\":6}");
    log_entry(7, "team:a", "{\"n\":7}");
    hears(0, "*42[\"said\",{\"n\":3},\"" AT(3) "\"]|42[\"said\",{\"n\":6},\"" AT(6) "\"]|");
}

static void a_recovered_client_stays_where_its_claims_still_name(void **state)
{
    struct session_record old = team_record();

    (void)state;
    log_entry(1, "elsewhere", "{}");
    log_entry(2, "team:a", "{\"n\":2}");
    connect_in_teams(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(1) "\",", "\"a\"");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{*}+42[\"connected\",{*},\"" AT(1) "\"]+42[\"said\",{\"n\":2},\"" AT(2) "\"]|");
    assert_null(strstr(sessions.told.ptr, "join"));
    assert_null(strstr(sessions.told.ptr, "leave"));
}

// Its type may have been for the asking when it asked.
static void a_recovered_client_is_out_of_a_room_that_nobody_can_ask_for(void **state)
{
    struct session_record old = team_record();

    (void)state;
    team_rooms[2].by_action = false;
    log_entry(1, "elsewhere", "{}");
    log_entry(2, "side:s", "{\"n\":2}");
    connect_in_teams(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(1) "\",", "\"a\"");
    answer_claim(CLAIM_OK, &old);
    hears(0, "40{*}+42[\"connected\",{*},\"" AT(1) "\"]|");
    told("*leave 7 side:s; *");
}

static void refresh_in_team(const char *team)
{
    struct buffer packet = {0};
    char payload[128];

    snprintf(payload, sizeof(payload), "{\"id\":\"u1\",\"team\":%s}", team);
    make_token(&token, TOKEN_HEADER, payload, TOKEN_SECRET);
    buffer_printf(&packet, "421[\"refresh_token\",{\"token\":\"%s\"}]", token.ptr);
    say(0, packet.ptr);
    buffer_fini(&packet);
}

static void a_new_token_changes_the_rooms(void **state)
{
    (void)state;
    connect_in_teams(0, "", "\"a\"");
    answer(SESSION_OK);
    forget_what_was_told();
    refresh_in_team("\"b\"");
    hears(0, "431[{\"success\":true*");
    told("leave 1 team:a; join 1 team:b@0-0; ");
    answer(SESSION_OK);
    answer(SESSION_OK);
    assert_matches(&bus.asked, "publish 0 team:a user_left; publish 0 team:b user_joined; ");
    forget_what_was_told();
    refresh_in_team("\"b\"");
    assert_int_equal(sessions.told.len, 0);
}

// It hears nothing more, whether the store has it or not.
static void a_room_of_the_former_token_is_left_at_once(void **state)
{
    (void)state;
    connect_in_teams(0, "", "\"a\"");
    answer(SESSION_OK);
    refresh_in_team("\"b\"");
    buffer_clear(&peers[0].wrote);
    log_entry(1, "team:a", "{}");
    assert_int_equal(peers[0].wrote.len, 0);
    forget_what_was_told();
    leave(0); // neither write was answered
    told("restore u1 user:u1@0-0; end 1 *");
}

static void a_new_token_does_not_undo_an_action(void **state)
{
    (void)state;
    connect_in_teams(0, "", "[\"a\",\"b\"]");
    answer(SESSION_OK);
    log_action(1, "team:a");
    forget_what_was_told();
    refresh_in_team("[\"b\",\"a\",\"c\",\"c\"]");
    told("join 1 team:c@1-1; ");
    log_entry(2, "team:a", "{}");
    hears(0, "431[{\"success\":true*}]|");
}

// It came into both rooms by its claims, and a service has let it into one of them again.
static void a_new_token_does_not_undo_being_let_in(void **state)
{
    (void)state;
    connect_in_teams(0, "", "[\"a\",\"b\"]");
    answer(SESSION_OK);
    log_join(1, "team:a", "");
    pass(20);
    forget_what_was_told();
    refresh_in_team("\"c\"");
    told("leave 1 team:b acted=1-1; join 1 team:c@1-1; ");
    buffer_clear(&peers[0].wrote);
    log_entry(2, "team:a", "{}");
    hears(0, "42[\"said\",{},\"" AT(2) "\"]|");
}

static void nor_without_recovery(void **state)
{
    (void)state;
    connect_in_teams(0, "", "[\"a\",\"b\"]");
    log_join(1, "team:a", "");
    refresh_in_team("\"c\"");
    buffer_clear(&peers[0].wrote);
    log_entry(2, "team:b", "{}");
    log_entry(3, "team:a", "{}");
    hears(0, "42[\"said\",{}]|");
    assert_int_equal(sessions.told.len, 0);
}

// Its claims still name the room, but at this recovery the action is the newer word.
static void a_recovery_does_not_undo_an_action_that_was_missed(void **state)
{
    struct session_record old = team_record();

    (void)state;
    log_entry(1, "elsewhere", "{}");
    log_action(2, "team:a");
    connect_in_teams(0, "\"pid\":\"" PID "\",\"offset\":\"" AT(1) "\",", "[\"a\",\"b\"]");
    answer_claim(CLAIM_OK, &old);
    told("*leave 7 team:a; touch 7 *; join 7 team:b@1-2; ");
    assert_null(strstr(sessions.told.ptr, "join 7 team:a"));
}

// The claim says it, whatever the store says.
static void a_room_of_a_claim_is_entered_without_the_store(void **state)
{
    (void)state;
    connect_in_teams(0, "", "\"a\"");
    answer(SESSION_OK);
    sessions.up = false;
    refresh_in_team("[\"a\",\"b\"]");
    pass(5010);
    log_entry(1, "team:b", "{}");
    hears(0, "*42[\"said\",{},\"" AT(1) "\"]|");
    sessions.up = true;
    buffer_clear(&sessions.told);
    sessions.store.on_up(false, sessions.store.arg);
    pass(20);
    told("restore u1 user:u1@0-0 team:a@0-0 team:b@0-0; ");
}

static void nobody_asks_for_a_room_of_claims(void **state)
{
    (void)state;
    connect_in_teams(0, "", "\"a\"");
    answer(SESSION_OK);
    say(0, "421[\"join_room\",{\"roomType\":\"team\",\"roomId\":\"a\"}]");
    hears(0, "431[{\"error\":\"Invalid roomType\"}]|");
    say(0, "421[\"leave_room\",{\"roomType\":\"team\",\"roomId\":\"a\"}]");
    hears(0, "431[{\"error\":\"Invalid roomType\"}]|");
    say(0, "421[\"typing\",{\"roomType\":\"team\",\"roomId\":\"a\"}]");
    hears(0, "431[{\"success\":true}]|");
}

static void a_silent_room_tells_nobody(void **state)
{
    (void)state;
    connect_stored(0);
    buffer_clear(&bus.asked);
    say(0, "421[\"join_room\",{\"roomType\":\"quiet\",\"roomId\":\"q\"}]");
    answer(SESSION_OK);
    hears(0, JOINED);
    say(0, "422[\"leave_room\",{\"roomType\":\"quiet\",\"roomId\":\"q\"}]");
    answer(SESSION_OK);
    say(0, "421[\"join_room\",{\"roomType\":\"quiet\",\"roomId\":\"q\"}]");
    answer(SESSION_OK);
    leave(0);
    answer(SESSION_OK);
    assert_int_equal(bus.asked.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest fixed[] = {
        TEST(a_fresh_session_is_stored),
        TEST(a_join_is_acked_when_it_is_stored),
        TEST(a_join_that_cannot_be_stored_is_refused),
        TEST(a_join_is_stored_once_the_store_is_back),
        TEST(a_join_of_a_forgotten_session_restores_it),
        TEST(one_whose_session_was_taken_goes_in_silence),
        TEST(a_record_without_an_answer_is_written_again),
        TEST(a_record_that_is_to_be_written_is_listed_once),
        TEST(a_store_that_refuses_is_asked_once_a_second),
        TEST(a_leave_that_was_given_up_is_noted_before_the_end),
        TEST(a_leave_is_acked_in_any_case),
        TEST(events_come_until_a_leave_is_stored),
        TEST(one_that_leaves_counts_as_out),
        TEST(a_leave_that_breaks_off_is_no_leave),
        TEST(what_is_joined_while_it_is_left_is_joined),
        TEST(a_record_is_without_what_is_being_left),
        TEST(a_second_join_keeps_the_position_of_the_first),
        TEST(what_was_joined_after_its_client_has_gone_is_taken_back),
        TEST(others_hear_when_it_is_sure),
        TEST(others_hear_nothing_of_one_who_has_moved_on),
        TEST(a_goodbye_is_for_good),
        TEST(the_second_socket_of_a_connection_is_not_recoverable),
        TEST(it_is_touched_each_minute),
        TEST(what_was_sent_last_is_told_while_the_tail_has_it),
        TEST(all_is_written_again_beginning_with_the_newest),
        TEST(a_leave_is_part_of_what_is_written_again),
        TEST(a_store_that_lacks_nothing_gets_nothing),
        TEST(a_later_generation_ends_the_connection_that_writes_again),
        TEST(claims_wait_until_all_is_written_again),
        TEST(joins_do_not_wait_until_all_is_written_again),
        TEST(what_was_missed_follows_the_reply),
        TEST(one_from_an_earlier_edge_gets_what_it_missed),
        TEST(it_was_taken_out_of_a_room_while_away),
        TEST(a_room_that_it_has_joined_since_stays),
        TEST(an_action_that_the_store_was_not_told_of_counts),
        TEST(a_disconnection_that_the_store_was_not_told_of_counts),
        TEST(actions_from_before_the_session_do_not_count),
        TEST(its_user_was_disconnected_while_away),
        TEST(its_user_is_disconnected_before_the_claim_is_answered),
        TEST(actions_are_carried_out_on_those_who_are_there),
        TEST(those_who_are_there_enter_at_once),
        TEST(a_join_that_is_pending_is_granted),
        TEST(a_leave_that_is_pending_is_undone),
        TEST(one_in_enough_rooms_is_not_let_in),
        TEST(it_was_let_into_a_room_while_away),
        TEST(it_gets_the_event_by_which_it_was_let_in),
        TEST(out_and_in_again_while_away),
        TEST(in_and_out_again_while_away),
        TEST(a_room_that_the_store_was_not_told_of_is_entered),
        TEST(a_room_that_it_has_left_since_stays_left),
        TEST(a_room_that_it_has_left_at_an_edge_ahead_stays_left),
        TEST(a_leave_says_which_action_came_before),
        TEST(a_leave_after_the_recovery_says_it_too),
        TEST(a_leave_of_another_room_keeps_the_one_that_an_action_let_in),
        TEST(a_leave_after_an_outage_keeps_it_too),
        TEST(being_taken_out_during_an_outage_keeps_it_too),
        TEST(a_leave_at_a_store_that_may_lack_the_room_keeps_it_too),
        TEST(a_leave_that_is_sent_again_keeps_a_room_that_was_entered_since),
        TEST(a_leave_that_is_sent_late_keeps_a_room_that_was_entered_since),
        TEST(an_operator_took_it_out_after_it_was_let_in),
        TEST(an_operator_takes_it_out_while_it_waits),
        TEST(a_service_that_lets_in_outweighs_the_token),
        TEST(no_more_rooms_at_a_recovery),
        TEST(what_everybody_was_told_while_it_was_away),
        TEST(what_everybody_was_told_before_the_session_does_not_come),
        TEST(many_rooms_while_away),
        TEST(without_an_offset_everything_since_the_joins_comes),
        TEST(it_waits_until_it_is_past_all_joins),
        TEST(one_that_waits_and_is_overtaken_starts_afresh),
        TEST(one_that_was_told_to_have_left_is_told_to_have_joined),
        TEST(freshness_is_for_those_who_have_all_that_was_sent),
        TEST(it_waits_until_this_edge_is_far_enough),
        TEST(one_that_waits_gets_nothing_of_a_type_that_is_gone_meanwhile),
        TEST(patience_has_an_end),
        TEST(the_store_is_waited_for),
        TEST(the_store_is_not_waited_for_for_ever),
        TEST(too_much_at_once),
        TEST(the_old_connection_ends_here),
        TEST(a_takeover_ends_the_connection_here),
        TEST(one_that_waits_is_taken_out_of_a_room),
        TEST(one_whose_claim_is_not_answered_starts_afresh),
        TEST(one_that_waits_and_is_kicked_starts_afresh),
        TEST(one_that_waits_is_refused_when_its_token_is_revoked),
        TEST(a_loss_is_reported),
        TEST(a_loss_is_reported_once_the_store_is_back),
        TEST(rooms_of_claims_are_part_of_a_fresh_session),
        TEST(no_more_rooms_than_a_socket_may_have),
        TEST(a_recovered_client_is_in_the_rooms_of_its_new_claims),
        TEST(a_recovered_client_stays_where_its_claims_still_name),
        TEST(a_recovered_client_is_out_of_a_room_that_nobody_can_ask_for),
        TEST(a_new_token_changes_the_rooms),
        TEST(a_room_of_the_former_token_is_left_at_once),
        TEST(a_new_token_does_not_undo_an_action),
        TEST(a_new_token_does_not_undo_being_let_in),
        cmocka_unit_test_setup_teardown(nor_without_recovery, begin_without_recovery, end),
        TEST(a_recovery_does_not_undo_an_action_that_was_missed),
        TEST(a_room_of_a_claim_is_entered_without_the_store),
        TEST(nobody_asks_for_a_room_of_claims),
        TEST(a_silent_room_tells_nobody),
    };
    struct CMUnitTest tests[ARRAY_LEN(fixed) + ARRAY_LEN(refusals) + ARRAY_LEN(regrants)];
    size_t count = ARRAY_LEN(fixed);

    memcpy(tests, fixed, sizeof(fixed));
    ADD_ROWS(tests, count, refusals, is_refused);
    ADD_ROWS(tests, count, regrants, is_asked_about_again);
    return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
