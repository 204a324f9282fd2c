// Watches over the tokens of connected clients for as long as they are connected: calls when a
// token is about to expire, and when it has.
//
// Tokens last from minutes to years, so they do not expire in the order in which they came. A
// wheel of one-second slots holds them; an alarm further away than one turn of the wheel stays
// in its slot and is looked at once per turn. Everything costs O(1).
#pragma once

#include "common/deadlines.h"
#include "common/list.h"
#include "edge/gateway/clients/token_life.h"

struct token_expiry;

// Embedded in whoever has a token.
struct token_alarm {
    struct list node;
    int64_t due_s;
    struct token_life life;
};

struct token_expiry_handlers {
    // The token lasts for another `left_s` seconds.
    void (*on_expiring)(struct token_alarm *alarm, int64_t left_s, void *arg);
    // It has expired; the alarm is off.
    void (*on_expired)(struct token_alarm *alarm, void *arg);
    void *arg;
};

NODISCARD struct token_expiry *token_expiry_new(struct deadlines *clock,
                                                const struct token_expiry_handlers *handlers);
// All alarms must be off.
void token_expiry_free(struct token_expiry *expiry);

void token_alarm_init(struct token_alarm *alarm);
// Starts watching the token that a client came with. If the time to warn has passed, on_expiring is
// called at once.
void token_expiry_start(struct token_expiry *expiry, struct token_alarm *alarm,
                        struct token_life life, int64_t now_s);
// Watches another token instead. It is not warned of at once, for a client that gets a new token
// whenever it is warned would do nothing else; nor is the same token warned of again.
void token_expiry_swap(struct token_expiry *expiry, struct token_alarm *alarm,
                       struct token_life life, int64_t now_s);
// Harmless when it is off.
void token_expiry_stop(struct token_alarm *alarm);

// Looks at everything that fell due up to `now_s`, the time of day. The watch does so by itself
// several times a second.
void token_expiry_advance(struct token_expiry *expiry, int64_t now_s);
