// Encodes and decodes the messages of envelope.proto, the contract between relay and edges, to and
// from plain structs. envelope.proto documents the fields.
//
// Only this module includes the generated protobuf code. Messages come from the network, so
// decoding takes any bytes and returns NULL if they are malformed.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"
#include "proto/position.h"
#include "proto/redis_keys.h"

// Longer messages count as malformed. The limit is far above the largest MAX_EVENT_BYTES.
#define ENVELOPE_MAX_BYTES ((size_t)64 * 1024 * 1024)
// Rooms of one envelope. One with more is malformed.
#define ENVELOPE_ROOMS_MAX 1000

struct envelope {
    struct span id;
    struct position position; // none: ephemeral, not in the log
    struct position prev;     // the position before it in its shard
    struct span origin;       // the relay or edge that published it
    struct span room;
    struct span except; // id of a socket that does not get the event, or empty
    struct span event;
    struct span args; // JSON values separated by commas
    uint64_t created_at_ms;
    struct span traceparent;
    const struct span *more_rooms; // besides `room`; none of them is empty
    size_t more_count;
    // An action on the user whose room is `room`. With one the event may be empty, and is only for
    // more_rooms.
    struct span leaves; // the room that the user is taken out of, or empty
    struct span enters; // the room that the user is let into, or empty
    bool disconnects;
};

// The room that every client is in, and nobody joins.
#define ROOM_EVERYBODY "*"

static inline bool room_is_everybody(struct span room)
{
    return span_is(room, ROOM_EVERYBODY);
}

static inline bool envelope_acts(const struct envelope *envelope)
{
    return envelope->leaves.len > 0 || envelope->enters.len > 0 || envelope->disconnects;
}

enum control_kind {
    CONTROL_UNKNOWN = 0,
    CONTROL_HEARTBEAT,
    CONTROL_DRAIN,
    CONTROL_KICK,
    CONTROL_KICKED,
    CONTROL_TAKEOVER,
    CONTROL_REVOKE,
    CONTROL_LEAVE,
};

struct heartbeat {
    struct span relay;
    uint64_t at_ms;
    struct position tops[SHARDS_MAX];
    size_t shard_count;        // 0: `tops` are not known now
    unsigned node, node_count; // of REDIS_NODES: over which it comes, of how many; 0: of one
    bool bus_connected;
    uint64_t reconnect_attempts;
    struct span bus_host;
    uint32_t bus_port;
};

struct control {
    enum control_kind kind;
    struct heartbeat heartbeat;
    struct span edge;   // drain: which one, empty for all; kicked: the edge that answers
    struct span user;   // kick, takeover, revoke, leave
    uint64_t ask;       // kick, revoke, leave: a number for the answers, 0: none is wanted; kicked:
                        // that number
    uint32_t sockets;   // kicked: how many sockets of the user the command has met at the edge
    struct span socket; // takeover: the socket that had the session
    uint64_t generation; // takeover: of the session after the claim
    struct span room;    // leave
    uint64_t at_ms;      // revoke: tokens issued before are refused
    uint64_t until_ms;   // revoke: when that can be forgotten
};

// Appends the encoded message to `out`.
void envelope_encode(const struct envelope *envelope, struct buffer *out);
void control_encode(const struct control *control, struct buffer *out);

// Decodes one message at a time, into memory that the next message reuses.
struct envelope_decoder;
NODISCARD struct envelope_decoder *envelope_decoder_new(void);
void envelope_decoder_free(struct envelope_decoder *decoder);

// Both return NULL if the bytes are malformed, are more than ENVELOPE_MAX_BYTES, or are an envelope
// without room, without event name and action, that takes a user out of a room and lets it into
// one, or with more than ENVELOPE_ROOMS_MAX rooms. A
// command of a newer version is CONTROL_UNKNOWN. The result is a copy, valid until the next call
// with this decoder.
NODISCARD const struct envelope *envelope_decode(struct envelope_decoder *decoder,
                                                 struct span bytes);
NODISCARD const struct control *control_decode(struct envelope_decoder *decoder, struct span bytes);
