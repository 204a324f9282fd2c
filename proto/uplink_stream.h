// The relay's side of the uplink: reads its stream, and removes what RabbitMQ has confirmed.
#pragma once

#include "proto/control_channel.h"
#include "proto/position.h"
#include "proto/uplink.h"

#define UPLINK_READ_MAX 64 // entries of one read

// Reads up to UPLINK_READ_MAX entries behind the id `after`, the oldest first, and calls `visit`
// for each. An entry of others may lack fields, which are empty then; spans are valid until `visit`
// returns. Without any waits up to `wait_ms` for one; 0: not at all.
NODISCARD bool uplink_stream_read(struct control_channel *channel, struct position after,
                                  unsigned wait_ms,
                                  void (*visit)(const struct uplink_entry *entry, void *arg),
                                  void *arg);
// Reads the `count` entries with these ids, and calls `visit` for those that are there.
NODISCARD bool uplink_stream_fetch(struct control_channel *channel, const struct position *ids,
                                   size_t count,
                                   void (*visit)(const struct uplink_entry *entry, void *arg),
                                   void *arg);

#define UPLINK_REMOVE_MAX 64

struct uplink_removal {
    struct position id;
    size_t bytes; // uplink_entry_bytes()
};

// Removes up to UPLINK_REMOVE_MAX entries. One that is gone already is none of those counted.
NODISCARD bool uplink_stream_remove(struct control_channel *channel,
                                    const struct uplink_removal *entries, size_t count);

struct uplink_size {
    uint64_t entries, bytes;
};

NODISCARD bool uplink_stream_measure(struct control_channel *channel, struct uplink_size *out);
