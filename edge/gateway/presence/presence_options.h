// What presence is made of.
#pragma once

#include "common/gateway_file/gateway_file.h"
#include "edge/gateway/presence/presence_store.h"
#include "edge/socketio/rooms.h"

struct presence_options {
    struct presence_store *store;    // borrowed
    const struct gateway_file *file; // borrowed: which users and rooms are kept
    struct rooms *rooms;             // borrowed; nobody else watches them
    // The members of the room, at all edges, are to be told that they are so many.
    void (*on_count)(struct span room, uint64_t count, void *arg);
    void *arg;
};
