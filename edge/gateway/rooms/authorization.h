// Decides who may join which room, by the type of the room. The verdict always comes by callback,
// because a service may have to be asked. The callback may be called before authorization_ask()
// returns.
#pragma once

#include "edge/gateway/rooms/authorization_requests.h"

struct authorization;

// No type of `services->types` is ROOM_JOIN_AS_SET. Borrows the types, clock and metrics.
NODISCARD struct authorization *
authorization_new(const struct authorization_requests_options *services, struct deadlines *clock,
                  struct room_metrics *metrics);
// All waiters must have had their verdict or have been cancelled.
void authorization_free(struct authorization *authorization);

// False if the room's id cannot be sent to a service. Then authorization_ask() must not be called.
NODISCARD bool authorization_can_ask(const struct authorization *authorization, struct span room);

// Calls `waiter->on_verdict`, at once or later. `waiter->client` must be set. Copies `room`.
void authorization_ask(struct authorization *authorization, struct authorization_waiter *waiter,
                       struct span room);
// True if a service says whether `who` may be in `room`, so that the verdict can change over time.
bool authorization_is_by_service(const struct authorization *authorization,
                                 const struct identity *who, struct span room);
// False if `who`'s token would have to name `room` and does not, or nobody can ask for the room,
// unless a service has let `who` in; or if there is no such type any more. Asks no service.
bool authorization_may_stay(const struct authorization *authorization, const struct identity *who,
                            struct span room, bool by_action);
// True if the claims of `who` let into `room`, by the claim that its type has now.
bool authorization_lets_enter(const struct authorization *authorization, const struct identity *who,
                              struct span room);
// Since when this edge knows who may join the room by the rule that it has, in ms since 1970; 0:
// since the start. What was granted before was granted by another rule.
uint64_t authorization_ruled_since(const struct authorization *authorization, struct span room);
// True if the room is of a type that there is.
bool authorization_knows(const struct authorization *authorization, struct span room);
// True if claims let clients into rooms of this type too: that a client is in `room` does not say
// that a service has been asked.
bool authorization_takes_claims(const struct authorization *authorization, struct span room);
// Cancels a waiter that has had no verdict yet: on_verdict is not called any more.
void authorization_cancel(struct authorization *authorization, struct authorization_waiter *waiter);
// The user's right to the room has changed: what a service has said about it is forgotten.
void authorization_forget(struct authorization *authorization, struct span user, struct span room);

// Decides by these types from now on; borrowed. None is ROOM_JOIN_AS_SET. Waiters that have had no
// verdict yet are decided about anew, some before this returns, and what services have said about
// anybody is forgotten.
void authorization_replace_types(struct authorization *authorization,
                                 const struct room_types *types);
