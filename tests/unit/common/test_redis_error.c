#include "common/redis_error.h"

#include "tests/unit/unit.h"

struct error_case {
    const char *name;
    const char *error;
    bool ends, out_of_memory, wants_no_password;
};

// clang-format off
static const struct error_case cases[] = {
    {"a replica", "READONLY You can't write against a read only replica.", true, false, false},
    {"a replica, of a script", "ERR Error running script (call to f_1): @user_script:2: -READONLY You can't write against a read only replica. ", true, false, false},
    {"a replica, of a script of Redis 7", "READONLY You can't write against a read only replica. script: 12ab, on @user_script:2.", true, false, false},
    {"a replica without its primary", "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", true, false, false},
    {"loading", "LOADING Redis is loading the dataset in memory", true, false, false},
    {"a password is wanted", "NOAUTH Authentication required.", true, false, false},
    {"another password is wanted", "WRONGPASS invalid username-password pair or user is disabled.", true, false, false},
    {"a code alone", "LOADING", true, false, false},
    {"no memory", "OOM command not allowed when used memory > 'maxmemory'.", false, true, false},
    {"no memory, of a script", "ERR Error running script (call to f_1): @user_script:2: -OOM command not allowed when used memory > 'maxmemory'. ", false, true, false},
    {"no disk", "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.", false, false, false},
    {"too few replicas", "NOREPLICAS Not enough good replicas to write.", false, false, false},
    {"a script that does not end", "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", false, false, false},
    {"no right to a command", "NOPERM this user has no permissions to run the 'role' command", false, false, false},
    {"no right, and words like codes", "NOPERM READONLY-ish LOADINGS", false, false, false},
    {"an unknown command", "ERR unknown command 'ROLE'", false, false, false},
    {"a stream's order", "ERR The ID specified in XADD is equal or smaller than the target stream top item", false, false, false},
    {"no password is wanted", "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?", false, false, true},
    {"no password is wanted, before 6", "ERR Client sent AUTH, but no password is set", false, false, true},
    {"nothing", "", false, false, false},
};
// clang-format on

static void is_judged(void **state)
{
    const struct error_case *c = *state;

    assert_int_equal(redis_error_ends_connection(c->error), c->ends);
    assert_int_equal(redis_error_is_out_of_memory(c->error), c->out_of_memory);
    assert_int_equal(redis_error_wants_no_password(c->error), c->wants_no_password);
}

struct plain_case {
    const char *name, *error, *plain;
};

// clang-format off
static const struct plain_case plain_cases[] = {
    {"outside a script", "OOM command not allowed when used memory > 'maxmemory'.", "OOM command not allowed when used memory > 'maxmemory'"},
    {"in a script", "OOM command not allowed when used memory > 'maxmemory'. script: 12ab, on @user_script:5.", "OOM command not allowed when used memory > 'maxmemory'"},
    {"in a script, before Redis 7", "ERR Error running script (call to f_1): @user_script:2: @user_script: 2: -OOM command not allowed when used memory > 'maxmemory'. ", "OOM command not allowed when used memory > 'maxmemory'"},
    {"without a full stop", "ERR no such key", "ERR no such key"},
    {"an error of the script itself", "ERR Error running script (call to f_1): @user_script:2: is nil", "ERR Error running script (call to f_1): @user_script:2: is nil"},
    {"longer than there is room", "ERR 456789012345678901234567890123456789012345678901234567890123456789012345678901", "ERR 456789012345678901234567890123456789012345678901234567890123"},
    {"nothing", "", ""},
};
// clang-format on

static void is_made_plain(void **state)
{
    const struct plain_case *c = *state;
    char plain[65];

    redis_error_plain(c->error, plain, sizeof(plain));
    assert_string_equal(plain, c->plain);
}

struct explain_case {
    const char *name, *reason, *part; // of what is said
};

static const struct explain_case explain_cases[] = {
    {"an alert of TLS", "Protocol error, got \"\\x15\" as reply type byte", "speaks TLS"},
    {"a server with TLS that resets", "Connection reset by peer", "if the server speaks TLS"},
    {"a server without TLS", "TLS: SSL_connect failed: wrong version number", "speaks no TLS"},
    {"another byte", "Protocol error, got \"H\" as reply type byte", "got \"H\""},
    {"something else", "Connection refused", "Connection refused"},
};

static void is_explained(void **state)
{
    const struct explain_case *c = *state;

    assert_non_null(strstr(redis_error_explain(c->reason), c->part));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(cases) + ARRAY_LEN(plain_cases) + ARRAY_LEN(explain_cases)];
    size_t count = 0;

    ADD_ROWS(tests, count, cases, is_judged);
    ADD_ROWS(tests, count, plain_cases, is_made_plain);
    ADD_ROWS(tests, count, explain_cases, is_explained);
    return cmocka_run_group_tests_name("redis error", tests, NULL, NULL);
}
