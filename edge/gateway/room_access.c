#include "edge/gateway/room_access.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/json_doc.h"

struct room_access {
    enum room_authorization authorization;
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

static enum room_verdict judge(const struct room_access *access, const struct identity *who,
                               struct span room)
{
    switch (access->authorization) {
    case ROOM_AUTHORIZATION_OPEN:
        return ROOM_GRANTED;
    case ROOM_AUTHORIZATION_CLAIMS:
        return is_listed(who->rooms_json, room) ? ROOM_GRANTED : ROOM_FORBIDDEN;
    }
    return ROOM_UNAVAILABLE;
}

struct room_access *room_access_new(enum room_authorization authorization)
{
    struct room_access *access = mem_zalloc(sizeof(*access));

    access->authorization = authorization;
    return access;
}

void room_access_free(struct room_access *access)
{
    free(access);
}

void room_access_ask(struct room_access *access, const struct identity *who, struct span room,
                     room_verdict_fn on_verdict, void *arg)
{
    on_verdict(judge(access, who, room), arg);
}
