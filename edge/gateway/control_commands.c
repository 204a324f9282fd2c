#define LOG_MODULE "gateway"

#include "edge/gateway/control_commands.h"

#include "common/clock.h"
#include "common/log.h"
#include "edge/gateway/clients/session_takeover.h"

// A relay that has other servers, or the same in another order, logs shards elsewhere. Its
// positions would be taken for lost events.
static bool is_same_part(struct control_commands *commands, struct bus_part part,
                         const struct heartbeat *heartbeat)
{
    unsigned nodes = heartbeat->node_count > 0 ? heartbeat->node_count : 1;
    bool same = heartbeat->node == part.node && nodes == part.nodes;

    if (!same && !commands->other_nodes_logged) {
        commands->other_nodes_logged = true;
        log_error("relay and edge have different servers of Redis, events are missing "
                  "relay_node=%u relay_nodes=%u edge_node=%u edge_nodes=%u remedy=%s",
                  heartbeat->node, nodes, part.node, part.nodes,
                  "set REDIS_NODES to the same on both, in the same order");
    }
    return same;
}

static void on_heartbeat(struct control_commands *commands, struct bus_part part,
                         const struct heartbeat *heartbeat)
{
    bool names_shards = heartbeat->shard_count > 0; // not while a relay has events to repeat

    if (names_shards && heartbeat->shard_count != commands->shards && !commands->mismatch_logged) {
        commands->mismatch_logged = true;
        log_error("relay and edge count their shards differently relay_shards=%zu edge_shards=%u "
                  "remedy=%s",
                  heartbeat->shard_count, commands->shards, "set BUS_SHARDS to the same on both");
    }
    if (!is_same_part(commands, part, heartbeat))
        return;
    relay_status_on_heartbeat(commands->relay, part, heartbeat, clock_monotonic_ms());
    log_follower_on_heartbeat(commands->follower, part, heartbeat);
}

static void on_drain(struct control_commands *commands, struct span edge)
{
    if (edge.len == 0 || span_eq(edge, commands->edge_id))
        commands->on_drain(commands->on_drain_arg);
}

void control_commands_init(struct control_commands *commands)
{
    commands->decoder = envelope_decoder_new();
}

void control_commands_fini(struct control_commands *commands)
{
    envelope_decoder_free(commands->decoder);
}

void control_commands_handle(struct control_commands *commands, struct bus_part part,
                             struct span bytes)
{
    const struct control *control = control_decode(commands->decoder, bytes);

    if (!control) {
        metric_add(&commands->metrics->delivery.envelopes_malformed, 1);
        log_warn("dropping a malformed control message bytes=%zu", bytes.len);
        return;
    }
    switch (control->kind) {
    case CONTROL_HEARTBEAT:
        on_heartbeat(commands, part, &control->heartbeat);
        break;
    case CONTROL_DRAIN:
        on_drain(commands, control->edge);
        break;
    case CONTROL_KICK:
        user_commands_kick(commands->users, control);
        break;
    case CONTROL_REVOKE:
        user_commands_revoke(commands->users, control);
        break;
    case CONTROL_LEAVE:
        user_commands_leave(commands->users, control);
        break;
    case CONTROL_TAKEOVER:
        if (commands->recovery)
            session_takeover_handle(commands->recovery, control->user, control->socket,
                                    control->generation);
        break;
    case CONTROL_KICKED: // for the tool that sent the command
    case CONTROL_UNKNOWN:
        break;
    }
}
