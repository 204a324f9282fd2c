// A binary packet on its way in: its text came, its attachments follow one by one.
#pragma once

#include "common/memory_budget.h"
#include "edge/socketio/packet.h"

struct assembly {
    struct sio_packet packet; // points into `text`
    struct span attachments[SIO_ATTACHMENTS_MAX];
    uint32_t attachment_count; // so far
    size_t bytes;              // held: text and attachments
    struct memory_budget *memory;
    char text[];
};

// `text` is a packet that sio_packet_decode() let through. Copies it. What it holds is taken from
// `memory`; NULL when there is no room.
NODISCARD struct assembly *assembly_new(struct span text, struct memory_budget *memory);
void assembly_free(struct assembly *assembly);

enum assembly_status { ASSEMBLY_OK = 0, ASSEMBLY_TOO_BIG, ASSEMBLY_NO_MEMORY };

// Copies the next attachment. Too big when all parts together would exceed `max_bytes`.
NODISCARD enum assembly_status assembly_add(struct assembly *assembly, struct span bytes,
                                            size_t max_bytes);
bool assembly_complete(const struct assembly *assembly);
