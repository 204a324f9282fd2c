// Executes the messages of the control channel: the relay's heartbeats, and the commands drain,
// takeover, and those of user_commands.h.
#pragma once

#include "edge/gateway/clients/recovery_attempt.h"
#include "edge/gateway/delivery/bus.h"
#include "edge/gateway/delivery/log_follower.h"
#include "edge/gateway/delivery/relay_status.h"
#include "edge/gateway/gateway_metrics.h"
#include "edge/gateway/user_commands.h"

struct control_commands {
    struct user_commands *users;
    struct log_follower *follower;
    struct relay_status *relay;
    struct recovery *recovery; // NULL: recovery is off
    struct gateway_metrics *metrics;
    struct span edge_id;
    unsigned shards;
    void (*on_drain)(void *arg); // an operator wants this edge to drain
    void *on_drain_arg;
    struct envelope_decoder *decoder;
    bool mismatch_logged;    // different numbers of shards at relay and edge were logged
    bool other_nodes_logged; // different servers of Redis were logged
};

void control_commands_init(struct control_commands *commands);
void control_commands_fini(struct control_commands *commands);

// Handles one message, for bus_control_handlers.on_control. Logs and drops a malformed one; ignores
// unknown kinds, which a newer version may send.
void control_commands_handle(struct control_commands *commands, struct bus_part part,
                             struct span bytes);
