#include "edge/gateway/clients/token_rooms.h"

#include <string.h>

#include "edge/gateway/clients/json_doc.h"
#include "edge/gateway/rooms/room_name.h"

void token_rooms_clear(struct token_rooms *rooms)
{
    buffer_clear(&rooms->names);
    rooms->count = 0;
    rooms->left_out = 0;
}

bool token_rooms_include(struct span names, struct span room)
{
    struct span name;

    while (span_take_until(&names, '\0', &name))
        if (name.len > 0 && span_eq(name, room))
            return true;
    return false;
}

// Appends the id. False if it is no text, and no integer in any notation.
static bool append_id(const struct json_doc *value, struct buffer *out)
{
    size_t before = out->len;

    switch (json_doc_kind(value)) {
    case DOC_TEXT:
        if (!room_name_takes(json_doc_text(value)))
            return false;
        buffer_append(out, json_doc_text(value));
        return true;
    case DOC_NUMBER:
        json_doc_print_number(value, out);
        return strspn(out->ptr + before, "-0123456789") == out->len - before;
    default:
        return false;
    }
}

static void add_room(struct token_rooms *rooms, const struct room_type *type,
                     const struct json_doc *id)
{
    size_t before = rooms->names.len;

    buffer_append(&rooms->names, span_of(type->name));
    buffer_append_char(&rooms->names, ':');
    if (rooms->count < TOKEN_ROOMS_MAX && append_id(id, &rooms->names)) {
        buffer_append_char(&rooms->names, '\0');
        rooms->count++;
    } else {
        rooms->names.len = before;
        rooms->left_out++;
    }
}

void token_rooms_add(struct token_rooms *rooms, const struct room_type *type, struct span json)
{
    struct json_doc *doc = json_doc_parse(json);
    const struct json_doc *item;

    switch (json_doc_kind(doc)) {
    case DOC_NULL:
        break;
    case DOC_ARRAY:
        for (size_t i = 0; (item = json_doc_item(doc, i)) != NULL; i++)
            add_room(rooms, type, item);
        break;
    default:
        add_room(rooms, type, doc);
    }
    json_doc_free(doc);
}
