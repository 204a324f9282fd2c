#include "edge/engineio/rate_share.h"

#include "tests/unit/unit.h"

// A session of a key sends a packet ("!a", or "?a" if that must be refused; "*a" sends `before` at
// once); "." is a second that passes, "+" means that something is kept, "0" that nothing is. "-" is
// a session without a key.
struct row {
    const char *name;
    const char *does;
    uint32_t rate; // packets per second, ten times as many at once
    size_t before;
};

static const struct row rows[] = {
    {"one packet", "!a", 2, 0},
    {"up to the limit", "*a!a", 2, 19},
    {"and not beyond", "*a?a", 2, 20},
    {"another key has its own", "*a?a!b", 2, 20},
    {"a second brings two", "*a?a.!a!a?a", 2, 20},
    {"what is refused takes nothing", "*a?a?a?a.!a!a?a", 2, 20},
    {"it fills for as long as nobody sends", "*a.....!a!a!a!a!a!a!a!a!a!a?a", 2, 20},
    {"and no fuller than it was", "*a.........*a!a!a?a", 2, 18},
    {"who sent nothing costs nothing", "0", 2, 0},
    {"who sends is kept", "!a+........+", 2, 0},
    {"for so long as it may not be full", "*a+.........+", 2, 20},
    {"and forgotten when it is", "*a+..........0*a?a", 2, 20},
    {"counted from the last packet", "!a.........!a.........+.0", 2, 0},
    {"each key by itself", "!a.....!b.....+.....0", 2, 0},
    {"without a key there is no limit", "*-!-0", 2, 100},
    {"nor with a rate of 0", "*a!a0", 0, 100},
};

struct world {
    struct deadlines clock;
    struct rate_shares shares;
    size_t before;
};

static bool take(struct world *world, char key)
{
    const struct span name = {&key, 1};

    return rate_share_take(&world->shares, key == '-' ? RATE_KEY_NONE : rate_key_of(name),
                           deadlines_now(&world->clock));
}

static const char *step(struct world *world, const char *at)
{
    switch (*at) {
    case '.':
        deadlines_run(&world->clock, deadlines_now(&world->clock) + 1000);
        return at + 1;
    case '+':
    case '0':
        assert_int_equal(world->shares.by_key != NULL, *at == '+');
        return at + 1;
    case '*':
        for (size_t i = 0; i < world->before; i++)
            assert_true(take(world, at[1]));
        return at + 2;
    default:
        assert_int_equal(take(world, at[1]), *at == '!');
        return at + 2;
    }
}

static void shares_out(void **state)
{
    const struct row *row = *state;
    struct world world = {.before = row->before};

    deadlines_init(&world.clock, 1000000);
    rate_shares_init(&world.shares, &world.clock, row->rate);
    for (const char *at = row->does; *at;)
        at = step(&world, at);
    rate_shares_fini(&world.shares);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, shares_out);
    return cmocka_run_group_tests_name("rate share", tests, NULL, NULL);
}
