// The uplink's stream in Redis, as the window is filled from it: reads entries, reads them again,
// and removes those that are done.
//
// Each call returns false if the connection is lost. A command that has failed may have been
// carried out all the same, so the window is forgotten then, and begins at the head of the stream
// again: what is on its way may have been removed by another relay, or come again.
#pragma once

#include "common/attr.h"
#include "common/backoff.h"
#include "common/outage_log.h"
#include "common/redis_settings.h"
#include "proto/control_channel.h"
#include "relay/uplink/uplink_metrics.h"
#include "relay/uplink/uplink_window.h"

struct uplink_source {
    const struct redis_settings *redis; // borrowed, as all that is pointed to but the channel
    struct uplink_window *window;
    struct uplink_metrics *metrics;
    struct control_channel *channel; // NULL: not connected
    uint64_t measured_ms;
    bool was_full; // as it was counted
    struct backoff backoff;
    struct outage_log outage;
};

void uplink_source_init(struct uplink_source *source, const struct redis_settings *redis,
                        struct uplink_window *window, struct uplink_metrics *metrics);

// Connects, unless it is connected.
NODISCARD bool uplink_source_connect(struct uplink_source *source);
// Closes the connection, if there is one, and forgets the window.
void uplink_source_disconnect(struct uplink_source *source);
// How long to wait before the next attempt to connect.
uint32_t uplink_source_retry_ms(struct uplink_source *source);

// Removes what is done from the stream and from the window.
NODISCARD bool uplink_source_remove_done(struct uplink_source *source);
// Adds the entries that follow those of the window, and says how many these are. Waits for an entry
// only while the window is empty, since an answer of RabbitMQ does not end that wait.
NODISCARD bool uplink_source_read(struct uplink_source *source, size_t *count);
// Reads those of the items again that have no message. One that is not in the stream any more has
// none afterwards either.
NODISCARD bool uplink_source_load(struct uplink_source *source, struct uplink_item *const items[],
                                  size_t count);
// Sets the metrics of the stream's size and age, from time to time.
NODISCARD bool uplink_source_measure(struct uplink_source *source);
