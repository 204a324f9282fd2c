// A binary packet that is being received: its text has come, its attachments follow one by one.
#pragma once

#include "common/memory_budget.h"
#include "edge/socketio/packet.h"

struct binary_packet {
    struct sio_packet decoded; // points into `text`
    struct span attachments[SIO_ATTACHMENTS_MAX];
    uint32_t attachment_count; // received so far
    size_t bytes;              // of text and attachments so far
    struct memory_budget *memory;
    char text[];
};

// Copies `text`, a packet that sio_packet_decode() has accepted. The bytes of all parts are taken
// from `memory`, which is borrowed. NULL if the budget is spent.
NODISCARD struct binary_packet *binary_packet_new(struct span text, struct memory_budget *memory);
void binary_packet_free(struct binary_packet *packet);

enum binary_packet_status { BINARY_PACKET_OK = 0, BINARY_PACKET_TOO_BIG, BINARY_PACKET_NO_MEMORY };

// Copies the next attachment. BINARY_PACKET_TOO_BIG if all parts together would exceed `max_bytes`.
NODISCARD enum binary_packet_status binary_packet_add(struct binary_packet *packet,
                                                      struct span bytes, size_t max_bytes);
bool binary_packet_is_complete(const struct binary_packet *packet);
