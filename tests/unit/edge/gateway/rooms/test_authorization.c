#include "edge/gateway/rooms/authorization.h"
#include "tests/unit/file_maker.h"

struct row {
    const char *name;
    const char *rooms_json; // of the token
    const char *room;
    enum room_verdict verdict;
};

// clang-format off
static const struct row rows[] = {
    {"listed", "[\"conversation:1\",\"conversation:2\"]", "conversation:2", ROOM_GRANTED},
    {"not listed", "[\"conversation:1\"]", "conversation:2", ROOM_FORBIDDEN},
    {"longer than listed", "[\"conversation:1\"]", "conversation:12", ROOM_FORBIDDEN},
    {"shorter than listed", "[\"conversation:12\"]", "conversation:1", ROOM_FORBIDDEN},
    {"all of a type", "[\"conversation:*\"]", "conversation:1", ROOM_GRANTED},
    {"all of another type", "[\"conversation:*\"]", "notification:1", ROOM_FORBIDDEN},
    {"all that begin so", "[\"conversation:eu-*\"]", "conversation:eu-7", ROOM_GRANTED},
    {"all rooms", "[\"*\"]", "notification:1", ROOM_GRANTED},
    {"a star in the middle is a star", "[\"conversation:*1\"]", "conversation:21", ROOM_FORBIDDEN},
    {"escapes", "[\"conversation:\\u00e9\"]", "conversation:\xc3\xa9", ROOM_GRANTED},
    {"other things in the list", "[1,null,{},[\"conversation:1\"],\"conversation:1\"]", "conversation:1", ROOM_GRANTED},
    {"only other things", "[1,null,{},[\"conversation:1\"]]", "conversation:1", ROOM_FORBIDDEN},
    {"an empty text", "[\"\"]", "conversation:1", ROOM_FORBIDDEN},
    {"an empty list", "[]", "conversation:1", ROOM_FORBIDDEN},
    {"no list", "", "conversation:1", ROOM_FORBIDDEN},
    {"a text", "\"conversation:1\"", "conversation:1", ROOM_FORBIDDEN},
    {"an object", "{\"0\":\"conversation:1\"}", "conversation:1", ROOM_FORBIDDEN},
};
// clang-format on

struct asker {
    struct authorization_waiter waiter;
    enum room_verdict verdict;
};

static void note_verdict(struct authorization_waiter *waiter, enum room_verdict verdict)
{
    container_of(waiter, struct asker, waiter)->verdict = verdict;
}

static enum room_verdict ask(enum room_join join, const struct row *row)
{
    struct gateway_file *file = hometrip_file(join);
    struct room_metrics metrics = {0};
    struct deadlines clock;

    deadlines_init(&clock, 1000);
    struct authorization *authorization = authorization_new(
        &(struct authorization_requests_options){.types = file->rooms}, &clock, &metrics);
    struct identity *who = identity_new(&(struct identity){.rooms_json = span_of(row->rooms_json)});
    const struct client client = {.identity = who};
    struct asker asker = {.waiter = {.client = &client, .on_verdict = note_verdict},
                          .verdict = ROOM_UNAVAILABLE};

    authorization_ask(authorization, &asker.waiter, span_of(row->room));
    identity_free(who);
    authorization_free(authorization);
    gateway_file_free(file);
    return asker.verdict;
}

static void judges_by_claims(void **state)
{
    assert_int_equal(ask(ROOM_JOIN_CLAIMS, *state), ((const struct row *)*state)->verdict);
}

static void open_grants_everything(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(ask(ROOM_JOIN_OPEN, &rows[i]), ROOM_GRANTED);
}

#define TYPES                                                                                      \
    "{\"rooms\":{\"lobby\":{\"join\":\"open\"},\"list\":{\"join\":\"claims\"},"                    \
    "\"order\":{\"join\":\"service\",\"url\":\"http://o\",\"path\":\"/{id}\",\"onConnect\":"       \
    "\"order:{claims.order}\"},\"side\":{\"join\":\"none\"},"                                      \
    "\"team\":{\"join\":\"none\",\"onConnect\":\"team:{claims.team}\"}}}"

// Of a client whose claims are "rooms": ["list:1"], and name order:1 and team:1.
struct type_row {
    const char *name, *room;
    enum room_verdict verdict; // of one that asks
    bool stays, by_service;
    bool is_unknown;
};

static const struct type_row type_rows[] = {
    {"open", "lobby:1", ROOM_GRANTED, true, false, false},
    {"claims that list it", "list:1", ROOM_GRANTED, true, false, false},
    {"claims that do not list it", "list:2", ROOM_FORBIDDEN, false, false, false},
    {"a service, and no token for it", "order:2", ROOM_FORBIDDEN, true, true, false},
    {"a claim beside a service", "order:1", ROOM_GRANTED, true, false, false},
    {"an id that no service can be asked about", "order:a/b", ROOM_FORBIDDEN, true, true, false},
    {"nobody who asks", "side:1", ROOM_FORBIDDEN, false, false, false},
    {"a claim", "team:1", ROOM_GRANTED, true, false, false},
    {"another claim", "team:2", ROOM_FORBIDDEN, false, false, false},
    {"a type that there is not", "conversation:1", ROOM_FORBIDDEN, false, false, true},
    {"a name without a type", "lobby", ROOM_FORBIDDEN, false, false, true},
};

static void judges_by_type(void **state)
{
    const struct type_row *row = *state;
    struct gateway_file *file = file_of(SPAN_LIT(TYPES), ROOM_JOIN_OPEN);
    struct room_metrics metrics = {0};
    struct deadlines clock;
    struct identity *who = identity_new(&(struct identity){
        .rooms_json = SPAN_LIT("[\"list:1\"]"), .enters = SPAN_LIT("order:1\0team:1\0")});
    const struct client client = {.identity = who};
    struct asker asker = {.waiter = {.client = &client, .on_verdict = note_verdict},
                          .verdict = ROOM_UNAVAILABLE};

    deadlines_init(&clock, 1000);
    struct authorization *authorization = authorization_new(
        &(struct authorization_requests_options){.types = file->rooms}, &clock, &metrics);
    authorization_ask(authorization, &asker.waiter, span_of(row->room));
    assert_int_equal(asker.verdict, row->verdict);
    assert_int_equal(authorization_may_stay(authorization, who, span_of(row->room), false),
                     row->stays);
    // One whom a service has let in stays in any room that there is.
    assert_int_equal(authorization_may_stay(authorization, who, span_of(row->room), true),
                     !row->is_unknown);
    assert_int_equal(authorization_knows(authorization, span_of(row->room)), !row->is_unknown);
    assert_int_equal(authorization_is_by_service(authorization, who, span_of(row->room)),
                     row->by_service);
    authorization_free(authorization);
    identity_free(who);
    gateway_file_free(file);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(type_rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, judges_by_claims);
    ADD_ROWS(tests, count, type_rows, judges_by_type);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(open_grants_everything);
    return cmocka_run_group_tests_name("authorization", tests, NULL, NULL);
}
