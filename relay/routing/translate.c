#include "relay/routing/translate.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/json_string.h"
#include "common/json_view.h"
#include "common/mem.h"
#include "relay/routing/direct_event.h"
#include "relay/routing/event_id.h"
#include "relay/routing/room_list.h"
#include "relay/routing/route_rooms.h"
#include "relay/routing/traceparent.h"

#define DEPTH_MAX 256

struct translator {
    size_t max_event_bytes;
    struct room_list rooms; // of the event
    struct room_list acts;  // of its action: the user's, and the one that is left or joined
    struct buffer args;
    struct buffer name; // of an event that names itself
    char id[2 * EVENT_ID_BYTES + 1];
    struct json_view values[ROUTE_SOURCES_MAX]; // in the order of the route's `sources`
};

// The members around the data of a wrapped event.
struct wrapper {
    bool named; // has eventName or eventType
    struct json_view data;
    struct json_view timestamp;
};

struct translator *translator_new(size_t max_event_bytes)
{
    struct translator *t = mem_zalloc(sizeof(*t));

    event_id_init();
    t->max_event_bytes = max_event_bytes;
    return t;
}

void translator_free(struct translator *t)
{
    if (!t)
        return;
    room_list_fini(&t->rooms);
    room_list_fini(&t->acts);
    buffer_fini(&t->args);
    buffer_fini(&t->name);
    free(t);
}

static void read_wrapper_member(struct wrapper *wrapper, struct span name, struct json_view value)
{
    if (json_string_is(name, SPAN_LIT("data")))
        wrapper->data = value;
    else if (json_string_is(name, SPAN_LIT("timestamp")))
        wrapper->timestamp = value;
    else if (json_string_is(name, SPAN_LIT("eventName")) ||
             json_string_is(name, SPAN_LIT("eventType")))
        wrapper->named |= value.kind == JSON_KIND_STRING;
}

// Collects the values of the members that the route reads and, unless `wrapper` is NULL, those of
// the wrapper. If two members have one name, the last one counts, as in JavaScript.
static void collect_values(struct translator *t, const struct route *route, struct json_view from,
                           struct wrapper *wrapper)
{
    struct json_walk walk = json_walk_into(from);
    struct json_view value;
    struct span name;

    memset(t->values, 0, route->source_count * sizeof(t->values[0]));
    while (json_walk_member(&walk, &name, &value)) {
        int i = route_source_index(route, name);
        if (i >= 0)
            t->values[i] = value;
        if (wrapper)
            read_wrapper_member(wrapper, name, value);
    }
}

// Returns the first alternative that is not null; else null if one of them is null; else no value.
static struct json_view first_value(const struct translator *t, const struct route_sources *from)
{
    struct json_view found = {0};

    for (size_t i = 0; i < from->count; i++) {
        struct json_view value = t->values[from->index[i]];
        if (json_view_has_value(value))
            return value;
        if (found.kind == JSON_KIND_NONE)
            found = value;
    }
    return found;
}

static enum translate_status write_rooms(struct translator *t, const struct route *route)
{
    for (size_t i = 0; i < route->room_count; i++) {
        enum translate_status status = route_rooms_add(t->values, &route->rooms[i], &t->rooms);
        if (status != TRANSLATE_OK)
            return status;
    }
    room_list_views(&t->rooms);
    return t->rooms.count > 0 ? TRANSLATE_OK : TRANSLATE_NO_ROOM;
}

// Sets t->acts to the user's room and, unless the user is disconnected, the room that is left or
// joined.
static enum translate_status write_action(struct translator *t, const struct route_action *action)
{
    enum translate_status status;

    room_list_clear(&t->acts);
    status = route_rooms_add(t->values, &action->user, &t->acts);
    bool has_room = action->act != ROUTE_DISCONNECT;
    if (status == TRANSLATE_OK && has_room)
        status = route_rooms_add(t->values, &action->room, &t->acts);
    if (status != TRANSLATE_OK)
        return status;
    room_list_views(&t->acts);
    return t->acts.count == (has_room ? 2 : 1) ? TRANSLATE_OK : TRANSLATE_NO_ROOM;
}

// The envelope of an event that acts has the user's room first, for the action alone, so that the
// event can have one room less.
static enum translate_status add_action(struct translator *t, const struct route_action *action,
                                        struct envelope *out)
{
    enum translate_status status = write_action(t, action);

    if (status != TRANSLATE_OK)
        return status;
    if (t->rooms.count == ENVELOPE_ROOMS_MAX)
        return TRANSLATE_TOO_MANY_ROOMS;
    out->room = t->acts.rooms[0];
    out->more_rooms = t->rooms.rooms;
    out->more_count = t->rooms.count;
    if (action->act == ROUTE_LEAVE)
        out->leaves = t->acts.rooms[1];
    else if (action->act == ROUTE_JOIN)
        out->enters = t->acts.rooms[1];
    else
        out->disconnects = true;
    return TRANSLATE_OK;
}

