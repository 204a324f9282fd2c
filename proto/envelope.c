#include "proto/envelope.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/mem.h"
#include "envelope.pb-c.h"

// Decoding one message may take twice its size for copies of its strings, and this much for
// structs, for what protobuf-c notes of each field while it scans, and for rounding up. A short
// hostile message can ask for far more, since each repeated field becomes a struct; its decoding
// fails. The valid one that needs most, an action with an event for 999 rooms with short names,
// needs 63 KB to scan, 16 KB for the names and 8 KB for the pointers to them.
#define STRUCTURE_MAX ((size_t)128 * 1024)
#define ARENA_KEPT    ((size_t)1024 * 1024) // a larger arena shrinks at the next small message
#define ALIGNMENT     _Alignof(max_align_t)

// A bump allocator. The next message resets it as a whole; nothing is freed alone.
struct arena {
    char *ptr;
    size_t cap, used;
};

struct envelope_decoder {
    struct arena arena;
    ProtobufCAllocator allocator;
    struct envelope envelope;
    struct span more_rooms[ENVELOPE_ROOMS_MAX - 1];
    struct control control;
};

static void *arena_take(void *arg, size_t size)
{
    struct arena *arena = arg;

    if (size > arena->cap - arena->used)
        return NULL;
    void *taken = arena->ptr + arena->used;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    arena->used = size < arena->cap - arena->used ? arena->used + size : arena->cap;
    return taken;
}

static void arena_give_back(void *arg, void *taken)
{
    (void)arg, (void)taken;
}

static void arena_reset(struct arena *arena, size_t need)
{
    bool oversized = arena->cap > ARENA_KEPT && need <= ARENA_KEPT;

    arena->used = 0;
    if (need <= arena->cap && !oversized)
        return;
    free(arena->ptr);
    arena->ptr = mem_alloc(need);
    arena->cap = need;
}

static ProtobufCMessage *unpack(struct envelope_decoder *decoder, struct span bytes,
                                const ProtobufCMessageDescriptor *type)
{
    if (bytes.len > ENVELOPE_MAX_BYTES)
        return NULL;
    arena_reset(&decoder->arena, 2 * bytes.len + STRUCTURE_MAX);
    return protobuf_c_message_unpack(type, &decoder->allocator, bytes.len,
                                     (const uint8_t *)bytes.ptr);
}

static struct position read_position(const Gateway__V1__Position *from)
{
    return from ? (struct position){from->epoch, from->seq} : (struct position){0};
}

static void read_envelope(const Gateway__V1__Envelope *from, struct envelope *to)
{
    *to = (struct envelope){
        .id = span_of(from->id),
        .position = read_position(from->position),
        .prev = read_position(from->prev),
        .origin = span_of(from->origin),
        .room = span_of(from->room),
        .except = span_of(from->except),
        .event = span_of(from->event),
        .args = {(const char *)from->args.data, from->args.len},
        .created_at_ms = from->created_at_ms,
        .traceparent = span_of(from->traceparent),
        .leaves = span_of(from->leaves),
        .enters = span_of(from->enters),
        .disconnects = from->disconnects,
    };
}

// False if there are too many, or one is empty.
static bool read_more_rooms(const Gateway__V1__Envelope *from, struct envelope_decoder *decoder)
{
    if (from->n_more_rooms > ARRAY_LEN(decoder->more_rooms))
        return false;
    for (size_t i = 0; i < from->n_more_rooms; i++) {
        decoder->more_rooms[i] = span_of(from->more_rooms[i]);
        if (decoder->more_rooms[i].len == 0)
            return false;
    }
    decoder->envelope.more_rooms = decoder->more_rooms;
    decoder->envelope.more_count = from->n_more_rooms;
    return true;
}

static bool is_usable(const struct envelope *envelope)
{
    return envelope->room.len > 0 && (envelope->event.len > 0 || envelope_acts(envelope)) &&
           (envelope->leaves.len == 0 || envelope->enters.len == 0);
}

