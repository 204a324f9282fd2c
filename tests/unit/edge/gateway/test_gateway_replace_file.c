// Another gateway file while clients are connected. The old one is freed at once, so that the
// sanitizer finds who still uses it.
#include "common/gateway_file/succession.h"
#include "tests/unit/fake_authority.h"
#include "tests/unit/file_maker.h"
#include "tests/unit/gateway_stage.h"

#define AT            "\"url\":\"http://o\",\"path\":\"/{id}\""
#define ELSEWHERE     "\"url\":\"http://p\",\"path\":\"/p/{id}\""
#define LOBBY(rule)   "{\"rooms\":{\"lobby\":{" rule "}}}"
#define DRAWING(rest) "\"clientEvents\":{" rest "}}"
#define OPEN          "{\"rooms\":{\"lobby\":{\"join\":\"open\"}}"

static struct fake_authority authority;
static struct gateway_file *file;

static void ignore(void *arg)
{
    (void)arg;
}

static void begin(const char *text)
{
    file = file_of(span_of(text), ROOM_JOIN_OPEN);
    struct gateway_options options = stage_options(file, &authority.authority);
    const struct gateway_handlers handlers = {.on_drain = ignore, .on_following = ignore};

    options.token.keep_rooms = options.token.keep_token = true;
    options.max_sockets_per_user = PEERS;
    options.room_services.concurrency = 1;
    fake_authority_init(&authority);
    stage_begin(&options, &handlers);
    bus.bus.handlers.on_newest(0, (struct position){0}, bus.bus.handlers.arg);
}

static void end(void)
{
    stage_end();
    gateway_file_free(file);
    fake_authority_fini(&authority);
}

static void replace(const char *text)
{
    struct gateway_file *old = file;

    for (int who = 0; who < PEERS; who++)
        if (peers[who].wrote.len > 0)
            buffer_clear(&peers[who].wrote);
    file = file_of(span_of(text), ROOM_JOIN_OPEN);
    gateway_file_succeed(file, old, clock_wall_ms());
    gateway_replace_file(gateway, file);
    gateway_file_free(old);
    turn();
}

static void let_in(int who)
{
    connect_peer(who, "", "{\"id\":\"u1\",\"t\":1,\"s\":2,\"rooms\":[\"lobby:1\"]}");
}

static void answer(enum service_answer given)
{
    fake_authority_answer(&authority, given);
    turn();
}

#define ASK(event, type) "421[\"" event "\",{\"roomType\":\"" type "\",\"roomId\":1,\"data\":1}]"
#define JOIN             ASK("join_room", "lobby")
#define LEAVE            ASK("leave_room", "lobby")
#define TYPE             ASK("typing", "lobby")
#define DRAW             ASK("drawing", "lobby")
#define JOINED           "431[{\"success\":true,\"message\":\"Joined room: lobby:1\"}]|"
#define LEFT             "431[{\"success\":true,\"message\":\"Left room: lobby:1\"}]|"
#define DONE             "431[{\"success\":true}]|"
#define ERROR(text)      "431[{\"error\":\"" text "\"}]|"
#define NO_TYPE          ERROR("Invalid roomType")
#define OTHER            "{\"rooms\":{\"other\":{\"join\":\"open\"}}}"
#define BY_SERVICE       LOBBY("\"join\":\"service\"," AT)
#define BY_CLAIM(claim)  LOBBY("\"join\":\"none\",\"onConnect\":\"lobby:{claims." claim "}\"")
#define OR_BY_CLAIM(c)   LOBBY("\"join\":\"claims\",\"onConnect\":\"lobby:{claims." c "}\"")
#define DRAWS(limits)    OPEN "," DRAWING("\"drawing\":{\"room\":true,\"as\":\"drawn\"" limits "}")

// What a client says before and after the file is replaced, and what it hears after the last.
struct row {
    const char *name, *old, *before[3], *fresh, *after[3], *hears;
};

