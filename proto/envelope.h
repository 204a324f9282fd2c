// Envelopes and control messages: the contract between relay and edges, as plain structs.
//
// The only module that knows the generated protobuf code. Bytes come from the network and may
// be anything; decoding answers with NULL then.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"
#include "proto/position.h"
#include "proto/redis_keys.h"

// Longer messages are malformed. Far above the largest event that the relay takes.
#define ENVELOPE_MAX_BYTES ((size_t)64 * 1024 * 1024)

struct envelope {
    struct span id;
    struct position position; // none: ephemeral
    struct position prev;
    struct span origin;
    struct span room;
    struct span except;
    struct span event;
    struct span args; // JSON values with commas between them
    uint64_t created_at_ms;
    struct span traceparent;
};

enum control_kind {
    CONTROL_UNKNOWN = 0,
    CONTROL_HEARTBEAT,
    CONTROL_DRAIN,
    CONTROL_KICK,
    CONTROL_KICKED,
    CONTROL_TAKEOVER,
};

struct heartbeat {
    struct span relay;
    uint64_t at_ms;
    struct position tops[SHARDS_MAX];
    size_t shard_count;
    bool bus_connected;
    uint64_t reconnect_attempts;
    struct span bus_host;
    uint32_t bus_port;
};

struct control {
    enum control_kind kind;
    struct heartbeat heartbeat;
    struct span edge;   // of a drain; empty: all. Of a kicked: who says it
    struct span user;   // of a kick or a takeover
    uint64_t ask;       // of a kick, 0: nobody wants to know; and of the kicked that answers it
    uint32_t sockets;   // of a kicked
    struct span socket; // of a takeover
    uint32_t generation;
};

// Appends the encoded message to `out`.
void envelope_encode(const struct envelope *envelope, struct buffer *out);
void control_encode(const struct control *control, struct buffer *out);

// Decodes one message after another into memory that it keeps and reuses.
struct envelope_decoder;
NODISCARD struct envelope_decoder *envelope_decoder_new(void);
void envelope_decoder_free(struct envelope_decoder *decoder);

// What is returned is valid until the decoder's next call. NULL: malformed bytes, or an
// envelope without room or event name.
NODISCARD const struct envelope *envelope_decode(struct envelope_decoder *decoder,
                                                 struct span bytes);
NODISCARD const struct control *control_decode(struct envelope_decoder *decoder, struct span bytes);
