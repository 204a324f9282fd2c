// Restores the properties and headers of an event from those of its dead letter.
//
// Properties are rabbitmq-c's amqp_basic_properties_t behind void pointers, so that only the files
// that include the library depend on it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// A header whose value is text.
struct message_header {
    const char *name, *value;
};

// Fills `out` with the event's properties: removes the headers that the relay has added, turns back
// what it had turned into headers, and adds `further` headers. The CC header, which routes to other
// queues too, is restored only if `routed`. The user id is restored only if it is `user`, since
// RabbitMQ refuses any other. Borrows all; the caller frees the entries of the headers of `out`.
void letter_properties_restore(const void *of_letter, bool routed, const char *user,
                               const struct message_header *further, size_t further_count,
                               void *out);
