#include "edge/socketio/binary_packet.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

struct binary_packet *binary_packet_new(struct span text, struct memory_budget *memory)
{
    if (!memory_budget_take(memory, MEMORY_MESSAGES, text.len))
        return NULL;
    struct binary_packet *packet = mem_zalloc(sizeof(*packet) + text.len);

    memcpy(packet->text, text.ptr, text.len);
    packet->bytes = text.len;
    packet->memory = memory;
    // Decodes again, so that the spans of the packet point into the copy.
    enum sio_status status =
        sio_packet_decode((struct span){packet->text, text.len}, &packet->decoded);
    assert(status == SIO_OK);
    return packet;
}

void binary_packet_free(struct binary_packet *packet)
{
    if (!packet)
        return;
    for (uint32_t i = 0; i < packet->attachment_count; i++)
        free((char *)packet->attachments[i].ptr);
    memory_budget_give(packet->memory, MEMORY_MESSAGES, packet->bytes);
    free(packet);
}

enum binary_packet_status binary_packet_add(struct binary_packet *packet, struct span bytes,
                                            size_t max_bytes)
{
    if (bytes.len > max_bytes || packet->bytes > max_bytes - bytes.len)
        return BINARY_PACKET_TOO_BIG;
    if (!memory_budget_take(packet->memory, MEMORY_MESSAGES, bytes.len))
        return BINARY_PACKET_NO_MEMORY;
    assert(!binary_packet_is_complete(packet));
    packet->attachments[packet->attachment_count++] = (struct span){span_dup(bytes), bytes.len};
    packet->bytes += bytes.len;
    return BINARY_PACKET_OK;
}

bool binary_packet_is_complete(const struct binary_packet *packet)
{
    return packet->attachment_count == packet->decoded.attachments;
}
