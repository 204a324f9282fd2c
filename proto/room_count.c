#include "proto/room_count.h"

#include <inttypes.h>

#include "common/clock.h"
#include "common/json_string.h"

void room_count_write(struct buffer *out, struct span room, uint64_t count, uint64_t now_ms)
{
    char timestamp[ISO8601_LEN + 1];

    clock_iso8601(now_ms, timestamp);
    buffer_append(out, SPAN_LIT("{\"room\":"));
    json_string_append(out, room);
    buffer_printf(out, ",\"count\":%" PRIu64 ",\"timestamp\":\"%s\"}", count, timestamp);
}
