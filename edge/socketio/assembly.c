#include "edge/socketio/assembly.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

struct assembly *assembly_new(struct span text, struct memory_budget *memory)
{
    if (!memory_budget_take(memory, MEMORY_MESSAGES, text.len))
        return NULL;
    struct assembly *assembly = mem_zalloc(sizeof(*assembly) + text.len);

    memcpy(assembly->text, text.ptr, text.len);
    assembly->bytes = text.len;
    assembly->memory = memory;
    // Once more, so that the packet's spans point into the copy.
    enum sio_status status =
        sio_packet_decode((struct span){assembly->text, text.len}, &assembly->packet);
    assert(status == SIO_OK);
    return assembly;
}

void assembly_free(struct assembly *assembly)
{
    if (!assembly)
        return;
    for (uint32_t i = 0; i < assembly->attachment_count; i++)
        free((char *)assembly->attachments[i].ptr);
    memory_budget_give(assembly->memory, MEMORY_MESSAGES, assembly->bytes);
    free(assembly);
}

enum assembly_status assembly_add(struct assembly *assembly, struct span bytes, size_t max_bytes)
{
    if (bytes.len > max_bytes || assembly->bytes > max_bytes - bytes.len)
        return ASSEMBLY_TOO_BIG;
    if (!memory_budget_take(assembly->memory, MEMORY_MESSAGES, bytes.len))
        return ASSEMBLY_NO_MEMORY;
    assert(!assembly_complete(assembly));
    assembly->attachments[assembly->attachment_count++] = (struct span){span_dup(bytes), bytes.len};
    assembly->bytes += bytes.len;
    return ASSEMBLY_OK;
}

bool assembly_complete(const struct assembly *assembly)
{
    return assembly->attachment_count == assembly->packet.attachments;
}
