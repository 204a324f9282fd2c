#include "edge/gateway/rooms/authorization.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/clients/json_doc.h"

struct authorization {
    enum room_authorization mode;
    struct authorization_requests *requests; // NULL: the mode asks no service
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

static enum room_verdict verdict_by_claims(const struct identity *who, struct span room)
{
    return is_listed(who->rooms_json, room) ? ROOM_GRANTED : ROOM_FORBIDDEN;
}

struct authorization *authorization_new(enum room_authorization mode,
                                        const struct authorization_requests_options *services,
                                        struct deadlines *clock, struct room_metrics *metrics)
{
    struct authorization *authorization = mem_zalloc(sizeof(*authorization));

    authorization->mode = mode;
    if (mode == ROOM_AUTHORIZATION_SERVICE)
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

bool authorization_can_ask(const struct authorization *authorization, struct span room)
{
    return !authorization->requests || authorization_requests_can_ask(room);
}

void authorization_ask(struct authorization *authorization, struct authorization_waiter *waiter,
                       struct span room)
{
    switch (authorization->mode) {
    case ROOM_AUTHORIZATION_OPEN:
        waiter->on_verdict(waiter, ROOM_GRANTED);
        break;
    case ROOM_AUTHORIZATION_CLAIMS:
        waiter->on_verdict(waiter, verdict_by_claims(waiter->client->identity, room));
        break;
    case ROOM_AUTHORIZATION_SERVICE:
        authorization_requests_ask(authorization->requests, waiter, room);
        break;
    }
}

bool authorization_asks_services(const struct authorization *authorization)
{
    return authorization->mode == ROOM_AUTHORIZATION_SERVICE;
}

bool authorization_may_stay(const struct authorization *authorization, const struct identity *who,
                            struct span room)
{
    return authorization->mode != ROOM_AUTHORIZATION_CLAIMS || is_listed(who->rooms_json, room);
}

void authorization_cancel(struct authorization *authorization, struct authorization_waiter *waiter)
{
    assert(authorization->requests); // the other modes have given their verdict already
    authorization_requests_cancel(authorization->requests, waiter);
}

void authorization_forget(struct authorization *authorization, struct span user, struct span room)
{
    if (authorization->requests)
        authorization_requests_forget(authorization->requests, user, room);
}
