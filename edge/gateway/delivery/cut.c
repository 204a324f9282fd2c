#include "edge/gateway/delivery/cut.h"

bool cut_covers(const struct cut *a, const struct cut *b)
{
    for (unsigned i = 0; i < a->shards; i++)
        if (position_compare(a->at[i], b->at[i]) < 0)
            return false;
    return true;
}

bool cut_eq(const struct cut *a, const struct cut *b)
{
    return cut_covers(a, b) && cut_covers(b, a);
}

void cut_raise(struct cut *cut, const struct cut *other)
{
    for (unsigned i = 0; i < cut->shards; i++)
        if (position_compare(other->at[i], cut->at[i]) > 0)
            cut->at[i] = other->at[i];
}

struct position cut_top(const struct cut *cut)
{
    struct position top = cut->at[0];

    for (unsigned i = 1; i < cut->shards; i++)
        if (position_compare(cut->at[i], top) > 0)
            top = cut->at[i];
    return top;
}
