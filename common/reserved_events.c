#include "common/reserved_events.h"

#include "common/json_string.h"

bool is_reserved_event(struct span inside)
{
    static const struct span names[] = {
        SPAN_INIT("connect"),       SPAN_INIT("connect_error"), SPAN_INIT("disconnect"),
        SPAN_INIT("disconnecting"), SPAN_INIT("newListener"),   SPAN_INIT("removeListener"),
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (json_string_is(inside, names[i]))
            return true;
    return false;
}
