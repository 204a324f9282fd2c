#include "common/memory_budget.h"

#include <assert.h>

#define RESERVE 16 // 1/16 of the limit is left to work in progress

void memory_budget_init(struct memory_budget *budget, size_t limit)
{
    *budget = (struct memory_budget){.total = 0};
    metric_set(&budget->limit, limit);
}

static bool fits(const struct memory_budget *budget, size_t bytes)
{
    size_t limit = metric_get(&budget->limit);

    return limit == 0 || (budget->total <= limit && bytes <= limit - budget->total);
}

bool memory_budget_take(struct memory_budget *budget, enum memory_use use, size_t bytes)
{
    if (!budget)
        return true;
    if (!fits(budget, bytes)) {
        metric_add(&budget->refused[use], 1);
        return false;
    }
    memory_budget_charge(budget, use, bytes);
    return true;
}

void memory_budget_charge(struct memory_budget *budget, enum memory_use use, size_t bytes)
{
    if (!budget)
        return;
    budget->total += bytes;
    metric_add(&budget->used[use], bytes);
}

void memory_budget_give(struct memory_budget *budget, enum memory_use use, size_t bytes)
{
    if (!budget)
        return;
    assert(bytes <= metric_get(&budget->used[use]));
    budget->total -= bytes;
    metric_sub(&budget->used[use], bytes);
}

bool memory_budget_is_spent(struct memory_budget *budget, enum memory_use use)
{
    if (!budget || fits(budget, metric_get(&budget->limit) / RESERVE))
        return false;
    metric_add(&budget->refused[use], 1);
    return true;
}

bool memory_budget_take_new(struct memory_budget *budget, enum memory_use use, size_t bytes)
{
    return !memory_budget_is_spent(budget, use) && memory_budget_take(budget, use, bytes);
}
