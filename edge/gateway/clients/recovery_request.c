#include "edge/gateway/clients/recovery_request.h"

#include "common/json_string.h"
#include "common/json_view.h"
#include "edge/gateway/clients/session_store.h"
#include "edge/gateway/delivery/offset.h"

#define OFFSET_MAX     1024 // bytes; a longer text counts as an invalid offset
#define AUTH_DEPTH_MAX 64

static void read_text(struct json_view value, size_t max, struct buffer *out)
{
    buffer_clear(out);
    if (value.kind == JSON_KIND_STRING && value.raw.len <= max + 2)
        json_string_decode(json_view_inside(value), JSON_HALF_PAIR_REPLACED, out);
}

static void read_members(struct recovery_request *request, struct json_view object)
{
    struct json_walk walk = json_walk_into(object);
    struct json_view value;
    struct span name;

    while (json_walk_member(&walk, &name, &value)) {
        if (span_is(name, "pid") && value.kind != JSON_KIND_NULL) {
            request->asks = true;
            read_text(value, SESSION_ID_LEN, &request->id);
        } else if (span_is(name, "offset")) {
            request->has_offset = true;
            read_text(value, OFFSET_MAX, &request->offset);
        }
    }
}

void recovery_request_read(struct recovery_request *request, struct span auth, unsigned shards)
{
    struct json_view object;
    struct json_fault fault;

    if (json_view_parse(auth, AUTH_DEPTH_MAX, &object, &fault) && object.kind == JSON_KIND_OBJECT)
        read_members(request, object);
    request->offset_good = offset_parse(buffer_span(&request->offset), shards, &request->cut);
}

void recovery_request_fini(struct recovery_request *request)
{
    buffer_fini(&request->id);
    buffer_fini(&request->offset);
}
