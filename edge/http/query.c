#include "edge/http/query.h"

bool query_find(struct span query, const char *name, struct span *value)
{
    struct span pair, key;

    while (span_take_until(&query, '&', &pair)) {
        if (!span_take_until(&pair, '=', &key) || !span_is(key, name))
            continue;
        *value = pair.ptr ? pair : SPAN_LIT("");
        return true;
    }
    return false;
}
