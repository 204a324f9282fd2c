#include "edge/engineio/rate_share.h"

#include "tests/unit/unit.h"

#define SESSIONS 3

// A session of its key's joins ("+a"), sends a packet ("!a", or "?a" if that must be refused) and
// leaves ("-a"); "." is a second that passes. Two packets a second, 20 at once.
struct row {
    const char *name;
    const char *does;
    size_t before; // packets that the first of a sends at once
};

static const struct row rows[] = {
    {"one session", "+a!a-a", 0},
    {"up to the limit", "+a!a-a", 19},
    {"and not beyond", "+a?a-a", 20},
    {"two sessions share", "+a+a!a?a-a-a", 19},
    {"another key has its own", "+a+b?a!b-a-b", 20},
    {"a second brings two", "+a?a.!a!a?a-a", 20},
    {"who comes back finds it as it was", "+a?a-a+a?a-a", 20},
    {"also a while later", "+a?a-a.....+a!a!a!a!a!a!a!a!a!a!a?a-a", 20},
    {"when it is full again it is forgotten", "+a-a..........+a!a-a", 20},
    {"not while a session has it", "+a+a-a..........!a-a", 0},
};

struct world {
    struct deadlines clock;
    struct rate_shares shares;
    struct rate_share *joined[2][SESSIONS];
    size_t count[2];
};

static void step(struct world *world, char what, unsigned key)
{
    static const char *const names[] = {"a", "b"};
    struct rate_share **joined = world->joined[key];
    size_t *count = &world->count[key];

    switch (what) {
    case '+':
        joined[*count] = rate_share_join(&world->shares, span_of(names[key]));
        assert_true(*count == 0 || joined[0] == joined[*count]);
        ++*count;
        break;
    case '-':
        rate_share_leave(&world->shares, joined[--*count]);
        break;
    default:
        assert_int_equal(rate_share_take(&world->shares, joined[0], deadlines_now(&world->clock)),
                         what == '!');
    }
}

static void shares_out(void **state)
{
    const struct row *row = *state;
    struct world world = {.count = {0}};

    deadlines_init(&world.clock, 1000000);
    rate_shares_init(&world.shares, &world.clock, 2);
    for (const char *at = row->does; *at;) {
        if (*at == '.') {
            deadlines_run(&world.clock, deadlines_now(&world.clock) + 1000);
            at++;
            continue;
        }
        step(&world, at[0], (unsigned)(at[1] - 'a'));
        at += 2;
        for (size_t i = 0; at == row->does + 2 && i < row->before; i++)
            step(&world, '!', 0);
    }
    rate_shares_fini(&world.shares); // asserts that no session stayed
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, shares_out);
    return cmocka_run_group_tests_name("rate share", tests, NULL, NULL);
}
