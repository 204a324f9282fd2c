#include "edge/gateway/rooms/room_name.h"

bool room_name_takes(struct span id)
{
    return id.len > 0 && id.len <= ROOM_ID_MAX && !span_has_control(id);
}

struct span room_name_of_user(struct span user, struct buffer *out)
{
    buffer_clear(out);
    buffer_append(out, SPAN_LIT("user:"));
    buffer_append(out, user);
    return buffer_span(out);
}
