#include "relay/routing/route_rooms.h"

#include <string.h>

#include "common/json_string.h"

static bool is_integer(struct json_view value)
{
    return value.kind == JSON_KIND_NUMBER && !memchr(value.raw.ptr, '.', value.raw.len) &&
           !memchr(value.raw.ptr, 'e', value.raw.len) && !memchr(value.raw.ptr, 'E', value.raw.len);
}

static bool is_empty_text(struct json_view value)
{
    return value.kind == JSON_KIND_STRING && value.raw.len == 2;
}

static bool is_empty(struct json_view value)
{
    struct json_walk walk;
    struct json_view element;

    if (value.kind != JSON_KIND_ARRAY)
        return !json_view_has_value(value) || is_empty_text(value);
    walk = json_walk_into(value);
    return !json_walk_element(&walk, &element);
}

// The first alternative with something in it; else no value.
static struct json_view find_ids(const struct json_view values[], const struct route_room *template)
{
    for (size_t i = 0; i < template->from.count; i++) {
        struct json_view value = values[template->from.index[i]];
        if (!is_empty(value))
            return value;
    }
    return (struct json_view){0};
}

static enum translate_status end_room(struct room_list *list)
{
    static const enum translate_status results[] = {[ROOM_ADDED] = TRANSLATE_OK,
                                                    [ROOM_NO_NAME] = TRANSLATE_BAD_ROOM,
                                                    [ROOM_TOO_MANY] = TRANSLATE_TOO_MANY_ROOMS};

    return results[room_list_add(list)];
}

// Appends a text, decoded, or an integer as it is written. Returns false for anything else.
static bool append_id(struct buffer *text, struct json_view id)
{
    if (id.kind == JSON_KIND_STRING)
        return json_string_decode(json_view_inside(id), JSON_HALF_PAIR_REFUSED, text);
    if (!is_integer(id))
        return false;
    buffer_append(text, span_is(id.raw, "-0") ? SPAN_LIT("0") : id.raw);
    return true;
}

// Only the template makes an event one for every client, never a body.
static enum translate_status add_room(struct room_list *list, const struct route_room *template,
                                      struct json_view id)
{
    struct buffer *text = &list->text;
    size_t start = text->len;

    buffer_append(text, span_of(template->prefix));
    if (!append_id(text, id))
        return TRANSLATE_BAD_ROOM;
    buffer_append(text, span_of(template->suffix));
    if (room_is_everybody((struct span){text->ptr + start, text->len - start}))
        return TRANSLATE_BAD_ROOM;
    return end_room(list);
}

static enum translate_status add_each(struct room_list *list, const struct route_room *template,
                                      struct json_view ids)
{
    struct json_walk walk = json_walk_into(ids);
    struct json_view id;

    while (json_walk_element(&walk, &id)) {
        if (!json_view_has_value(id) || is_empty_text(id))
            continue;
        enum translate_status status = add_room(list, template, id);
        if (status != TRANSLATE_OK)
            return status;
    }
    return TRANSLATE_OK;
}

enum translate_status route_rooms_add(const struct json_view values[],
                                      const struct route_room *template, struct room_list *list)
{
    struct json_view ids = find_ids(values, template);

    if (template->from.count == 0) {
        buffer_append(&list->text, span_of(template->prefix));
        return end_room(list);
    }
    if (ids.kind == JSON_KIND_NONE)
        return TRANSLATE_OK;
    if (!template->is_list)
        return add_room(list, template, ids);
    return ids.kind == JSON_KIND_ARRAY ? add_each(list, template, ids) : TRANSLATE_NO_LIST;
}
