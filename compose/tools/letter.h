// A dead letter, which of them are meant, and how one is shown.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

// What the relay put into the queue of dead letters. Borrowed views; what is absent is empty.
struct letter {
    struct span id; // AMQP message id, or a name made of the letter where there is none
    struct span failed_at, reason, routing_key, exchange;
    struct span body;
    uint64_t size; // of the event's body, of which `body` may be the beginning; 0: not said
    const void *properties; // rabbitmq-c's own, for publisher.h
};

// All that is given must fit.
struct letter_filter {
    const char *reason;      // a part of the reason; NULL: any
    const char *routing_key; // NULL: any
    const char *id;          // NULL: any
    int64_t older_than_s;    // 0: any
    int64_t newer_than_s;    // 0: any
};

// A letter without a readable time fits no filter of age.
bool letter_fits(const struct letter *letter, const struct letter_filter *filter, uint64_t now_ms);

// Bytes of the event's body; and whether the letter has all of them.
uint64_t letter_size(const struct letter *letter);
bool letter_is_whole(const struct letter *letter);

// Appends one line of JSON. `outcome` is what became of the letter, or NULL; the body is private
// and only shown when asked for: as text, or in base64 when it is none.
void letter_write(const struct letter *letter, const char *outcome, bool show_body,
                  struct buffer *out);

// Reads the time as the relay writes it, 2024-11-17T10:00:00.000Z. False when it is none.
NODISCARD bool letter_parse_time(struct span text, uint64_t *wall_ms);
