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

bool is_gateway_event(struct span name)
{
    static const char *const names[] = {
        "join_room",           "leave_room",    "typing",          "stop_typing", "refresh_token",
        "connected",           "user_joined",   "user_left",       "user_typing", "room_count",
        "token_expiring_soon", "token_expired", "user_stop_typing"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (span_is(name, names[i]))
            return true;
    return false;
}
