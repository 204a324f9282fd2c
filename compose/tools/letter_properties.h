// The properties and headers of an event, out of those of its letter.
//
// The properties are rabbitmq-c's own (amqp_basic_properties_t); only the files that talk over it
// look inside.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// A header with a text.
struct message_header {
    const char *name, *value;
};

// Fills `out` with what the event had: without the headers that the relay added, with what it had
// turned into headers, and with the `further` headers. What routes it elsewhere as well comes back
// only if it is `routed`, and a user id only if it is `user`, since RabbitMQ refuses another's.
// Borrows all; the caller frees the entries of `out`'s headers.
void letter_properties_restore(const void *of_letter, bool routed, const char *user,
                               const struct message_header *further, size_t further_count,
                               void *out);
