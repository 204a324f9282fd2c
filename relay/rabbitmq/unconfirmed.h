// The publications that were sent over one channel and have no answer of RabbitMQ's yet.
//
// RabbitMQ numbers the publications of a channel from 1, confirms them by these tags, often several
// at once, and in any order. Each publication leaves with its last outcome, which its owner is
// told.
#pragma once

#include "relay/rabbitmq/publication.h"

struct unconfirmed {
    struct list publications; // the oldest first
    uint64_t last_tag;
};

void unconfirmed_init(struct unconfirmed *unconfirmed);
// A channel begins. None of an earlier one may be left.
void unconfirmed_begin(struct unconfirmed *unconfirmed);

// Gives the publication, which was in no list or in another one, the channel's next tag.
void unconfirmed_add(struct unconfirmed *unconfirmed, struct publication *publication);

// Ends what the confirm, or the refusal, is about: by `outcome`, unless it was returned before.
void unconfirmed_take_confirm(struct unconfirmed *unconfirmed, const struct rabbit_message *confirm,
                              enum publish_outcome outcome, const char *reason);
// Marks what RabbitMQ has returned since no queue wanted it; the confirm comes right behind.
// Returns NULL if it is none of these.
struct publication *unconfirmed_take_return(struct unconfirmed *unconfirmed,
                                            const struct rabbit_message *returned);

// Says of each that is due that no confirm has come and, much later, gives it up. `blocked`:
// RabbitMQ reads nothing, so that nothing is given up.
void unconfirmed_check_due(struct unconfirmed *unconfirmed, uint64_t now_ms, bool blocked);
// When the next one is due, or `latest_ms` if none is before that.
uint64_t unconfirmed_next_due_ms(const struct unconfirmed *unconfirmed, uint64_t latest_ms);

// Ends all of them.
void unconfirmed_finish_all(struct unconfirmed *unconfirmed, enum publish_outcome outcome,
                            const char *reason);
