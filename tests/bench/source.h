// Publishes a scenario's messages to RabbitMQ from a thread of its own, so that the clients are
// read meanwhile.
//
// Message i goes to room i % rooms, as number i / rooms there. Its text is "bench NUMBER NS", with
// the clock's nanoseconds at the moment of publishing.
#pragma once

#include "compose/tools/publisher.h"

struct source;

struct source_plan {
    const struct rabbitmq_settings *rabbitmq;
    uint32_t rooms;
    uint32_t messages; // 0: until it is stopped
    uint32_t rate;     // per second; 0: as fast as RabbitMQ confirms
    uint32_t filling;  // bytes of blanks behind each text
};

enum source_state { SOURCE_RUNS, SOURCE_DONE, SOURCE_FAILED };

// Connects to RabbitMQ, sends nothing yet; NULL with the reason on stderr.
NODISCARD struct source *source_new(const struct source_plan *plan);

// Starts to publish; once.
void source_start(struct source *source);
enum source_state source_state(const struct source *source);

// Ends after the message at hand.
void source_stop(struct source *source);
// How many messages have been published, all of which were taken once it is SOURCE_DONE.
uint32_t source_sent(const struct source *source);

// Stops it and waits for its thread.
void source_free(struct source *source);

// Reads number and time out of the packet that a client got; false when it is none of these.
bool source_read(struct span packet, uint64_t *number, uint64_t *sent_ns);