static void append_now(struct buffer *out, uint64_t now_ms)
{
    char text[ISO8601_LEN + 1];

    clock_iso8601(now_ms, text);
    json_string_append(out, (struct span){text, ISO8601_LEN});
}

// Appends the value of a field. Returns false if the field is left out.
static bool append_value(struct translator *t, const struct route_field *field,
                         struct json_view wrapper_time, uint64_t now_ms)
{
    struct json_view value = first_value(t, &field->from);

    if (field->constant)
        buffer_append(&t->args, span_of(field->constant));
    else if (json_view_has_value(value))
        buffer_append(&t->args, value.raw);
    else if (field->fallback)
        buffer_append(&t->args, span_of(field->fallback));
    else if (field->is_time && json_view_has_value(wrapper_time))
        buffer_append(&t->args, wrapper_time.raw);
    else if (field->is_time)
        append_now(&t->args, now_ms);
    else if (value.kind == JSON_KIND_NULL)
        buffer_append(&t->args, value.raw);
    else
        return false;
    return true;
}

static void write_args(struct translator *t, const struct route *route,
                       struct json_view wrapper_time, uint64_t now_ms)
{
    buffer_append_char(&t->args, '{');
    for (size_t i = 0; i < route->field_count; i++) {
        const struct route_field *field = &route->fields[i];
        size_t before = t->args.len;

        if (before > 1)
            buffer_append_char(&t->args, ',');
        buffer_append(&t->args, span_of(field->key));
        if (!append_value(t, field, wrapper_time, now_ms))
            t->args.len = before;
    }
    buffer_append_char(&t->args, '}');
}

// The envelope's fields that do not depend on the kind of route.
static struct envelope envelope_of(struct translator *t, const struct event *event)
{
    return (struct envelope){
        .id = event_id(event, t->id),
        .created_at_ms = event->received_ms,
        .traceparent = is_traceparent(event->traceparent) ? event->traceparent : (struct span){0},
    };
}

static void set_rooms(struct translator *t, struct envelope *out)
{
    out->room = t->rooms.rooms[0];
    out->more_rooms = t->rooms.rooms + 1;
    out->more_count = t->rooms.count - 1;
}

static enum translate_status translate_direct(struct translator *t, const struct event *event,
                                              struct json_view body, struct envelope *out)
{
    struct direct_event direct = {.rooms = &t->rooms, .name = &t->name};

    buffer_clear(&t->name);
    room_list_clear(&t->rooms);
    enum translate_status status = direct_event_read(event->route->direct, body, &direct);
    if (status != TRANSLATE_OK)
        return status;
    room_list_views(&t->rooms);
    *out = envelope_of(t, event);
    out->event = buffer_span(&t->name);
    out->args = direct.data;
    set_rooms(t, out);
    return TRANSLATE_OK;
}

static enum translate_status translate_routed(struct translator *t, const struct event *event,
                                              struct json_view body, struct envelope *out)
{
    const struct route *route = event->route;
    struct wrapper wrapper = {0};

    collect_values(t, route, body, &wrapper);
    // A wrapped event names itself and has its members in the object `data`.
    if (wrapper.named && wrapper.data.kind == JSON_KIND_OBJECT)
        collect_values(t, route, wrapper.data, NULL);

    room_list_clear(&t->rooms);
    enum translate_status status = route->event ? write_rooms(t, route) : TRANSLATE_OK;
    if (status != TRANSLATE_OK)
        return status;
    buffer_clear(&t->args);
    if (route->event)
        write_args(t, route, wrapper.timestamp, event->received_ms);
    if (t->args.len > ENVELOPE_MAX_BYTES / 2) // a route may copy one member many times
        return TRANSLATE_TOO_BIG;
    *out = envelope_of(t, event);
    out->event = route->event ? span_of(route->event) : (struct span){0};
    out->args = buffer_span(&t->args);
    if (route->action.act)
        return add_action(t, &route->action, out);
    set_rooms(t, out);
    return TRANSLATE_OK;
}

enum translate_status translate(struct translator *t, const struct event *event,
                                struct envelope *out)
{
    struct json_view body;

    if (event->missing_bytes > 0 || event->body.len > t->max_event_bytes)
        return TRANSLATE_TOO_BIG;
    if (!json_view_parse(event->body, DEPTH_MAX, &body, NULL))
        return TRANSLATE_NOT_JSON;
    if (body.kind != JSON_KIND_OBJECT)
        return TRANSLATE_NOT_OBJECT;
    return event->route->direct ? translate_direct(t, event, body, out)
                                : translate_routed(t, event, body, out);
}