static bool read_heartbeat(const Gateway__V1__Heartbeat *from, struct heartbeat *to)
{
    if (from->n_tops > SHARDS_MAX)
        return false;
    to->relay = span_of(from->relay);
    to->at_ms = from->at_ms;
    to->shard_count = from->n_tops;
    for (size_t i = 0; i < from->n_tops; i++)
        to->tops[i] = read_position(from->tops[i]);
    to->bus_connected = from->bus_connected;
    to->reconnect_attempts = from->reconnect_attempts;
    to->bus_host = span_of(from->bus_host);
    to->bus_port = from->bus_port;
    to->node = from->node;
    to->node_count = from->node_count;
    return true;
}

static bool read_control(const Gateway__V1__Control *from, struct control *to)
{
    *to = (struct control){0};
    switch (from->command_case) {
    case GATEWAY__V1__CONTROL__COMMAND_HEARTBEAT:
        to->kind = CONTROL_HEARTBEAT;
        return read_heartbeat(from->heartbeat, &to->heartbeat);
    case GATEWAY__V1__CONTROL__COMMAND_DRAIN:
        to->kind = CONTROL_DRAIN;
        to->edge = span_of(from->drain->edge);
        return true;
    case GATEWAY__V1__CONTROL__COMMAND_KICK:
        to->kind = CONTROL_KICK;
        to->user = span_of(from->kick->user);
        to->ask = from->kick->ask;
        return true;
    case GATEWAY__V1__CONTROL__COMMAND_KICKED:
        to->kind = CONTROL_KICKED;
        to->edge = span_of(from->kicked->edge);
        to->ask = from->kicked->ask;
        to->sockets = from->kicked->sockets;
        return true;
    case GATEWAY__V1__CONTROL__COMMAND_TAKEOVER:
        to->kind = CONTROL_TAKEOVER;
        to->user = span_of(from->takeover->user);
        to->socket = span_of(from->takeover->socket);
        to->generation = from->takeover->generation;
        return true;
    case GATEWAY__V1__CONTROL__COMMAND_REVOKE:
        to->kind = CONTROL_REVOKE;
        to->user = span_of(from->revoke->user);
        to->at_ms = from->revoke->at_ms;
        to->until_ms = from->revoke->until_ms;
        to->ask = from->revoke->ask;
        return true;
    case GATEWAY__V1__CONTROL__COMMAND_LEAVE:
        to->kind = CONTROL_LEAVE;
        to->user = span_of(from->leave->user);
        to->room = span_of(from->leave->room);
        to->ask = from->leave->ask;
        return true;
    default:
        return true; // a command of a newer version: CONTROL_UNKNOWN
    }
}

struct envelope_decoder *envelope_decoder_new(void)
{
    struct envelope_decoder *decoder = mem_zalloc(sizeof(*decoder));

    decoder->allocator = (ProtobufCAllocator){arena_take, arena_give_back, &decoder->arena};
    return decoder;
}

void envelope_decoder_free(struct envelope_decoder *decoder)
{
    if (!decoder)
        return;
    free(decoder->arena.ptr);
    free(decoder);
}

const struct envelope *envelope_decode(struct envelope_decoder *decoder, struct span bytes)
{
    const ProtobufCMessage *message = unpack(decoder, bytes, &gateway__v1__envelope__descriptor);

    if (!message)
        return NULL;
    const Gateway__V1__Envelope *envelope = (const Gateway__V1__Envelope *)message;
    read_envelope(envelope, &decoder->envelope);
    if (!is_usable(&decoder->envelope))
        return NULL;
    if (envelope->n_more_rooms > 0 && !read_more_rooms(envelope, decoder))
        return NULL;
    return &decoder->envelope;
}

const struct control *control_decode(struct envelope_decoder *decoder, struct span bytes)
{
    const ProtobufCMessage *message = unpack(decoder, bytes, &gateway__v1__control__descriptor);

    if (!message || !read_control((const Gateway__V1__Control *)message, &decoder->control))
        return NULL;
    return &decoder->control;
}
