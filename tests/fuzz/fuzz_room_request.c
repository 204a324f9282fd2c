#include <assert.h>
#include <stdint.h>

#include "common/json_check.h"
#include "edge/gateway/rooms/room_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The arguments of an event, as they come: JSON that has been checked. Whatever becomes a room is
// one that a client may ask for.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct room_types types = {
        .items = {{.name = (char *)"conversation"}, {.name = (char *)"notification"}}, .count = 2};
    struct span args = {(const char *)data, size};
    struct buffer room = {0};

    if (size > 0 && json_check(args, 64, NULL, NULL) &&
        room_request_read(args, &types, &room) == ROOM_REQUEST_OK) {
        assert(span_starts_with(buffer_span(&room), SPAN_LIT("conversation:")) ||
               span_starts_with(buffer_span(&room), SPAN_LIT("notification:")));
        for (size_t i = 0; i < room.len; i++)
            assert((unsigned char)room.ptr[i] >= 0x20 && room.ptr[i] != 0x7F);
    }
    buffer_fini(&room);
    return 0;
}
