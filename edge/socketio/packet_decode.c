#include "edge/socketio/packet.h"

#include "common/json_string.h"
#include "common/json_view.h"
#include "common/reserved_events.h"
#include "edge/socketio/placeholders.h"

#define MAX_SAFE_INTEGER ((UINT64_C(1) << 53) - 1)

static bool take_type(struct span *in, enum sio_type *type)
{
    if (in->len == 0 || in->ptr[0] < '0' || in->ptr[0] > '0' + SIO_BINARY_ACK)
        return false;
    *type = (enum sio_type)(in->ptr[0] - '0');
    *in = span_skip(*in, 1);
    return true;
}

static bool is_binary(enum sio_type type)
{
    return type == SIO_BINARY_EVENT || type == SIO_BINARY_ACK;
}

// A count of 0 is refused, as in socket.io-parser since 4.2.7; earlier versions accepted it.
static bool take_attachments(struct span *in, uint32_t *count)
{
    uint64_t n;

    if (!span_take_uint(in, SIO_ATTACHMENTS_MAX, &n) || n == 0)
        return false;
    if (in->len == 0 || in->ptr[0] != '-')
        return false;
    *in = span_skip(*in, 1);
    *count = (uint32_t)n;
    return true;
}

// A namespace starts with '/' and runs to the next ',' or to the end of the packet.
static struct span take_namespace(struct span *in)
{
    if (in->len == 0 || in->ptr[0] != '/')
        return SPAN_LIT("/");

    const char *comma = memchr(in->ptr, ',', in->len);
    struct span nsp = {in->ptr, comma ? (size_t)(comma - in->ptr) : in->len};
    *in = span_skip(*in, comma ? nsp.len + 1 : nsp.len);
    return nsp;
}

static void split_query(struct sio_packet *packet)
{
    const char *mark = memchr(packet->nsp.ptr, '?', packet->nsp.len);

    if (!mark)
        return;
    size_t len = (size_t)(mark - packet->nsp.ptr);
    packet->nsp_query = span_skip(packet->nsp, len + 1);
    packet->nsp.len = len;
}

// The first element of an event is its name: a string, or a number, whose digits are the name.
static enum sio_status take_name(struct json_walk *walk, struct sio_packet *out)
{
    struct json_view name;

    if (!json_walk_element(walk, &name))
        return SIO_BAD_PAYLOAD;
    out->name = name.raw;
    if (name.kind == JSON_KIND_NUMBER)
        return SIO_OK;
    if (name.kind != JSON_KIND_STRING)
        return SIO_BAD_PAYLOAD;
    out->name = json_view_inside(name);
    out->name_escaped = out->name.len > 0 && memchr(out->name.ptr, '\\', out->name.len);
    return is_reserved_event(out->name) ? SIO_RESERVED_EVENT : SIO_OK;
}

static bool begins_a_list(struct span json)
{
    size_t i = 0;

    while (i < json.len && memchr(" \t\r\n", json.ptr[i], 4))
        i++;
    return i < json.len && json.ptr[i] == '[';
}

static enum sio_status decode_list(struct sio_packet *out, bool named)
{
    size_t count;
    enum sio_status status = SIO_OK;

    if (!begins_a_list(out->json))
        return SIO_BAD_PAYLOAD;
    if (!json_check(out->json, SIO_JSON_DEPTH_MAX, &count, NULL))
        return SIO_BAD_JSON;
    struct json_walk walk = json_walk_into(json_view_of(out->json));
    if (named)
        status = take_name(&walk, out);
    if (status != SIO_OK)
        return status;
    out->args = json_walk_rest(&walk);
    count -= named;
    if (count > SIO_ARGS_MAX)
        return SIO_TOO_MANY_ARGS;
    out->arg_count = (uint32_t)count;
    if (is_binary(out->type) && !placeholders_are_valid(out->args, out->attachments))
        return SIO_BAD_PLACEHOLDER;
    return SIO_OK;
}

// The payload of CONNECT is an object or nothing, that of CONNECT_ERROR an object or a string.
static enum sio_status decode_single(const struct sio_packet *out)
{
    struct json_view value;

    if (out->json.len == 0)
        return out->type == SIO_CONNECT ? SIO_OK : SIO_BAD_PAYLOAD;
    if (!json_view_parse(out->json, SIO_JSON_DEPTH_MAX, &value, NULL))
        return SIO_BAD_JSON;
    if (value.kind == JSON_KIND_STRING && out->type == SIO_CONNECT_ERROR)
        return SIO_OK;
    return value.kind == JSON_KIND_OBJECT ? SIO_OK : SIO_BAD_PAYLOAD;
}

enum sio_status sio_packet_decode_payload(struct sio_packet *out)
{
    switch (out->type) {
    case SIO_CONNECT:
    case SIO_CONNECT_ERROR:
        return decode_single(out);
    case SIO_DISCONNECT:
        return out->json.len == 0 ? SIO_OK : SIO_BAD_PAYLOAD;
    case SIO_EVENT:
    case SIO_BINARY_EVENT:
        return decode_list(out, true);
    case SIO_ACK:
    case SIO_BINARY_ACK:
        return decode_list(out, false);
    }
    return SIO_BAD_TYPE;
}

enum sio_status sio_packet_decode_prefix(struct span in, struct sio_packet *out)
{
    *out = (struct sio_packet){0};

    if (!take_type(&in, &out->type))
        return SIO_BAD_TYPE;
    if (is_binary(out->type) && !take_attachments(&in, &out->attachments))
        return SIO_BAD_ATTACHMENTS;
    out->nsp = take_namespace(&in);
    if (out->nsp.len > SIO_NAMESPACE_MAX)
        return SIO_BAD_NAMESPACE;
    if (out->type == SIO_CONNECT)
        split_query(out);
    if (in.len > 0 && in.ptr[0] >= '0' && in.ptr[0] <= '9') {
        if (!span_take_uint(&in, MAX_SAFE_INTEGER, &out->ack_id))
            return SIO_BAD_ACK_ID;
        out->has_ack = true;
    }
    out->json = in;
    return SIO_OK;
}

enum sio_status sio_packet_decode(struct span in, struct sio_packet *out)
{
    enum sio_status status = sio_packet_decode_prefix(in, out);

    return status == SIO_OK ? sio_packet_decode_payload(out) : status;
}

const char *sio_status_str(enum sio_status status)
{
    static const char *const text[] = {
        [SIO_OK] = "ok",
        [SIO_BAD_TYPE] = "unknown packet type",
        [SIO_BAD_ATTACHMENTS] = "malformed attachment count",
        [SIO_BAD_NAMESPACE] = "namespace too long",
        [SIO_BAD_ACK_ID] = "ack id out of range",
        [SIO_BAD_JSON] = "malformed JSON",
        [SIO_BAD_PAYLOAD] = "payload does not fit the packet type",
        [SIO_BAD_PLACEHOLDER] = "placeholder without an attachment",
        [SIO_RESERVED_EVENT] = "reserved event name",
        [SIO_TOO_MANY_ARGS] = "too many arguments",
    };
    return text[status];
}
