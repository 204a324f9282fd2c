// Which answers to INFO say that the server is the one of the last connection.
#include "edge/adapters/redis/redis_server.h"
#include "tests/unit/unit.h"

#define RUN_A     "0123456789abcdef0123456789abcdef01234567"
#define RUN_B     "0123456789abcdef0123456789abcdef01234568"
#define HISTORY_A "fedcba9876543210fedcba9876543210fedcba98"
#define HISTORY_B "fedcba9876543210fedcba9876543210fedcba99"

#define SERVER(run)         "# Server\r\nredis_version:7.0.15\r\nrun_id:" run "\r\ntcp_port:6379\r\n"
#define REPLICATION(id)     "# Replication\r\nrole:master\r\nmaster_replid:" id "\r\n"
#define PREVIOUS(id)        "master_replid2:" id "\r\n"
#define WITHOUT_END(run)    "run_id:" run
#define WITHOUT_RETURN(run) "redis_version:7.0.15\nrun_id:" run "\n"

struct row {
    const char *name;
    const char *before[2], *now[2]; // answers, NULL: none
    bool same;
};

static const struct row rows[] = {
    {"the_same",
     {SERVER(RUN_A), REPLICATION(HISTORY_A)},
     {SERVER(RUN_A), REPLICATION(HISTORY_A)},
     true},
    {"asked_in_another_order",
     {SERVER(RUN_A), REPLICATION(HISTORY_A)},
     {REPLICATION(HISTORY_A), SERVER(RUN_A)},
     true},
    {"restarted",
     {SERVER(RUN_A), REPLICATION(HISTORY_A)},
     {SERVER(RUN_B), REPLICATION(HISTORY_A)},
     false},
    {"demoted_and_promoted",
     {SERVER(RUN_A), REPLICATION(HISTORY_A)},
     {SERVER(RUN_A), REPLICATION(HISTORY_B) PREVIOUS(HISTORY_A)},
     false},
    {"previous_history_is_another_line",
     {SERVER(RUN_A), REPLICATION(HISTORY_A) PREVIOUS(HISTORY_B)},
     {SERVER(RUN_A), REPLICATION(HISTORY_A) PREVIOUS(HISTORY_A)},
     true},
    {"lines_without_a_return",
     {WITHOUT_RETURN(RUN_A), REPLICATION(HISTORY_A)},
     {WITHOUT_END(RUN_A), REPLICATION(HISTORY_A)},
     true},
    {"never_told", {NULL, NULL}, {NULL, NULL}, false},
    {"not_told_any_more", {SERVER(RUN_A), REPLICATION(HISTORY_A)}, {NULL, NULL}, false},
    {"told_for_the_first_time", {NULL, NULL}, {SERVER(RUN_A), REPLICATION(HISTORY_A)}, false},
    {"without_a_run_id", {"", REPLICATION(HISTORY_A)}, {"", REPLICATION(HISTORY_A)}, false},
    {"without_a_history", {SERVER(RUN_A), ""}, {SERVER(RUN_A), ""}, false},
    {"ids_that_are_hidden", {SERVER(""), REPLICATION("")}, {SERVER(""), REPLICATION("")}, false},
    {"ids_that_are_too_short",
     {SERVER("0"), REPLICATION("0")},
     {SERVER("0"), REPLICATION("0")},
     false},
    {"ids_that_are_too_long",
     {SERVER(RUN_A "0"), REPLICATION(HISTORY_A)},
     {SERVER(RUN_A "0"), REPLICATION(HISTORY_A)},
     false},
};

static struct redis_server read_answers(const char *const answers[2])
{
    struct redis_server server = {0};

    for (size_t i = 0; i < 2; i++)
        redis_server_read(&server, span_of(answers[i]));
    return server;
}

static void is_same(void **state)
{
    const struct row *row = *state;
    struct redis_server before = read_answers(row->before), now = read_answers(row->now);

    assert_int_equal(redis_server_is_same(&now, &before), row->same);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, is_same);
    return cmocka_run_group_tests_name("redis_server", tests, NULL, NULL);
}
