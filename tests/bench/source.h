// Publishes the messages of a scenario to RabbitMQ on a thread of its own, so that the clients are
// read meanwhile.
//
// Message i goes to room i % rooms and has number i / rooms there. Its text is "bench NUMBER NS";
// NS is the monotonic clock when it was published, in ns.
#pragma once

#include "compose/tools/publisher.h"

struct source;

struct source_plan {
    const struct rabbitmq_settings *rabbitmq;
    uint32_t rooms;
    uint32_t messages; // 0: until source_stop()
    uint32_t rate;     // per second; 0: as fast as RabbitMQ confirms
    uint32_t filling;  // blanks after each text, in bytes
    uint32_t first_room;
    const char *user; // all messages go to this user and to no room; NULL: to rooms
    bool everybody;   // to every client, by the route of tests/scale/gateway.json
};

enum source_state { SOURCE_RUNS, SOURCE_DONE, SOURCE_FAILED };

// Connects to RabbitMQ and publishes nothing yet. Returns NULL with the reason on stderr.
NODISCARD struct source *source_new(const struct source_plan *plan);

// Starts to publish. May be called once.
void source_start(struct source *source);
enum source_state source_state(const struct source *source);

// Stops after the present message.
void source_stop(struct source *source);
// How many messages were published. In state SOURCE_DONE a queue has taken all of them.
uint32_t source_sent(const struct source *source);

// Stops, waits for the thread, and frees.
void source_free(struct source *source);

// Reads number and time from a packet that a client got. Returns false for any other packet.
bool source_read(struct span packet, uint64_t *number, uint64_t *sent_ns);
