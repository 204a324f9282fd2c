#include "edge/gateway/rooms/joins.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/clients/room_write.h"
#include "edge/gateway/clients/session_record.h"

struct join {
    struct list node; // in client->joins
    struct authorization_waiter waiter;
    struct joins *joins;
    struct ack ack;
    bool unasked;            // see joins_enter()
    struct room_write write; // pending once the room is granted, if the client has a session
    size_t room_len;
    char room[];
};

// A leave whose write to the session store is pending. The client stays in the room until then: if
// its connection is lost first, a recovery may find the room in the record, and the client must not
// have missed events of it.
struct leave {
    struct room_write write;
    struct joins *joins;
    struct client *client;
    struct ack ack;
    char room[];
};

static struct span room_of(const struct join *join)
{
    return (struct span){join->room, join->room_len};
}

static void ack_error(const struct join *join, const char *error)
{
    client_ack_error(join->joins->acks, join->waiter.client, join->ack, error);
}

static void ack_joined(const struct join *join)
{
    client_ack_room(join->joins->acks, join->waiter.client, join->ack,
                    "Joined room:", room_of(join));
}

// Joins the room and sends the ack. False if the client is in the maximum number of rooms.
static bool enter(const struct join *join)
{
    const struct client *client = join->waiter.client;

    switch (sio_socket_join(client->socket, room_of(join))) {
    case ROOMS_JOINED:
        if (client->session)
            client_session_keep_note(client->session, room_of(join), &join->write.note);
        ack_joined(join);
        room_events_announce(join->joins->room_events, client, room_of(join), "user_joined");
        return true;
    case ROOMS_ALREADY_IN:
        ack_joined(join);
        return true;
    default:
        metric_add(&join->joins->metrics->joins_over_limit, 1);
        ack_error(join, "Too many rooms");
        return false;
    }
}

static void remove_join(struct join *join)
{
    list_unlink(&join->node);
    free(join);
}

static void refuse_unavailable(const struct join *join)
{
    metric_add(&join->joins->metrics->joins_unavailable, 1);
    ack_error(join, "Authorization unavailable");
}

// The client enters the room only now: a join that was acked but not stored would be undone by the
// next recovery. If it cannot enter, the store has a room too many, so the record is written again.
// So it is if a room was entered that the store did not take.
static void on_join_written(struct room_write *write, bool ok)
{
    struct join *join = container_of(write, struct join, write);
    const struct client *client = join->waiter.client;

    if (!ok && !join->unasked)
        refuse_unavailable(join);
    else if (!enter(join) || !ok)
        session_record_mark_unwritten(client->session);
    remove_join(join);
}

static void write_join(struct join *join)
{
    struct client_session *session = join->waiter.client->session;

    join->write = (struct room_write){.room = room_of(join),
                                      .note = client_session_join_note(session, room_of(join)),
                                      .on_written = on_join_written};
    room_write_start(&join->write, session);
}

static void finish(const struct join *join, enum room_verdict verdict)
{
    switch (verdict) {
    case ROOM_GRANTED:
        (void)enter(join);
        break;
    case ROOM_FORBIDDEN:
        metric_add(&join->joins->metrics->joins_forbidden, 1);
        ack_error(join, "Forbidden");
        break;
    case ROOM_UNAVAILABLE:
        refuse_unavailable(join);
        break;
    }
}

static void on_verdict(struct authorization_waiter *waiter, enum room_verdict verdict)
{
    struct join *join = container_of(waiter, struct join, waiter);

    // If another join of the same room has been written meanwhile, the record has its position,
    // which must stay.
    if (verdict == ROOM_GRANTED && waiter->client->session &&
        !joins_include(waiter->client, room_of(join))) {
        write_join(join);
        return;
    }
    finish(join, verdict);
    remove_join(join);
}

static void withdraw(const struct joins *joins, struct join *join)
{
    if (join->write.session)
        room_write_cancel(&join->write);
    else
        authorization_cancel(joins->authorization, &join->waiter);
}

bool joins_include(const struct client *client, struct span room)
{
    return sio_socket_is_in(client->socket, room) &&
           !(client->session && client_session_is_leaving(client->session, room));
}

static void get_out(const struct joins *joins, struct client *client, struct span room)
{
    if (sio_socket_leave(client->socket, room))
        room_events_announce(joins->room_events, client, room, "user_left");
}

// For a client that joins a room while its leave is pending. The client leaves at once, so that the
// end of the leave cannot undo the join.
static void finish_leaving(const struct joins *joins, struct client *client, struct span room)
{
    if (!client->session || !client_session_is_leaving(client->session, room))
        return;
    list_for_each (node, &client->session->writes) {
        struct room_write *write = list_entry(node, struct room_write, of_session);
        if (write->leaves && span_eq(write->room, room))
            write->left = true;
    }
    get_out(joins, client, room);
}

