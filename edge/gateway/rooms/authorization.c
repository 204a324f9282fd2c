#include "edge/gateway/rooms/authorization.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/clients/json_doc.h"

struct room_access {
    enum room_authorization authorization;
    struct room_inquiry *inquiry; // NULL: no service is asked
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

static enum room_verdict judge(const struct identity *who, struct span room)
{
    return is_listed(who->rooms_json, room) ? ROOM_GRANTED : ROOM_FORBIDDEN;
}

struct room_access *room_access_new(enum room_authorization authorization,
                                    const struct room_inquiry_options *services,
                                    struct deadlines *clock, struct gateway_metrics *metrics)
{
    struct room_access *access = mem_zalloc(sizeof(*access));

    access->authorization = authorization;
    if (authorization == ROOM_AUTHORIZATION_SERVICE)
        access->inquiry = room_inquiry_new(services, clock, metrics);
    return access;
}

void room_access_free(struct room_access *access)
{
    if (!access)
        return;
    room_inquiry_free(access->inquiry);
    free(access);
}

bool room_access_takes(const struct room_access *access, struct span room)
{
    return !access->inquiry || room_inquiry_takes(room);
}

void room_access_ask(struct room_access *access, struct room_waiter *waiter, struct span room)
{
    switch (access->authorization) {
    case ROOM_AUTHORIZATION_OPEN:
        waiter->on_verdict(waiter, ROOM_GRANTED);
        break;
    case ROOM_AUTHORIZATION_CLAIMS:
        waiter->on_verdict(waiter, judge(waiter->client->identity, room));
        break;
    case ROOM_AUTHORIZATION_SERVICE:
        room_inquiry_ask(access->inquiry, waiter, room);
        break;
    }
}

bool room_access_asks_services(const struct room_access *access)
{
    return access->authorization == ROOM_AUTHORIZATION_SERVICE;
}

bool room_access_may_stay(const struct room_access *access, const struct identity *who,
                          struct span room)
{
    return access->authorization != ROOM_AUTHORIZATION_CLAIMS || is_listed(who->rooms_json, room);
}

void room_access_withdraw(struct room_access *access, struct room_waiter *waiter)
{
    assert(access->inquiry); // the others answer at once
    room_inquiry_withdraw(access->inquiry, waiter);
}
