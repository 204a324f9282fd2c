// A binary packet on its way in: its text came, its attachments follow one by one.
#pragma once

#include "common/memory_budget.h"
#include "edge/socketio/packet.h"

struct binary_packet {
    struct sio_packet decoded; // points into `text`
    struct span attachments[SIO_ATTACHMENTS_MAX];
    uint32_t attachment_count; // so far
    size_t bytes;              // held: text and attachments
    struct memory_budget *memory;
    char text[];
};

// `text` is a packet that sio_packet_decode() let through. Copies it. What it holds is taken from
// `memory`; NULL when there is no room.
NODISCARD struct binary_packet *binary_packet_new(struct span text, struct memory_budget *memory);
void binary_packet_free(struct binary_packet *packet);

enum binary_packet_status { BINARY_PACKET_OK = 0, BINARY_PACKET_TOO_BIG, BINARY_PACKET_NO_MEMORY };

// Copies the next attachment. Too big when all parts together would exceed `max_bytes`.
NODISCARD enum binary_packet_status binary_packet_add(struct binary_packet *packet,
                                                      struct span bytes, size_t max_bytes);
bool binary_packet_is_complete(const struct binary_packet *packet);
