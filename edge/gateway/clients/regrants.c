#define LOG_MODULE "regrants"

#include "edge/gateway/clients/regrants.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/session_record.h"

#define ASKED_AT_ONCE 16
#define LATER_MS      5000

struct regrant {
    struct list of_session;
    struct list queued; // in regrants->queue
    struct regrants *regrants;
    struct client *client;
    struct authorization_waiter waiter;
    struct deadline later;
    bool asking;
    size_t room_len;
    char room[];
};

static struct span room_of(const struct regrant *regrant)
{
    return (struct span){regrant->room, regrant->room_len};
}

static void remove_regrant(struct regrant *regrant)
{
    deadline_cancel(&regrant->later);
    list_unlink(&regrant->of_session);
    list_unlink(&regrant->queued);
    free(regrant);
}

// Writes the new date to the session store too, for the next recovery of the client.
static void renew(const struct regrant *regrant)
{
    const struct client_session *session = regrant->client->session;
    struct session_store *store = session->sessions->store;
    struct room_note note = client_session_kept_note(session, room_of(regrant));

    note.granted_ms = clock_wall_ms();
    client_session_keep_note(session, room_of(regrant), &note);
    store->ops->join(store, client_session_key(session),
                     &(struct session_room){.name = room_of(regrant),
                                            .joined = note.joined,
                                            .granted_ms = note.granted_ms,
                                            .by_action = note.by_action},
                     NULL);
}

static void expel(const struct regrant *regrant)
{
    struct regrants *regrants = regrant->regrants;

    metric_add(&regrants->metrics->regrants_refused, 1);
    log_debug("a recovered client may no longer be in a room socket=%s",
              sio_socket_id(regrant->client->socket));
    sio_socket_leave(regrant->client->socket, room_of(regrant));
    session_record_mark_unwritten(regrant->client->session);
    room_events_announce(regrants->room_events, regrant->client, room_of(regrant), "user_left");
}

static void ask_next(struct regrants *regrants);

// While the service is unavailable the client stays in the room, and is asked about again later. A
// client that has left the room meanwhile needs no verdict.
static void on_verdict(struct authorization_waiter *waiter, enum room_verdict verdict)
{
    struct regrant *regrant = container_of(waiter, struct regrant, waiter);
    struct regrants *regrants = regrant->regrants;
    const struct client *client = regrant->client;
    bool is_in = sio_socket_is_in(client->socket, room_of(regrant)) &&
                 !client_session_is_leaving(client->session, room_of(regrant));

    regrant->asking = false;
    regrants->asking--;
    if (is_in && verdict == ROOM_UNAVAILABLE) {
        deadline_arm(&regrant->later, &regrants->later);
    } else {
        if (is_in && verdict == ROOM_GRANTED)
            renew(regrant);
        else if (is_in)
            expel(regrant);
        remove_regrant(regrant);
    }
    if (!regrants->turning)
        ask_next(regrants);
}

// A cached answer calls on_verdict() within authorization_ask(). `turning` keeps that from calling
// this function again, so that the stack does not grow with the queue.
static void ask_next(struct regrants *regrants)
{
    regrants->turning = true;
    while (regrants->asking < ASKED_AT_ONCE && !list_empty(&regrants->queue)) {
        struct regrant *regrant = list_entry(regrants->queue.next, struct regrant, queued);
        list_unlink(&regrant->queued);
        regrant->asking = true;
        regrants->asking++;
        authorization_ask(regrants->authorization, &regrant->waiter, room_of(regrant));
    }
    regrants->turning = false;
}

static void on_turn(struct deadline *deadline, void *arg)
{
    struct regrants *regrants = arg;
    struct regrant *regrant = container_of(deadline, struct regrant, later);

    list_append(&regrants->queue, &regrant->queued);
    ask_next(regrants);
}

void regrants_init(struct regrants *regrants, struct deadlines *clock)
{
    list_init(&regrants->queue);
    deadline_queue_init(&regrants->later, clock, LATER_MS, on_turn, regrants);
}

void regrants_fini(struct regrants *regrants)
{
    deadline_queue_fini(&regrants->later);
}

static bool grant_is_old(const struct regrants *regrants, const struct client *client,
                         struct span room)
{
    uint64_t now_ms = clock_wall_ms();
    struct room_note note = client_session_kept_note(client->session, room);

    return note.granted_ms + (uint64_t)regrants->grant_s * 1000 <= now_ms ||
           note.granted_ms < authorization_ruled_since(regrants->authorization, room);
}

// The date of a room of claims may be that of the token that named it.
static bool is_due(const struct regrants *regrants, const struct client *client, struct span room)
{
    return authorization_is_by_service(regrants->authorization, client->identity, room) &&
           (authorization_takes_claims(regrants->authorization, room) ||
            grant_is_old(regrants, client, room));
}

void regrants_check(struct regrants *regrants, struct client *client, struct span room)
{
    struct regrant *regrant;

    if (!is_due(regrants, client, room))
        return;
    regrant = mem_zalloc(sizeof(*regrant) + room.len);
    regrant->regrants = regrants;
    regrant->client = client;
    regrant->waiter = (struct authorization_waiter){.client = client, .on_verdict = on_verdict};
    deadline_init(&regrant->later);
    regrant->room_len = room.len;
    memcpy(regrant->room, room.ptr, room.len);
    list_append(&client->session->regrants, &regrant->of_session);
    list_append(&regrants->queue, &regrant->queued);
    ask_next(regrants);
}

void regrants_forget(struct client *client)
{
    if (!client->session)
        return;
    list_for_each (node, &client->session->regrants) {
        struct regrant *regrant = list_entry(node, struct regrant, of_session);
        if (regrant->asking) {
            regrant->regrants->asking--;
            authorization_cancel(regrant->regrants->authorization, &regrant->waiter);
        }
        remove_regrant(regrant);
    }
}
