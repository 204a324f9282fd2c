#include "edge/gateway/rooms/room_request.h"

#include "common/json_string.h"
#include "common/json_view.h"
#include "edge/gateway/clients/json_doc.h"
#include "edge/gateway/rooms/room_name.h"

const char *room_request_str(enum room_request result)
{
    static const char *const text[] = {
        [ROOM_REQUEST_OK] = "ok",
        [ROOM_REQUEST_INCOMPLETE] = "Missing roomType or roomId",
        [ROOM_REQUEST_BAD_TYPE] = "Invalid roomType",
        [ROOM_REQUEST_BAD_ID] = "Invalid roomId",
    };
    return text[result];
}

static bool is_missing(const struct json_doc *value)
{
    switch (json_doc_kind(value)) {
    case DOC_ABSENT:
    case DOC_NULL:
        return true;
    case DOC_TEXT:
        return json_doc_text(value).len == 0;
    default:
        return false;
    }
}

// Appends a type of the file; "user" is none.
static bool append_type(const struct json_doc *type, const struct room_types *types,
                        struct buffer *room)
{
    struct span text = json_doc_text(type);

    if (types && !room_types_find(types, text))
        return false;
    buffer_append(room, text);
    return true;
}

static bool append_id(const struct json_doc *id, struct buffer *room)
{
    switch (json_doc_kind(id)) {
    case DOC_TEXT:
        if (!room_name_takes(json_doc_text(id)))
            return false;
        buffer_append(room, json_doc_text(id));
        return true;
    case DOC_NUMBER:
        json_doc_print_number(id, room);
        return true;
    default:
        return false;
    }
}

static enum room_request read_room(const struct json_doc *type, const struct json_doc *id,
                                   const struct room_types *types, struct buffer *room)
{
    if (is_missing(type) || is_missing(id))
        return ROOM_REQUEST_INCOMPLETE;
    buffer_clear(room);
    if (!append_type(type, types, room))
        return ROOM_REQUEST_BAD_TYPE;
    buffer_append_char(room, ':');
    return append_id(id, room) ? ROOM_REQUEST_OK : ROOM_REQUEST_BAD_ID;
}

// The JSON is well-formed, so json_doc_parse() fails only for a NUL, half a surrogate pair or a
// number out of range. No valid roomType has one, so the id is taken to be wrong.
static enum room_request read_values(struct json_view type_json, struct json_view id_json,
                                     const struct room_types *types, struct buffer *room)
{
    struct json_doc *type = json_doc_parse(type_json.raw), *id = json_doc_parse(id_json.raw);
    enum room_request result = ROOM_REQUEST_BAD_ID;

    if (type && id)
        result = read_room(type, id, types, room);
    json_doc_free(type);
    json_doc_free(id);
    return result;
}

// Other members are passed over unread: an event may have much more to say.
enum room_request room_request_read(struct span args, const struct room_types *types,
                                    struct buffer *room)
{
    struct json_walk walk = json_walk_over(args);
    struct json_view first, value, type = {0}, id = {0};
    struct span name;

    if (!json_walk_element(&walk, &first) || first.kind != JSON_KIND_OBJECT)
        return ROOM_REQUEST_INCOMPLETE;
    walk = json_walk_into(first);
    while (json_walk_member(&walk, &name, &value)) {
        if (json_string_is(name, SPAN_LIT("roomType")))
            type = value;
        else if (json_string_is(name, SPAN_LIT("roomId")))
            id = value;
    }
    if (type.kind == JSON_KIND_NONE || id.kind == JSON_KIND_NONE)
        return ROOM_REQUEST_INCOMPLETE;
    return read_values(type, id, types, room);
}