static struct join *new_join(struct joins *joins, struct client *client, struct ack ack,
                             struct span room)
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
    return join;
}

void joins_ask(struct joins *joins, struct client *client, struct ack ack, struct span room)
{
    struct join *join;

    if (joins_include(client, room)) {
        client_ack_room(joins->acks, client, ack, "Joined room:", room);
        return;
    }
    finish_leaving(joins, client, room);
    join = new_join(joins, client, ack, room);
    authorization_ask(joins->authorization, &join->waiter, room_of(join));
}

static bool is_entering(const struct client *client, struct span room)
{
    list_for_each (node, &client->joins) {
        const struct join *join = list_entry(node, struct join, node);
        if (join->unasked && span_eq(room_of(join), room))
            return true;
    }
    return false;
}

void joins_enter(struct joins *joins, struct client *client, struct span room)
{
    struct join *join;

    if (joins_include(client, room) || is_entering(client, room))
        return;
    finish_leaving(joins, client, room);
    join = new_join(joins, client, (struct ack){0}, room);
    join->unasked = true;
    on_verdict(&join->waiter, ROOM_GRANTED);
}

// The client is in the room now, whatever a service says.
static void ack_pending(const struct joins *joins, struct client *client, struct span room)
{
    list_for_each (node, &client->joins) {
        struct join *join = list_entry(node, struct join, node);
        if (!span_eq(room_of(join), room))
            continue;
        withdraw(joins, join);
        ack_joined(join);
        remove_join(join);
    }
}

// A client that is in the room already stays in it, also if its token does not name the room later.
static void note_admission(const struct client *client, struct span room, bool was_in,
                           const struct room_note *note)
{
    if (client->session && !was_in)
        client_session_keep_note(client->session, room, note);
    room_note_set_by_action(client, room);
    if (client->session)
        session_record_mark_unwritten(client->session);
}

bool joins_admit(struct joins *joins, struct client *client, struct span room,
                 const struct room_note *note)
{
    finish_leaving(joins, client, room);
    enum rooms_join joined = sio_socket_join(client->socket, room);

    if (joined == ROOMS_LIMIT)
        return false;
    note_admission(client, room, joined == ROOMS_ALREADY_IN, note);
    ack_pending(joins, client, room);
    if (joined == ROOMS_JOINED)
        room_events_announce(joins->room_events, client, room, "user_joined");
    return true;
}

static void cancel(struct joins *joins, struct client *client, struct span room)
{
    list_for_each (node, &client->joins) {
        struct join *join = list_entry(node, struct join, node);
        if (!span_eq(room_of(join), room))
            continue;
        withdraw(joins, join);
        ack_error(join, "Join cancelled");
        remove_join(join);
    }
}

// The ack says "Left" even if the write was given up: on this connection the client is out of the
// room, and the record is written once the store is back.
static void on_leave_written(struct room_write *write, bool ok)
{
    struct leave *leave = container_of(write, struct leave, write);

    (void)ok;
    if (!write->left)
        get_out(leave->joins, leave->client, write->room);
    client_ack_room(leave->joins->acks, leave->client, leave->ack, "Left room:", write->room);
    free(leave);
}

static void write_leave(struct joins *joins, struct client *client, struct ack ack,
                        struct span room)
{
    struct leave *leave = mem_zalloc(sizeof(*leave) + room.len);

    leave->joins = joins;
    leave->client = client;
    leave->ack = ack;
    memcpy(leave->room, room.ptr, room.len);
    leave->write = (struct room_write){
        .leaves = true, .room = {leave->room, room.len}, .on_written = on_leave_written};
    room_write_start(&leave->write, client->session);
}

void joins_leave(struct joins *joins, struct client *client, struct ack ack, struct span room)
{
    cancel(joins, client, room);
    if (client->session && sio_socket_is_in(client->socket, room)) {
        write_leave(joins, client, ack, room);
        return;
    }
    client_ack_room(joins->acks, client, ack, "Left room:", room);
    get_out(joins, client, room);
}

void joins_expel(struct joins *joins, struct client *client, struct span room)
{
    joins_leave(joins, client, (struct ack){0}, room);
    finish_leaving(joins, client, room);
}

// The caller has cancelled the writes of joins, so the list has only leaves.
static void forget_leaves(struct client_session *session)
{
    while (!list_empty(&session->writes)) {
        struct room_write *write = list_entry(session->writes.next, struct room_write, of_session);
        room_write_cancel(write);
        free(container_of(write, struct leave, write));
    }
}

void joins_forget(struct joins *joins, struct client *client)
{
    list_for_each (node, &client->joins) {
        struct join *join = list_entry(node, struct join, node);
        withdraw(joins, join);
        remove_join(join);
    }
    if (client->session)
        forget_leaves(client->session);
}
