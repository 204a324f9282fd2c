#include "common/memory_budget.h"

#include "tests/unit/unit.h"

enum deed { TAKE, REFUSED, TAKE_NEW, REFUSED_NEW, CHARGE, GIVE, SPENT, NOT_SPENT };

struct row {
    const char *name;
    size_t limit;
    struct {
        enum deed deed;
        size_t bytes;
    } steps[6];
    size_t count;
    size_t used, refusals;
};

static const struct row rows[] = {
    {"takes up to the limit", 1600, {{TAKE, 1600}}, 1, 1600, 0},
    {"refuses one byte more", 1600, {{TAKE, 1600}, {REFUSED, 1}}, 2, 1600, 1},
    {"refuses what is too much alone", 1600, {{REFUSED, 1601}}, 1, 0, 1},
    {"refuses what would overflow", 1600, {{TAKE, 16}, {REFUSED, SIZE_MAX}}, 2, 16, 1},
    {"takes again what was given back", 1600, {{TAKE, 1600}, {GIVE, 600}, {TAKE, 600}}, 3, 1600, 0},
    {"a charge passes the limit", 1600, {{TAKE, 1600}, {CHARGE, 100}, {REFUSED, 0}}, 3, 1700, 1},
    {"and is given back", 1600, {{CHARGE, 1700}, {GIVE, 200}, {TAKE, 100}}, 3, 1600, 0},
    {"not spent with a sixteenth left", 1600, {{TAKE, 1500}, {NOT_SPENT, 0}}, 2, 1500, 0},
    {"spent with less", 1600, {{TAKE, 1501}, {SPENT, 0}, {TAKE, 99}}, 3, 1600, 1},
    {"new work leaves the sixteenth", 1600, {{TAKE, 1501}, {REFUSED_NEW, 1}}, 2, 1501, 1},
    {"and is taken before that", 1600, {{TAKE, 1500}, {TAKE_NEW, 100}}, 2, 1600, 0},
    {"new work that is too much", 1600, {{TAKE, 1500}, {REFUSED_NEW, 101}}, 2, 1500, 1},
    {"no limit", 0, {{TAKE, SIZE_MAX / 2}, {NOT_SPENT, 0}, {GIVE, SIZE_MAX / 2}}, 3, 0, 0},
};

static void step(struct memory_budget *budget, enum deed deed, size_t bytes)
{
    switch (deed) {
    case TAKE:
    case REFUSED:
        assert_int_equal(memory_budget_take(budget, MEMORY_HTTP, bytes), deed == TAKE);
        break;
    case TAKE_NEW:
    case REFUSED_NEW:
        assert_int_equal(memory_budget_take_new(budget, MEMORY_HTTP, bytes), deed == TAKE_NEW);
        break;
    case CHARGE:
        memory_budget_charge(budget, MEMORY_HTTP, bytes);
        break;
    case GIVE:
        memory_budget_give(budget, MEMORY_HTTP, bytes);
        break;
    case SPENT:
    case NOT_SPENT:
        assert_int_equal(memory_budget_is_spent(budget, MEMORY_HTTP), deed == SPENT);
        break;
    }
}

static void counts(void **state)
{
    const struct row *row = *state;
    struct memory_budget budget;

    memory_budget_init(&budget, row->limit);
    for (size_t i = 0; i < row->count; i++)
        step(&budget, row->steps[i].deed, row->steps[i].bytes);
    assert_int_equal(metric_get(&budget.used[MEMORY_HTTP]), row->used);
    assert_int_equal(metric_get(&budget.refused[MEMORY_HTTP]), row->refusals);
}

static void uses_share_the_limit(void **state)
{
    struct memory_budget budget;

    (void)state;
    memory_budget_init(&budget, 100);
    assert_true(memory_budget_take(&budget, MEMORY_OUTBOXES, 60));
    assert_false(memory_budget_take(&budget, MEMORY_MESSAGES, 60));
    assert_int_equal(metric_get(&budget.refused[MEMORY_OUTBOXES]), 0);
    assert_int_equal(metric_get(&budget.refused[MEMORY_MESSAGES]), 1);
}

static void nobody_counts(void **state)
{
    (void)state;
    assert_true(memory_budget_take(NULL, MEMORY_OUTBOXES, SIZE_MAX));
    memory_budget_charge(NULL, MEMORY_OUTBOXES, 1);
    memory_budget_give(NULL, MEMORY_OUTBOXES, 1);
    assert_false(memory_budget_is_spent(NULL, MEMORY_OUTBOXES));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 2] = {
        cmocka_unit_test(uses_share_the_limit),
        cmocka_unit_test(nobody_counts),
    };
    size_t count = 2;

    ADD_ROWS(tests, count, rows, counts);
    return cmocka_run_group_tests_name("memory_budget", tests, NULL, NULL);
}
