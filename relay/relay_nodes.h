// The servers of Redis that share the log: each has an event log with some of the shards, and a
// batch of the events for them.
//
// While the answers to a part of a batch are on their way, further events are taken and sent.
//
// A batch that cannot be logged is held: further events of its shards join it, in their order,
// while the events of other servers go on. Nothing more is taken from RabbitMQ when no server is
// free or a batch is full.
#pragma once

#include "relay/relay_parts.h"

// Connects to the servers that it is time for. A relay that has not claimed the log reads its tops
// too: a heartbeat reports them.
void relay_nodes_connect(struct relay *relay);
// Reads the tops of all servers. Returns false if one could not be asked.
NODISCARD bool relay_nodes_read_tops(struct relay *relay);
bool relay_nodes_all_connected(const struct relay *relay);
bool relay_nodes_any_connected(const struct relay *relay);
// Time until the first attempt that is put off, at least 1 ms and at most `max_ms`.
uint64_t relay_nodes_wait_ms(const struct relay *relay, uint64_t max_ms);

// The number of the server, and the batch, for the events of a room. Valid while claimed.
unsigned relay_nodes_of_room(const struct relay *relay, struct span room);
struct batch *relay_nodes_batch_of(struct relay *relay, struct span room);
// True if the server's batch is not in the log, and not on its way there either.
bool relay_nodes_holds(const struct relay *relay, unsigned i);
// True if the batch of every server is held: there is none that events could be taken for.
bool relay_nodes_all_hold(const struct relay *relay);
// True if a batch is full. The next event might be for it, so none is taken.
bool relay_nodes_full(const struct relay *relay);
// True if a batch is full and its server away, so that nothing can be taken for it, or if as many
// deliveries are held as may be a queue's whole prefetch while events wait. Those of other queues
// may be delivered all the same: `log_usable_ms` tells.
bool relay_nodes_stuck(const struct relay *relay);
// True if the batch of a server is held.
bool relay_nodes_hold(const struct relay *relay);
// True if a batch is not in the log.
bool relay_nodes_unlogged(const struct relay *relay);
// True if answers of a server are to come.
bool relay_nodes_in_flight(const struct relay *relay);
// How many events the batches append, logged or not.
size_t relay_nodes_batched(const struct relay *relay);
// How many deliveries they have.
size_t relay_nodes_taken(const struct relay *relay);

// True if events of the server's batch were sent before its connection was lost, and are not in the
// log since. It may be another server now, without events that edges have got from the one before:
// a heartbeat with its newest positions would be below them, and edges would take the log for
// reset.
bool relay_nodes_owe(const struct relay *relay, unsigned i);

// Sends what was added to the batches and waits for no answer.
void relay_nodes_send(struct relay *relay);
// Takes the answers that it is time for, or all that are to come if the relay is `idle`, and makes
// one attempt to append each batch that is held and whose server it is time for. Returns false if
// another relay has claimed the log.
NODISCARD bool relay_nodes_append(struct relay *relay, bool idle);
// Takes all answers that are to come.
void relay_nodes_settle(struct relay *relay);

// Drops the batches. RabbitMQ delivers their events again.
void relay_nodes_clear(struct relay *relay);
