// A dead letter, a filter for letters, and how a letter is printed.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

// A letter of the relay, as borrowed views. What the letter does not have is empty.
struct letter {
    struct span id; // AMQP message-id, or an id made of the letter's content
    struct span failed_at, reason, routing_key, exchange;
    struct span body;
    uint64_t size;          // of the event's whole body; 0: unknown
    const void *properties; // amqp_basic_properties_t, for publisher.h
};

// A letter fits if all given criteria hold.
struct letter_filter {
    const char *reason;      // a part of the reason; NULL: any
    const char *routing_key; // NULL: any
    const char *id;          // NULL: any
    int64_t older_than_s;    // 0: any
    int64_t newer_than_s;    // 0: any
};

// `now_ms`: wall clock. A letter without a readable time fits no age.
bool letter_fits(const struct letter *letter, const struct letter_filter *filter, uint64_t now_ms);

// The size of the event's body, and whether the letter has all of it.
uint64_t letter_size(const struct letter *letter);
bool letter_is_whole(const struct letter *letter);

// Appends one line of JSON. `outcome`, unless NULL, is what became of the letter. The body is
// private and is only added with `show_body`: as text, or in base64 if it is not UTF-8.
void letter_write(const struct letter *letter, const char *outcome, bool show_body,
                  struct buffer *out);

// Reads a time as the relay writes it, 2024-11-17T10:00:00.000Z. Returns false if `text` is not
// one.
NODISCARD bool letter_parse_time(struct span text, uint64_t *wall_ms);
