// A binary packet on its way in: its text came, its attachments follow one by one.
#pragma once

#include "edge/socketio/packet.h"

struct assembly {
    struct sio_packet packet; // points into `text`
    struct span attachments[SIO_ATTACHMENTS_MAX];
    uint32_t attachment_count; // so far
    size_t bytes;              // held: text and attachments
    char text[];
};

// `text` is a packet that sio_packet_decode() let through. Copies it.
NODISCARD struct assembly *assembly_new(struct span text);
void assembly_free(struct assembly *assembly);

// Copies the next attachment. False when all parts together would exceed `max_bytes`.
NODISCARD bool assembly_add(struct assembly *assembly, struct span bytes, size_t max_bytes);
bool assembly_complete(const struct assembly *assembly);
