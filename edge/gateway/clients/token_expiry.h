// Watches the tokens of connected clients: calls a handler when a token is about to expire, and
// when it has expired. A token whose key was taken away ends as if it had expired.
//
// Tokens last from minutes to years, so they do not expire in the order in which they came. A
// wheel of one-second slots holds their alarms; an alarm further away than one turn of the wheel
// stays in its slot and is looked at once per turn. Starting and stopping are O(1). If many tokens
// end at once, TOKEN_ENDS_EACH of them end every TOKEN_ENDS_MS.
#pragma once

#include <stddef.h>

#include "common/deadlines.h"
#include "common/list.h"
#include "edge/gateway/clients/token_life.h"

#define TOKEN_ENDS_EACH 256
#define TOKEN_ENDS_MS   50

struct token_expiry;

// Embedded in the structure that has the token.
struct token_alarm {
    struct list node;
    int64_t due_s; // seconds since 1970
    struct token_life life;
};

struct token_expiry_handlers {
    // The token expires in `left_s` seconds.
    void (*on_expiring)(struct token_alarm *alarm, int64_t left_s, void *arg);
    // The token has expired, or is void; the alarm is off.
    void (*on_expired)(struct token_alarm *alarm, void *arg);
    // Whether the token counts no more although its time is not over. NULL: none ever does.
    bool (*is_void)(const struct token_alarm *alarm, void *arg);
    void *arg;
};

NODISCARD struct token_expiry *token_expiry_new(struct deadlines *clock,
                                                const struct token_expiry_handlers *handlers);
// All alarms must be off.
void token_expiry_free(struct token_expiry *expiry);

void token_alarm_init(struct token_alarm *alarm);
// Starts watching the token of a new client. Calls on_expiring (or on_expired) at once if it is
// time already, or the token is void.
void token_expiry_start(struct token_expiry *expiry, struct token_alarm *alarm,
                        struct token_life life, int64_t now_s);
// Watches another token instead. Does not warn at once, even if it is time: a client that refreshes
// its token at each warning would do so without end. Nothing changes if it is the same token.
void token_expiry_swap(struct token_expiry *expiry, struct token_alarm *alarm,
                       struct token_life life, int64_t now_s);
// May be called when the alarm is off.
void token_expiry_stop(struct token_alarm *alarm);

// Asks `is_void` about all tokens that are watched, and ends those that are. Returns how many there
// are; a token that is replaced before its turn comes does not end.
size_t token_expiry_review(struct token_expiry *expiry);

// Handles the alarms that are due at `now_s`, the time of day. Also called by a deadline of its
// own, four times a second.
void token_expiry_advance(struct token_expiry *expiry, int64_t now_s);
