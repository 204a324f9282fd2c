#include "edge/gateway/rooms/authorization.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/clients/json_doc.h"

struct authorization {
    const struct room_types *types;
    struct authorization_requests *requests;
};

// "conversation:*" covers every conversation, "conversation:1" only itself.
static bool covers(struct span pattern, struct span room)
{
    if (pattern.len > 0 && pattern.ptr[pattern.len - 1] == '*')
        return span_starts_with(room, (struct span){pattern.ptr, pattern.len - 1});
    return span_eq(pattern, room);
}

static bool is_listed(struct span rooms_json, struct span room)
{
    struct json_doc *list = json_doc_parse(rooms_json);
    const struct json_doc *pattern;
    bool listed = false;

    for (size_t i = 0; !listed && (pattern = json_doc_item(list, i)); i++)
        listed = covers(json_doc_text(pattern), room);
    json_doc_free(list);
    return listed;
}

struct authorization *authorization_new(const struct authorization_requests_options *services,
                                        struct deadlines *clock, struct room_metrics *metrics)
{
    struct authorization *authorization = mem_zalloc(sizeof(*authorization));

    authorization->types = services->types;
    authorization->requests = authorization_requests_new(services, clock, metrics);
    return authorization;
}

void authorization_free(struct authorization *authorization)
{
    if (!authorization)
        return;
    authorization_requests_free(authorization->requests);
    free(authorization);
}

static bool asks_service(const struct room_type *type)
{
    return type && type->join == ROOM_JOIN_SERVICE;
}

bool authorization_can_ask(const struct authorization *authorization, struct span room)
{
    const struct room_type *type = room_types_of(authorization->types, room);

    return !asks_service(type) || authorization_requests_can_ask(type, room);
}

// True if the claims of `who` name the room, by the claim that the type has now.
static bool claims_name(const struct room_type *type, const struct identity *who, struct span room)
{
    return type->claim && who->generation >= type->claim_since && identity_enters(who, room);
}

// True if the client may be in the room without being asked about: its claims have named it, or
// those of its type have.
static bool is_let_in(const struct room_type *type, const struct identity *who, struct span room)
{
    if (claims_name(type, who, room))
        return true;
    return type->join == ROOM_JOIN_OPEN ||
           (type->join == ROOM_JOIN_CLAIMS && is_listed(who->rooms_json, room));
}

void authorization_ask(struct authorization *authorization, struct authorization_waiter *waiter,
                       struct span room)
{
    const struct room_type *type = room_types_of(authorization->types, room);
    bool may = type && is_let_in(type, waiter->client->identity, room);

    if (!may && asks_service(type) && authorization_requests_can_ask(type, room))
        authorization_requests_ask(authorization->requests, waiter, type, room);
    else
        waiter->on_verdict(waiter, may ? ROOM_GRANTED : ROOM_FORBIDDEN);
}

bool authorization_is_by_service(const struct authorization *authorization,
                                 const struct identity *who, struct span room)
{
    const struct room_type *type = room_types_of(authorization->types, room);

    return asks_service(type) && !is_let_in(type, who, room);
}

// Into a room that nobody may ask for, only claims and services let a client.
bool authorization_may_stay(const struct authorization *authorization, const struct identity *who,
                            struct span room, bool by_action)
{
    const struct room_type *type = room_types_of(authorization->types, room);

    if (!type)
        return false;
    return by_action || asks_service(type) || is_let_in(type, who, room);
}

bool authorization_lets_enter(const struct authorization *authorization, const struct identity *who,
                              struct span room)
{
    const struct room_type *type = room_types_of(authorization->types, room);

    return type && claims_name(type, who, room);
}

uint64_t authorization_ruled_since(const struct authorization *authorization, struct span room)
{
    const struct room_type *type = room_types_of(authorization->types, room);

    return type ? type->rule_since_ms : 0;
}

bool authorization_knows(const struct authorization *authorization, struct span room)
{
    return room_types_of(authorization->types, room) != NULL;
}

bool authorization_takes_claims(const struct authorization *authorization, struct span room)
{
    const struct room_type *type = room_types_of(authorization->types, room);

    return type && type->claim;
}

void authorization_cancel(struct authorization *authorization, struct authorization_waiter *waiter)
{
    authorization_requests_cancel(authorization->requests, waiter);
}

void authorization_forget(struct authorization *authorization, struct span user, struct span room)
{
    authorization_requests_forget(authorization->requests, user, room);
}

static void ask_again(struct authorization_waiter *waiter, struct span room, void *arg)
{
    authorization_ask(arg, waiter, room);
}

void authorization_replace_types(struct authorization *authorization,
                                 const struct room_types *types)
{
    authorization->types = types;
    authorization_requests_replace_types(authorization->requests, types, ask_again, authorization);
}
