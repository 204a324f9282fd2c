#include "edge/gateway/clients/departure.h"

#include <stdlib.h>

#include "common/mem.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/sessions.h"

// A departure that waits for the store's answer. It outlives its client, so it holds copies.
struct departure {
    struct list node;
    struct session_request request;
    struct departures *departures;
    struct buffer texts; // socket id, user, and the rooms, each with a NUL behind it
};

static void take_text(struct span *rest, struct span *text)
{
    (void)span_take_until(rest, '\0', text);
}

static void notify_members(const struct departure *departure)
{
    struct span rest = buffer_span(&departure->texts), room;
    struct room_events_member member;

    take_text(&rest, &member.socket_id);
    take_text(&rest, &member.user_json);
    while (rest.len > 0) {
        take_text(&rest, &room);
        room_events_emit_for(departure->departures->room_events, &member, room, "user_left");
    }
}

static void departure_free(struct departure *departure)
{
    list_unlink(&departure->node);
    buffer_fini(&departure->texts);
    free(departure);
}

// Without an answer (SESSION_AWAY), or if the store has lost the session, the rooms are told: a
// `user_left` too many is better than a member that never leaves.
static void on_ended(struct session_request *request, enum session_result result)
{
    struct departure *departure = container_of(request, struct departure, request);

    if (result != SESSION_TAKEN)
        notify_members(departure);
    departure_free(departure);
}

static void add_text(struct buffer *texts, struct span text)
{
    buffer_append(texts, text);
    buffer_append_char(texts, '\0');
}

static void add_room(struct span room, void *arg)
{
    struct departure *departure = arg;

    if (room_events_announces(departure->departures->room_events, room))
        add_text(&departure->texts, room);
}

static struct departure *departure_new(struct departures *departures, const struct client *client)
{
    struct departure *departure = mem_zalloc(sizeof(*departure));

    departure->departures = departures;
    departure->request.on_done = on_ended;
    list_append(&departures->waiting, &departure->node);
    add_text(&departure->texts, client_id(client));
    add_text(&departure->texts, client->identity->user_json);
    sio_socket_each_room(client->socket, add_room, departure);
    return departure;
}

struct telling {
    struct room_events *room_events;
    const struct client *client;
};

static void tell_room(struct span room, void *arg)
{
    const struct telling *telling = arg;

    room_events_announce(telling->room_events, telling->client, room, "user_left");
}

// While the store is down nobody knows whether the client has come back, so the rooms are told at
// once.
void departures_add(struct departures *departures, struct client *client, bool for_good,
                    bool at_once)
{
    struct client_session *session = client->session;
    struct session_store *store = session ? session->sessions->store : NULL;
    bool is_noted = session && store->ops->is_up(store);

    if (client->silent)
        return;
    if (is_noted && !for_good && !at_once) {
        sessions_end(session, &departure_new(departures, client)->request);
        return;
    }
    sio_socket_each_room(client->socket, tell_room,
                         &(struct telling){departures->room_events, client});
    if (is_noted && for_good)
        store->ops->drop(store, client_session_key(session));
    else if (is_noted)
        sessions_end(session, NULL);
}

void departures_init(struct departures *departures)
{
    list_init(&departures->waiting);
}

void departures_fini(struct departures *departures)
{
    list_for_each (node, &departures->waiting) {
        struct departure *departure = list_entry(node, struct departure, node);
        struct session_store *store = departures->sessions->store;
        store->ops->withdraw(store, &departure->request);
        departure_free(departure);
    }
}
