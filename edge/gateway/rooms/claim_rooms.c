#include "edge/gateway/rooms/claim_rooms.h"

#include "edge/gateway/clients/token_rooms.h"

static bool next_room(struct span *rest, struct span *room)
{
    return rest->len > 0 && span_take_until(rest, '\0', room);
}

// The next room that the claims still let into: a token may have been read by an older file.
static bool next_entered(const struct joins *joins, const struct client *client, struct span *rest,
                         struct span *room)
{
    while (next_room(rest, room))
        if (authorization_lets_enter(joins->authorization, client->identity, *room))
            return true;
    return false;
}

static void count_left_out(const struct joins *joins, const struct client *client)
{
    metric_add(&joins->metrics->claims_left_out, client->identity->rooms_left_out);
}

void claim_rooms_begin(struct joins *joins, const struct client *client)
{
    struct span rest = client->identity->enters, room;

    count_left_out(joins, client);
    while (next_entered(joins, client, &rest, &room)) {
        switch (sio_socket_join(client->socket, room)) {
        case ROOMS_JOINED:
            room_events_announce(joins->room_events, client, room, "user_joined");
            break;
        case ROOMS_ALREADY_IN: // named twice
            break;
        default:
            metric_add(&joins->metrics->claims_left_out, 1);
        }
    }
}

// `but`: names like those of identity->enters.
static void enter_all(struct joins *joins, struct client *client, struct span but)
{
    struct span rest = client->identity->enters, room;

    count_left_out(joins, client);
    while (next_entered(joins, client, &rest, &room))
        if (!token_rooms_include(but, room))
            joins_enter(joins, client, room);
}

void claim_rooms_resume(struct joins *joins, struct client *client, struct span ended)
{
    enter_all(joins, client, ended);
}

void claim_rooms_change(struct joins *joins, struct client *client, const struct identity *former)
{
    struct span rest = former->enters, room;

    while (next_room(&rest, &room))
        if (!identity_enters(client->identity, room) && !room_note_is_by_action(client, room))
            joins_expel(joins, client, room);
    enter_all(joins, client, former->enters);
}
