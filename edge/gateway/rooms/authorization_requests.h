// Asks services whether users may join rooms: one request for each user and room at a time, and
// never more than a service is meant to handle.
//
//     waiter ──▶ cached? ──▶ request open? ──▶ queue of the service ──▶ authorization service
//                  │              │                                        │
//               verdict     waits with others ◀────────── answer ──────────┘
//
// Rights belong to the user, whichever of the user's tokens was sent: open requests and cached
// answers are keyed by user and room. Timeouts, errors and answers about the token alone are not
// cached.
#pragma once

#include "common/deadlines.h"
#include "edge/gateway/rooms/authorization_service.h"
#include "edge/gateway/rooms/authorization_waiter.h"
#include "edge/gateway/rooms/room_metrics.h"

#define AUTHORIZATION_WAITERS_PER_USER 1000 // one user cannot take all of max_waiters

struct authorization_requests_options {
    struct authorization_service *service; // borrowed
    const char *paths[ROOM_SERVICES];      // templates, see path_template.h; borrowed
    uint32_t timeout_ms;                   // of a request, including its time in the queue
    uint32_t concurrency;                  // requests that a service gets at one time
    size_t max_waiters;                    // all users together
    size_t cache_size;
    uint32_t cache_ms;
};

struct authorization_requests;

NODISCARD struct authorization_requests *
authorization_requests_new(const struct authorization_requests_options *options,
                           struct deadlines *clock, struct room_metrics *metrics);
// All waiters must have had their verdict or have been cancelled.
void authorization_requests_free(struct authorization_requests *requests);

// False for a room whose id cannot stand in a path. Such a room must not be asked about.
NODISCARD bool authorization_requests_can_ask(struct span room);

// Calls `waiter->on_verdict`: at once if the answer is cached, or if too many wait already; later
// otherwise. `waiter->client` must be set. Copies `room`. The token that is sent is the one that
// the client has when the request leaves the queue. A client without a token is refused.
void authorization_requests_ask(struct authorization_requests *requests,
                                struct authorization_waiter *waiter, struct span room);

// on_verdict will not be called any more. A request without waiters is dropped if it was not sent
// yet; otherwise its answer still goes to the cache.
void authorization_requests_cancel(struct authorization_requests *requests,
                                   struct authorization_waiter *waiter);
