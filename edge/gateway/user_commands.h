// What operators do to all sockets of a user at this edge: kick, revoke, and leave a room.
//
// A command meets the sockets that are let in, and those that wait for their session (recovery).
#pragma once

#include "common/buffer.h"
#include "edge/gateway/clients/recovery_attempt.h"
#include "edge/gateway/clients/revocations.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/gateway_metrics.h"
#include "edge/gateway/rooms/joins.h"
#include "proto/envelope.h"

struct user_commands {
    struct sio_namespace *nsp; // the namespace of the clients
    struct bus *bus;           // for the answers
    struct joins *joins;
    struct recovery *recovery; // NULL: recovery is off
    struct revocations *revocations;
    struct client_metrics *metrics;
    struct span edge_id;
    struct buffer text;
};

void user_commands_fini(struct user_commands *commands);

// Each carries out the command of its kind and, if `command->ask` is not 0, answers its sender.

// Disconnects the user's sockets. One that waits for its session gets a fresh one: it connects
// after the kick.
void user_commands_kick(struct user_commands *commands, const struct control *command);
// Refuses the tokens that were issued before, and disconnects the sockets that have such a token.
void user_commands_revoke(struct user_commands *commands, const struct control *command);
// Takes the user's sockets out of a room, as if they had asked to leave it, and forgets what a
// service had said about it. The user's own room cannot be left.
void user_commands_leave(struct user_commands *commands, const struct control *command);

// Carries out the action of an envelope from the log, for delivery.act; `commands` is a struct
// user_commands. To do it again does nothing.
void user_commands_act(const struct envelope *envelope, void *commands);

// Takes a revocation that Redis had when this edge connected to it.
void user_commands_on_revocation(struct user_commands *commands, struct span user, uint64_t at_ms,
                                 uint64_t until_ms);
// All of them were taken: writes again those that Redis has lost.
void user_commands_on_revocations_read(struct user_commands *commands);
