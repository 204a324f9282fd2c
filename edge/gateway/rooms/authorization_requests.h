// Asks services whether users may join rooms: each question once, and never too many.
//
//     waiter ──▶ answered lately? ──▶ being asked? ──▶ queue of the service ──▶ room authority
//                       │                   │                                        │
//                    verdict         waits with others ◀─────────── answer ──────────┘
//
// Rights belong to a user, whichever token of theirs was shown: questions that are under way and
// answers that are remembered are found by user and room. Neither a timeout nor an answer that
// speaks of the token alone is remembered.
#pragma once

#include "common/deadlines.h"
#include "edge/gateway/gateway_metrics.h"
#include "edge/gateway/rooms/authorization_service.h"
#include "edge/gateway/rooms/authorization_waiter.h"

#define ROOM_WAITERS_PER_USER 1000 // so that one user cannot take the places of all others

struct room_inquiry_options {
    struct room_authority *authority; // borrowed
    const char *paths[ROOM_SERVICES]; // templates, see path_template.h; borrowed
    uint32_t timeout_ms;              // for a whole question, its time in the queue included
    uint32_t concurrency;             // questions that a service is asked at one time
    size_t max_waiters;               // of all users
    size_t cache_size;
    uint32_t cache_ms;
};

struct room_inquiry;

NODISCARD struct room_inquiry *room_inquiry_new(const struct room_inquiry_options *options,
                                                struct deadlines *clock,
                                                struct gateway_metrics *metrics);
// Nobody may wait any more.
void room_inquiry_free(struct room_inquiry *inquiry);

// False for a room whose id a path cannot bear. It must not be asked about.
NODISCARD bool room_inquiry_takes(struct span room);

// Gives `waiter`, whose client is set, its verdict: now when it is known, or when there is no place
// to wait, or later. Copies `room`. The token is the one that the client has when the question
// gets its turn. A client without one is refused.
void room_inquiry_ask(struct room_inquiry *inquiry, struct room_waiter *waiter, struct span room);

// The waiter gets no verdict any more. A question for which nobody is left is not asked; one that
// is under way is answered into the memory.
void room_inquiry_withdraw(struct room_inquiry *inquiry, struct room_waiter *waiter);
