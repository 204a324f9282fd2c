// Bounds the part of a flush that is done in one turn of the loop. The rest waits for the next
// turn, behind what has become readable meanwhile, so that a flood of output cannot keep the server
// from reading.
//
// Writes outside of a flush are not limited, nor is the last flush of a session that ends.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLUSH_WRITES_MAX 2048                      // writes of one turn
#define FLUSH_BYTES_MAX  ((size_t)4 * 1024 * 1024) // bytes of one turn

struct eio__flush_slice {
    bool running; // a flush is under way
    uint32_t writes;
    size_t bytes;
};

static inline void eio__flush_slice_begin(struct eio__flush_slice *slice)
{
    *slice = (struct eio__flush_slice){.running = true};
}

static inline void eio__flush_slice_end(struct eio__flush_slice *slice)
{
    slice->running = false;
}

// Counts one write of `bytes` bytes.
static inline void eio__flush_slice_add(struct eio__flush_slice *slice, size_t bytes)
{
    slice->writes++;
    slice->bytes += bytes;
}

static inline bool eio__flush_slice_is_spent(const struct eio__flush_slice *slice)
{
    return slice->running && (slice->writes >= FLUSH_WRITES_MAX || slice->bytes >= FLUSH_BYTES_MAX);
}
