// Asks services whether users may join rooms: one request for each user and room at a time, and
// never more than `concurrency` for a service.
//
//     waiter ──▶ cached? ──▶ request open? ──▶ queue of the service ──▶ authorization service
//                  │              │                                        │
//               verdict     waits with others ◀────────── answer ──────────┘
//
// Open requests and cached answers are keyed by user and room, since rights belong to the user,
// whichever of the user's tokens was sent. Timeouts, errors and answers about the token alone are
// not cached.
#pragma once

#include "common/deadlines.h"
#include "edge/gateway/rooms/authorization_service.h"
#include "edge/gateway/rooms/authorization_waiter.h"
#include "edge/gateway/rooms/room_metrics.h"

#define AUTHORIZATION_WAITERS_PER_USER 1000 // so that one user cannot use up max_waiters

struct authorization_requests_options {
    struct authorization_service *service; // borrowed
    const struct room_types *types;        // borrowed; those with ROOM_JOIN_SERVICE have a path
    uint32_t timeout_ms;                   // of a request, including its time in the queue
    uint32_t concurrency;                  // requests that the service of a type gets at one time
    size_t max_waiters;                    // for all users together
    size_t cache_size;
    uint32_t cache_ms;
};

struct authorization_requests;

NODISCARD struct authorization_requests *
authorization_requests_new(const struct authorization_requests_options *options,
                           struct deadlines *clock, struct room_metrics *metrics);
// All waiters must have had their verdict or have been cancelled.
void authorization_requests_free(struct authorization_requests *requests);

// True if the id of a room can be part of a path. Otherwise authorization_requests_ask() must not
// be called.
NODISCARD bool authorization_requests_can_ask(const struct room_type *type, struct span room);

// Calls `waiter->on_verdict`: at once if the answer is cached, or if too many wait already; later
// otherwise. `waiter->client` must be set. Copies `room`. The token that is sent is the one that
// the client has when the request leaves the queue. A client without a token is refused. `type` is
// the room's.
void authorization_requests_ask(struct authorization_requests *requests,
                                struct authorization_waiter *waiter, const struct room_type *type,
                                struct span room);

// on_verdict is not called any more. If the request has no other waiters and was not sent yet, it
// is dropped; if it was sent, its answer still goes to the cache.
void authorization_requests_cancel(struct authorization_requests *requests,
                                   struct authorization_waiter *waiter);

// The user's right to the room has changed: forgets the cached answer, and does not cache that of
// an open request.
void authorization_requests_forget(struct authorization_requests *requests, struct span user,
                                   struct span room);

typedef void (*authorization_again_fn)(struct authorization_waiter *waiter, struct span room,
                                       void *arg);

// Asks about these types from now on; borrowed. If any has another rule than before, all requests
// are cancelled, and `again` is called for each of their waiters, which may ask or give the waiter
// its verdict; it borrows `room` until it returns. Cached answers are forgotten then: they were
// given by the old rules.
void authorization_requests_replace_types(struct authorization_requests *requests,
                                          const struct room_types *types,
                                          authorization_again_fn again, void *arg);