// clang-format off
static const struct row rows[] = {
    {"a new type is joined", OTHER, {NULL}, LOBBY("\"join\":\"open\""), {JOIN}, JOINED},
    {"a type that is gone is not", LOBBY("\"join\":\"open\""), {NULL}, OTHER, {JOIN}, NO_TYPE},
    {"a type that became none is not", LOBBY("\"join\":\"open\""), {NULL}, LOBBY("\"join\":\"none\""), {JOIN}, NO_TYPE},
    {"a type that became open is", LOBBY("\"join\":\"none\""), {NULL}, LOBBY("\"join\":\"open\""), {JOIN}, JOINED},
    {"claims that were kept decide", OTHER, {NULL}, LOBBY("\"join\":\"claims\""), {JOIN}, JOINED},
    {"a member stays when its type becomes none", LOBBY("\"join\":\"open\""), {JOIN}, LOBBY("\"join\":\"none\""), {TYPE}, DONE},
    {"and may leave", LOBBY("\"join\":\"open\""), {JOIN}, LOBBY("\"join\":\"none\""), {LEAVE}, LEFT},
    {"but not twice", LOBBY("\"join\":\"open\""), {JOIN}, LOBBY("\"join\":\"none\""), {LEAVE, LEAVE}, NO_TYPE},
    {"nor come back", LOBBY("\"join\":\"open\""), {JOIN}, LOBBY("\"join\":\"none\""), {LEAVE, JOIN}, NO_TYPE},
    {"who is in by a claim may not leave", BY_CLAIM("t"), {NULL}, BY_CLAIM("t"), {LEAVE}, NO_TYPE},
    {"a member of a type that is gone may leave", LOBBY("\"join\":\"open\""), {JOIN}, OTHER, {LEAVE}, LEFT},
    {"but not type", LOBBY("\"join\":\"open\""), {JOIN}, OTHER, {TYPE}, NO_TYPE},
    {"the own room cannot be left", OTHER, {NULL}, OTHER, {"421[\"leave_room\",{\"roomType\":\"user\",\"roomId\":\"u1\"}]"}, NO_TYPE},
    {"a new event", OPEN "}", {JOIN}, DRAWS(""), {DRAW}, DONE},
    {"an event with another size", DRAWS(""), {JOIN}, DRAWS(",\"maxBytes\":1"), {DRAW}, DONE},
    {"an event with another size, too small", DRAWS(""), {JOIN}, DRAWS(",\"maxBytes\":1"), {"421[\"drawing\",{\"roomType\":\"lobby\",\"roomId\":1,\"data\":12}]"}, ERROR("Payload too large")},
    {"an event with another rate", DRAWS(",\"perSecond\":1"), {JOIN, DRAW}, DRAWS(",\"perSecond\":2"), {DRAW, DRAW}, DONE},
    {"an event with a smaller rate", DRAWS(",\"perSecond\":9"), {JOIN, DRAW}, DRAWS(",\"perSecond\":1"), {DRAW, DRAW}, ERROR("Too many events")},
    {"an event that is gone", DRAWS(""), {JOIN, DRAW}, OPEN "}", {DRAW}, ""},
};
// clang-format on

static void decides(void **state)
{
    const struct row *row = *state;

    begin(row->old);
    let_in(0);
    for (size_t i = 0; i < ARRAY_LEN(row->before) && row->before[i]; i++)
        say(0, row->before[i]);
    replace(row->fresh);
    for (size_t i = 0; i < ARRAY_LEN(row->after) && row->after[i]; i++)
        say(0, row->after[i]);
    if (row->hears)
        hears(0, row->hears);
    end();
}

// ---- questions that are under way

struct question_row {
    const char *name, *fresh;
    const char *asked; // of the services, beside the first questions
    const char *hears; // before any further answer
};

#define FIRST     "messages /1 *.*.*; "
#define CANCELLED "cancel; use 1; "
#define LET_IN    "431[{\"success\":true,*" // and hears who else enters

// clang-format off
static const struct question_row question_rows[] = {
    {"open now", LOBBY("\"join\":\"open\""), CANCELLED, LET_IN},
    {"for nobody now", LOBBY("\"join\":\"none\""), CANCELLED, ERROR("Forbidden")},
    {"gone", OTHER, CANCELLED, ERROR("Forbidden")},
    {"listed in the token now", LOBBY("\"join\":\"claims\""), CANCELLED, LET_IN},
    {"of another service now", LOBBY("\"join\":\"service\"," ELSEWHERE), CANCELLED "messages /p/1 *.*.*; ", NULL},
    {"the same, and a new event", "{\"rooms\":{\"lobby\":{\"join\":\"service\"," AT "}}," DRAWING("\"drawing\":{\"room\":true,\"as\":\"drawn\"}"), "", NULL},
    {"the same, and a new type", "{\"rooms\":{\"new\":{},\"lobby\":{\"join\":\"service\"," AT "}}}", "cancel; use 2; notifications /1 *.*.*; ", NULL},
};
// clang-format on

