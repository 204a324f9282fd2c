#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "envelope.pb-c.h"
#include "proto/envelope.h"

// The generated code packs NUL-terminated strings. One block holds copies of all strings of a
// message.
struct texts {
    char *block, *next;
};

static struct texts texts_new(size_t total, size_t count)
{
    char *block = mem_alloc(total + count);

    return (struct texts){block, block};
}

static char *add_text(struct texts *texts, struct span text)
{
    char *copy = texts->next;

    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    texts->next += text.len + 1;
    return copy;
}

static void append_packed(const ProtobufCMessage *message, struct buffer *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    char *at = buffer_reserve(out, size);

    out->len += protobuf_c_message_pack(message, (uint8_t *)at);
    out->ptr[out->len] = '\0';
}

static Gateway__V1__Position *write_position(struct position from, Gateway__V1__Position *to)
{
    gateway__v1__position__init(to);
    to->epoch = from.epoch;
    to->seq = from.seq;
    return position_is_none(from) ? NULL : to;
}

static size_t length_of_more_rooms(const struct envelope *e)
{
    size_t total = 0;

    assert(e->more_count < ENVELOPE_ROOMS_MAX);
    for (size_t i = 0; i < e->more_count; i++)
        total += e->more_rooms[i].len;
    return total;
}

void envelope_encode(const struct envelope *e, struct buffer *out)
{
    Gateway__V1__Envelope message = GATEWAY__V1__ENVELOPE__INIT;
    Gateway__V1__Position position, prev;
    char *more_rooms[ENVELOPE_ROOMS_MAX - 1];
    struct texts texts =
        texts_new(e->id.len + e->origin.len + e->room.len + e->except.len + e->event.len +
                      e->traceparent.len + e->leaves.len + e->enters.len + length_of_more_rooms(e),
                  8 + e->more_count);

    message.id = add_text(&texts, e->id);
    message.position = write_position(e->position, &position);
    message.prev = write_position(e->prev, &prev);
    message.origin = add_text(&texts, e->origin);
    message.room = add_text(&texts, e->room);
    message.except = add_text(&texts, e->except);
    message.event = add_text(&texts, e->event);
    message.args = (ProtobufCBinaryData){e->args.len, (uint8_t *)e->args.ptr};
    message.created_at_ms = e->created_at_ms;
    message.traceparent = add_text(&texts, e->traceparent);
    for (size_t i = 0; i < e->more_count; i++)
        more_rooms[i] = add_text(&texts, e->more_rooms[i]);
    message.more_rooms = more_rooms;
    message.n_more_rooms = e->more_count;
    message.leaves = add_text(&texts, e->leaves);
    message.enters = add_text(&texts, e->enters);
    message.disconnects = e->disconnects;
    append_packed(&message.base, out);
    free(texts.block);
}

// protobuf-c keeps the oneof of commands in a union of pointers, so assigning `heartbeat` sets the
// member that `kind` selects.
static void append_command(Gateway__V1__Control__CommandCase kind, void *command,
                           struct buffer *out)
{
    Gateway__V1__Control message = GATEWAY__V1__CONTROL__INIT;

    message.command_case = kind;
    message.heartbeat = command;
    append_packed(&message.base, out);
}

static void encode_heartbeat(const struct heartbeat *h, struct buffer *out)
{
    Gateway__V1__Heartbeat heartbeat = GATEWAY__V1__HEARTBEAT__INIT;
    Gateway__V1__Position tops[SHARDS_MAX], *top_list[SHARDS_MAX];
    struct texts texts = texts_new(h->relay.len + h->bus_host.len, 2);

    for (size_t i = 0; i < h->shard_count; i++) {
        // An empty shard is sent as 0-0, so that the index is the number of the shard.
        write_position(h->tops[i], &tops[i]);
        top_list[i] = &tops[i];
    }
    heartbeat.relay = add_text(&texts, h->relay);
    heartbeat.at_ms = h->at_ms;
    heartbeat.n_tops = h->shard_count;
    heartbeat.tops = top_list;
    heartbeat.bus_connected = h->bus_connected;
    heartbeat.reconnect_attempts = h->reconnect_attempts;
    heartbeat.bus_host = add_text(&texts, h->bus_host);
    heartbeat.bus_port = h->bus_port;
    heartbeat.node = h->node;
    heartbeat.node_count = h->node_count;
    append_command(GATEWAY__V1__CONTROL__COMMAND_HEARTBEAT, &heartbeat, out);
    free(texts.block);
}

