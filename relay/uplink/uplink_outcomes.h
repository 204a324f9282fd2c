// What becomes of an entry of the uplink by what RabbitMQ has said: it is done, sent again, or a
// dead letter.
#pragma once

#include "relay/uplink/refused_routes.h"
#include "relay/uplink/uplink_metrics.h"
#include "relay/uplink/uplink_window.h"

#define UPLINK_HOLD_MS         250   // after RabbitMQ could not be reached, or takes nothing
#define UPLINK_REFUSED_WAIT_MS 1000  // before an entry that is not taken is sent again
#define UPLINK_REFUSED_MAX_MS  30000 // for which it is sent again
#define UPLINK_SILENT_MAX_MS   40000 // for which it is sent again if RabbitMQ confirms nothing
#define UPLINK_LETTER_WAIT_MS  5000  // before a dead letter that was not taken is sent again

struct uplink_outcomes {
    struct uplink_window *window;
    struct uplink_metrics *metrics;
    // What is for these is a dead letter without a try; for those that are full, by its first
    // refusal.
    struct refused_routes closed, unconfirmed, full;
    uint64_t hold_until_ms; // nothing is sent before
    uint64_t letter_logged_ms;
    uint64_t letters; // since a line was logged about them
};

// Before it is sent: an item that cannot be sent to its exchange gets its failure, and so becomes a
// dead letter.
void uplink_outcomes_check(struct uplink_outcomes *outcomes, struct uplink_item *item,
                           uint64_t now_ms);
// Takes the outcome that its message has.
void uplink_outcomes_take(struct uplink_outcomes *outcomes, struct uplink_item *item,
                          uint64_t now_ms);
