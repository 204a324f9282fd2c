#include "common/gateway_file/route_action_parse.h"

#include <stdlib.h>

#include "common/gateway_file/room_template.h"

struct action_reader {
    const struct room_types *types;
    struct route *route;
};

// The template has the user's id alone; the room is the user's own.
static bool read_user(struct file_reader *r, struct json_view value, void *into)
{
    const struct action_reader *a = into;
    struct route_room *user = &a->route->action.user;

    if (!room_template_read(r, NULL, value, a->route, user))
        return false;
    if (user->is_list || user->from.count == 0 || user->prefix[0] != '\0' ||
        user->suffix[0] != '\0')
        return reader_refuse(r, value.raw, "one user is wanted here, as in \"{userId}\"");
    free(user->prefix);
    user->prefix = span_dup(SPAN_LIT("user:"));
    return true;
}

static bool read_room(struct file_reader *r, struct json_view value, void *into)
{
    const struct action_reader *a = into;
    struct route_room *room = &a->route->action.room;

    if (!room_template_read(r, a->types, value, a->route, room))
        return false;
    if (room->is_list || room->from.count == 0)
        return reader_refuse(r, value.raw, "one room is wanted here");
    return !span_starts_with(span_of(room->prefix), SPAN_LIT("user:")) ||
           reader_refuse(r, value.raw, "a user is always in the room of its own");
}

bool route_action_read(struct file_reader *r, const struct room_types *types,
                       struct json_view value, enum route_act act, struct route *route)
{
    static const struct reader_member user_and_room[] = {
        {"user", read_user}, {"room", read_room}, {NULL, NULL}};
    static const struct reader_member user_alone[] = {{"user", read_user}, {NULL, NULL}};
    bool has_room = act != ROUTE_DISCONNECT;
    struct route_action *action = &route->action;
    struct action_reader into = {types, route};

    if (action->act)
        return reader_refuse(r, value.raw, "a route has one action");
    action->act = act;
    if (value.kind != JSON_KIND_OBJECT)
        return reader_refuse(r, value.raw, "an object is wanted here");
    if (!reader_members(r, value, has_room ? user_and_room : user_alone,
                        has_room ? "\"leave\" and \"join\" have \"user\" and \"room\""
                                 : "\"disconnect\" has \"user\"",
                        &into))
        return false;
    if (!action->user.prefix || (has_room && !action->room.prefix))
        return reader_refuse(r, value.raw,
                             has_room ? "\"leave\" and \"join\" need \"user\" and \"room\""
                                      : "\"disconnect\" needs \"user\"");
    return true;
}