// Two of one user wait for one question, and one of another user for its turn.
static void questions_are_asked_again(void **state)
{
    const struct question_row *row = *state;
    struct buffer expected = {0};

    begin(BY_SERVICE);
    let_in(0);
    let_in(1);
    connect_peer(2, "", "{\"id\":\"u2\",\"rooms\":[\"lobby:1\"]}");
    for (int who = 0; who < PEERS; who++)
        say(who, JOIN);
    replace(row->fresh);
    buffer_printf(&expected, "%s%s", FIRST, row->asked);
    assert_matches(&authority.asked, expected.ptr);
    assert_int_equal(metric_get(&metrics.rooms.joins_waiting), row->hears ? 0 : 3);
    assert_int_equal(metric_get(&metrics.rooms.asks_under_way), row->hears ? 0 : 1);
    for (int who = 0; who < PEERS && row->hears; who++)
        assert_matches(&peers[who].wrote, row->hears);
    if (!row->hears) {
        answer(SERVICE_ANSWER_YES);
        hears(0, LET_IN);
        hears(1, LET_IN);
        answer(SERVICE_ANSWER_NO);
        hears(2, ERROR("Forbidden"));
    }
    buffer_fini(&expected);
    end();
}

static void begin_with_a_cached_yes(void)
{
    begin(BY_SERVICE);
    let_in(0);
    say(0, JOIN);
    answer(SERVICE_ANSWER_YES);
    say(0, LEAVE);
}

static void what_a_service_said_by_the_old_rule_is_forgotten(void **state)
{
    (void)state;
    begin_with_a_cached_yes();
    replace(LOBBY("\"join\":\"service\"," ELSEWHERE));
    assert_int_equal(metric_get(&metrics.rooms.answer_cache_entries), 0);
    say(0, JOIN);
    hears(0, "");
    answer(SERVICE_ANSWER_NO);
    hears(0, ERROR("Forbidden"));
    end();
}

static void it_counts_if_the_rule_is_the_same(void **state)
{
    (void)state;
    begin_with_a_cached_yes();
    replace("{\"rooms\":{\"lobby\":{\"join\":\"service\"," AT ",\"announce\":false}}}");
    say(0, JOIN);
    hears(0, JOINED);
    end();
}

// Another claim of the type counts for tokens that come from now on.
static void claims_are_read_by_the_file_of_their_time(void **state)
{
    (void)state;
    begin(OR_BY_CLAIM("t"));
    connect_peer(0, "", "{\"id\":\"u1\",\"t\":5,\"s\":6}");
    say(0, "421[\"leave_room\",{\"roomType\":\"lobby\",\"roomId\":5}]");
    replace("{\"rooms\":{\"more\":{},\"lobby\":{\"join\":\"claims\",\"onConnect\":"
            "\"lobby:{claims.t}\"}}}");
    say(0, "421[\"join_room\",{\"roomType\":\"lobby\",\"roomId\":5}]");
    hears(0, "431[{\"success\":true,*");
    replace(OR_BY_CLAIM("s"));
    say(0, "421[\"typing\",{\"roomType\":\"lobby\",\"roomId\":5}]");
    hears(0, DONE);
    say(0, "421[\"leave_room\",{\"roomType\":\"lobby\",\"roomId\":5}]");
    say(0, "421[\"join_room\",{\"roomType\":\"lobby\",\"roomId\":5}]");
    hears(0, ERROR("Forbidden"));
    say(0, "421[\"join_room\",{\"roomType\":\"lobby\",\"roomId\":6}]");
    hears(0, ERROR("Forbidden"));
    connect_peer(1, "", "{\"id\":\"u1\",\"t\":5,\"s\":6}");
    say(1, "421[\"typing\",{\"roomType\":\"lobby\",\"roomId\":6}]");
    hears(1, DONE);
    say(1, "421[\"typing\",{\"roomType\":\"lobby\",\"roomId\":5}]");
    hears(1, ERROR("Not in room"));
    end();
}

static void a_room_whose_type_is_gone_is_silent(void **state)
{
    (void)state;
    begin(LOBBY("\"join\":\"open\",\"announce\":false"));
    for (int who = 0; who < 2; who++) {
        let_in(who);
        say(who, JOIN);
    }
    replace(OTHER);
    leave(0);
    hears(1, "");
    end();
}

static void many_times(void **state)
{
    (void)state;
    begin(BY_SERVICE);
    let_in(0);
    say(0, JOIN);
    for (int i = 0; i < 100; i++)
        replace(i % 2 == 0 ? LOBBY("\"join\":\"service\"," ELSEWHERE) : BY_SERVICE);
    assert_int_equal(fake_authority_count(&authority), 1);
    answer(SERVICE_ANSWER_YES);
    hears(0, JOINED);
    end();
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(question_rows) + 5];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, decides);
    ADD_ROWS(tests, count, question_rows, questions_are_asked_again);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(what_a_service_said_by_the_old_rule_is_forgotten);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(it_counts_if_the_rule_is_the_same);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(claims_are_read_by_the_file_of_their_time);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_room_whose_type_is_gone_is_silent);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(many_times);
    return cmocka_run_group_tests_name("gateway_replace_file", tests, NULL, NULL);
}
