#include "edge/gateway/rooms/authorization.h"
#include "tests/unit/unit.h"

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

static enum room_verdict ask(enum room_authorization mode, const struct row *row)
{
    struct authorization *authorization = authorization_new(mode, NULL, NULL, NULL);
    struct identity *who = identity_new(&(struct identity){.rooms_json = span_of(row->rooms_json)});
    const struct client client = {.identity = who};
    struct asker asker = {.waiter = {.client = &client, .on_verdict = note_verdict},
                          .verdict = ROOM_UNAVAILABLE};

    authorization_ask(authorization, &asker.waiter, span_of(row->room));
    identity_free(who);
    authorization_free(authorization);
    return asker.verdict;
}

static void judges_by_claims(void **state)
{
    assert_int_equal(ask(ROOM_AUTHORIZATION_CLAIMS, *state), ((const struct row *)*state)->verdict);
}

static void open_grants_everything(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(ask(ROOM_AUTHORIZATION_OPEN, &rows[i]), ROOM_GRANTED);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, judges_by_claims);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(open_grants_everything);
    return cmocka_run_group_tests_name("authorization", tests, NULL, NULL);
}
