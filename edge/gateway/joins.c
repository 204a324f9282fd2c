#include "edge/gateway/joins.h"

#include <stdlib.h>

#include "common/mem.h"

struct join {
    struct list node; // in its client's list
    struct room_waiter waiter;
    struct joins *joins;
    struct ack ack;
    size_t room_len;
    char room[];
};

static struct span room_of(const struct join *join)
{
    return (struct span){join->room, join->room_len};
}

static void answer_error(const struct join *join, const char *error)
{
    client_answer_error(join->joins->answers, join->waiter.client, join->ack, error);
}

static void answer_joined(const struct join *join)
{
    client_answer_room(join->joins->answers, join->waiter.client, join->ack,
                       "Joined room:", room_of(join));
}

static void let_in(const struct join *join)
{
    const struct client *client = join->waiter.client;

    switch (sio_socket_join(client->socket, room_of(join))) {
    case ROOMS_JOINED:
        answer_joined(join);
        presence_tell(join->joins->presence, client, room_of(join), "user_joined");
        break;
    case ROOMS_ALREADY_IN:
        answer_joined(join);
        break;
    case ROOMS_LIMIT:
        metric_add(&join->joins->metrics->joins_over_limit, 1);
        answer_error(join, "Too many rooms");
        break;
    }
}

static void conclude(const struct join *join, enum room_verdict verdict)
{
    switch (verdict) {
    case ROOM_GRANTED:
        let_in(join);
        break;
    case ROOM_FORBIDDEN:
        metric_add(&join->joins->metrics->joins_forbidden, 1);
        answer_error(join, "Forbidden");
        break;
    case ROOM_UNAVAILABLE:
        metric_add(&join->joins->metrics->joins_unavailable, 1);
        answer_error(join, "Authorization unavailable");
        break;
    }
}

static void remove_join(struct join *join)
{
    list_unlink(&join->node);
    free(join);
}

static void on_verdict(struct room_waiter *waiter, enum room_verdict verdict)
{
    struct join *join = container_of(waiter, struct join, waiter);

    conclude(join, verdict);
    remove_join(join);
}

void joins_ask(struct joins *joins, struct client *client, struct ack ack, struct span room)
{
    struct join *join = mem_alloc(sizeof(*join) + room.len);

    *join = (struct join){
        .waiter = {.client = client, .on_verdict = on_verdict},
        .joins = joins,
        .ack = ack,
        .room_len = room.len,
    };
    memcpy(join->room, room.ptr, room.len);
    list_append(&client->joins, &join->node);
    room_access_ask(joins->access, &join->waiter, room_of(join));
}

void joins_cancel(struct joins *joins, struct client *client, struct span room)
{
    list_for_each (node, &client->joins) {
        struct join *join = list_entry(node, struct join, node);
        if (!span_eq(room_of(join), room))
            continue;
        room_access_withdraw(joins->access, &join->waiter);
        answer_error(join, "Join cancelled");
        remove_join(join);
    }
}

void joins_forget(struct joins *joins, struct client *client)
{
    list_for_each (node, &client->joins) {
        struct join *join = list_entry(node, struct join, node);
        room_access_withdraw(joins->access, &join->waiter);
        remove_join(join);
    }
}
