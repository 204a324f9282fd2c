// The interface to the store in which all edges keep who is connected to them.
//
// An adapter implements it; unit tests give the gateway a fake. The store executes the commands of
// one edge in the order in which they were sent.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/gateway_file/users.h"
#include "common/span.h"

// What this edge has of a user or of a room from now on; nothing with a count of 0.
struct presence_change {
    struct span name; // a user id, or a room
    bool is_user;
    uint32_t count;
    // A room: its members are told the number of all edges when it has changed. A user: services
    // are told if this is the first connection over all edges, or was the last.
    bool is_told;
    // A room: they are told now even if it has not changed, since somebody may not know it. A user
    // with a count of 0: they are told even if the store has lost the connection.
    bool is_asked;
};

enum presence_beat {
    PRESENCE_KNOWN, // what this edge has written is there
    PRESENCE_FIRST, // nothing of this edge is known
    PRESENCE_SWEPT, // it was taken for dead, and what it has written was taken out
};

enum presence_outcome {
    PRESENCE_WRITTEN,
    PRESENCE_NOT_WRITTEN,
    PRESENCE_IN_DOUBT, // no answer, or an error
};

struct presence_store;

struct presence_store_ops {
    // Where services are told of users from now on; borrowed. The store is asked nothing until
    // `begins` was true once.
    void (*use)(struct presence_store *store, const struct users *users, bool begins);
    bool (*is_up)(const struct presence_store *store);
    // Writes changes, all or none. on_written answers; then the next ones may be written.
    void (*write)(struct presence_store *store, const struct presence_change *changes,
                  size_t count);
    // Says that this edge is there. on_beat answers, unless the connection ends before.
    void (*beat)(struct presence_store *store);
    // Lists what the store has of this edge. on_listed answers, several times. A list that breaks
    // off, or is refused, begins again with the next beat.
    void (*list)(struct presence_store *store);
};

// They borrow their arguments until they return.
struct presence_store_handlers {
    // `may_lack`: the store may lack writes that it has answered.
    void (*on_up)(bool may_lack, void *arg);
    // If they were written, `told` has for each change the number that the members of the room are
    // to be told now, PRESENCE_NOTHING or PRESENCE_LATER, see presence_script.h. `lost`: how many
    // times services could not be told.
    void (*on_written)(enum presence_outcome outcome, const int64_t *told, uint64_t lost,
                       void *arg);
    void (*on_beat)(enum presence_beat beat, void *arg);
    void (*on_listed)(bool is_user, struct span name, void *arg);
    void *arg;
};

struct presence_store {
    const struct presence_store_ops *ops;
    struct presence_store_handlers handlers; // set before the store is started
};
