// Sends the acks of clients' events. All functions send nothing if the client wants no ack.
#pragma once

#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/client_metrics.h"
#include "edge/socketio/options.h"

// The ack of one event: whether the client wants it, and its id in the Socket.IO packet.
struct ack {
    bool wanted;
    uint64_t id;
};

struct client_acks {
    struct client_metrics *metrics;
    struct buffer message, text;
};

static inline struct ack ack_of(const struct sio_event *event)
{
    return (struct ack){event->wants_ack, event->ack_id};
}

void client_acks_fini(struct client_acks *acks);

// Sends {"success":true}.
void client_ack_success(const struct client *client, struct ack ack);
// Sends {"success":true,"message":"<done> <room>"}, as in "Joined room: conversation:42".
void client_ack_room(struct client_acks *acks, const struct client *client, struct ack ack,
                     const char *done, struct span room);
// Sends {"success":true,"expiresIn":…}: the seconds until the client's token expires; null: never.
void client_ack_refreshed(struct client_acks *acks, const struct client *client, struct ack ack,
                          int64_t now_s);
// Sends {"error":…}. Counts it, even if no ack is wanted.
void client_ack_error(struct client_acks *acks, const struct client *client, struct ack ack,
                      const char *error);
