// The rooms of one event, each once, in the order in which they were added.
#pragma once

#include <stdint.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "proto/envelope.h"

#define ROOM_MAX_BYTES 512

enum room_added { ROOM_ADDED = 0, ROOM_NO_NAME, ROOM_TOO_MANY };

#define ROOM_PLACES 2048 // a power of two, at least twice ENVELOPE_ROOMS_MAX

// Zeroed, a list is empty.
struct room_list {
    size_t count;
    struct buffer text;                    // the names, one behind the other
    struct span rooms[ENVELOPE_ROOMS_MAX]; // set by room_list_views()
    size_t ends[ENVELOPE_ROOMS_MAX];       // of the names in `text`
    uint16_t places[ROOM_PLACES];          // hash table: index + 1; used from the second room on
};

void room_list_fini(struct room_list *list);
void room_list_clear(struct room_list *list);

// The caller appends a name to `list->text` and then calls this. A name that is there already is
// taken back. ROOM_NO_NAME: over ROOM_MAX_BYTES or with control characters; ROOM_TOO_MANY: over
// ENVELOPE_ROOMS_MAX. The list must be cleared then.
NODISCARD enum room_added room_list_add(struct room_list *list);

// Sets list->rooms, valid until the list changes.
void room_list_views(struct room_list *list);
