// Publishes a scenario's messages to RabbitMQ from a thread of its own, so that the clients are
// read meanwhile.
//
// Message i goes to room i % rooms, as number i / rooms there. Its text is "bench NUMBER NS", with
// the clock's nanoseconds at the moment of publishing.
#pragma once

#include "compose/tools/publisher.h"

struct source;

struct source_plan {
    struct rabbit_target target;
    uint32_t rooms, messages;
    uint32_t rate; // per second; 0: as fast as RabbitMQ confirms
};

enum source_state { SOURCE_RUNS, SOURCE_DONE, SOURCE_FAILED };

// Connects to RabbitMQ, sends nothing yet; NULL with the reason on stderr.
NODISCARD struct source *source_new(const struct source_plan *plan);

// Starts to publish; once.
void source_start(struct source *source);
enum source_state source_state(const struct source *source);

// Waits for the thread, which ends by itself.
void source_free(struct source *source);