static void encode_drain(struct span edge, struct buffer *out)
{
    Gateway__V1__Drain drain = GATEWAY__V1__DRAIN__INIT;
    struct texts texts = texts_new(edge.len, 1);

    drain.edge = add_text(&texts, edge);
    append_command(GATEWAY__V1__CONTROL__COMMAND_DRAIN, &drain, out);
    free(texts.block);
}

static void encode_kick(const struct control *control, struct buffer *out)
{
    Gateway__V1__Kick kick = GATEWAY__V1__KICK__INIT;
    struct texts texts = texts_new(control->user.len, 1);

    kick.user = add_text(&texts, control->user);
    kick.ask = control->ask;
    append_command(GATEWAY__V1__CONTROL__COMMAND_KICK, &kick, out);
    free(texts.block);
}

static void encode_kicked(const struct control *control, struct buffer *out)
{
    Gateway__V1__Kicked kicked = GATEWAY__V1__KICKED__INIT;
    struct texts texts = texts_new(control->edge.len, 1);

    kicked.ask = control->ask;
    kicked.edge = add_text(&texts, control->edge);
    kicked.sockets = control->sockets;
    append_command(GATEWAY__V1__CONTROL__COMMAND_KICKED, &kicked, out);
    free(texts.block);
}

static void encode_takeover(const struct control *control, struct buffer *out)
{
    Gateway__V1__Takeover takeover = GATEWAY__V1__TAKEOVER__INIT;
    struct texts texts = texts_new(control->user.len + control->socket.len, 2);

    takeover.user = add_text(&texts, control->user);
    takeover.socket = add_text(&texts, control->socket);
    takeover.generation = control->generation;
    append_command(GATEWAY__V1__CONTROL__COMMAND_TAKEOVER, &takeover, out);
    free(texts.block);
}

static void encode_revoke(const struct control *control, struct buffer *out)
{
    Gateway__V1__Revoke revoke = GATEWAY__V1__REVOKE__INIT;
    struct texts texts = texts_new(control->user.len, 1);

    revoke.user = add_text(&texts, control->user);
    revoke.at_ms = control->at_ms;
    revoke.until_ms = control->until_ms;
    revoke.ask = control->ask;
    append_command(GATEWAY__V1__CONTROL__COMMAND_REVOKE, &revoke, out);
    free(texts.block);
}

static void encode_leave(const struct control *control, struct buffer *out)
{
    Gateway__V1__Leave leave = GATEWAY__V1__LEAVE__INIT;
    struct texts texts = texts_new(control->user.len + control->room.len, 2);

    leave.user = add_text(&texts, control->user);
    leave.room = add_text(&texts, control->room);
    leave.ask = control->ask;
    append_command(GATEWAY__V1__CONTROL__COMMAND_LEAVE, &leave, out);
    free(texts.block);
}

void control_encode(const struct control *control, struct buffer *out)
{
    switch (control->kind) {
    case CONTROL_HEARTBEAT:
        assert(control->heartbeat.shard_count <= SHARDS_MAX);
        encode_heartbeat(&control->heartbeat, out);
        break;
    case CONTROL_DRAIN:
        encode_drain(control->edge, out);
        break;
    case CONTROL_KICK:
        encode_kick(control, out);
        break;
    case CONTROL_KICKED:
        encode_kicked(control, out);
        break;
    case CONTROL_TAKEOVER:
        encode_takeover(control, out);
        break;
    case CONTROL_REVOKE:
        encode_revoke(control, out);
        break;
    case CONTROL_LEAVE:
        encode_leave(control, out);
        break;
    case CONTROL_UNKNOWN:
        break; // encodes to no bytes, which decode as CONTROL_UNKNOWN
    }
}
