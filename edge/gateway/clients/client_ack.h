// What clients are told in answer to their events, if they asked for an ack.
#pragma once

#include "edge/gateway/clients/client.h"
#include "edge/gateway/clients/client_metrics.h"
#include "edge/socketio/options.h"

// An ack that a client waits for, or not.
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

// {"success":true}
void client_ack_success(const struct client *client, struct ack ack);
// With the message "`done` `room`": "Joined room: conversation:42".
void client_ack_room(struct client_acks *acks, const struct client *client, struct ack ack,
                     const char *done, struct span room);
// With the seconds that the client's token is good for, or null.
void client_ack_refreshed(struct client_acks *acks, const struct client *client, struct ack ack,
                          int64_t now_s);
// {"error":…}, which is counted.
void client_ack_error(struct client_acks *acks, const struct client *client, struct ack ack,
                      const char *error);
