// The gateway's file: the types of rooms, which events of services go into which rooms, which
// events clients may send, and what is known of users. The edge and the relay read the same one.
// HomeTrip's file is built in (gateway.json, which is also installed as an example); the operator's
// file takes its place.
#pragma once

#include "common/gateway_file/client_event_types.h"
#include "common/gateway_file/file_reader.h"
#include "common/gateway_file/room_types.h"
#include "common/gateway_file/routes.h"
#include "common/gateway_file/users.h"

struct gateway_file {
    struct room_types *rooms;
    struct routes *routes; // its member "events"
    struct client_event_types *client_events;
    bool publishes; // services may name the rooms of an event themselves
    struct users users;
    uint64_t fingerprint; // of the texts that it was loaded from, in this process
    uint32_t generation;  // how many files this process has used before it, see succession.h
};

struct gateway_file_options {
    const char *path;         // NULL: the built-in file
    const char *routes_path;  // of further routes, see routes_file.h; or NULL
    const char *queue_prefix; // at most QUEUE_PREFIX_MAX bytes; borrowed by the result
};

// Returns NULL if a file cannot be used, with one line "<path>:<line>: <reason>" in `errors`.
NODISCARD struct gateway_file *gateway_file_load(const struct gateway_file_options *options,
                                                 struct buffer *errors);
void gateway_file_free(struct gateway_file *file);

// Adds the route of events that name their rooms themselves, if the file allows them.
void gateway_file_add_direct(struct gateway_file *file);

// Whether anything is published to services: then the active relay reads the uplink.
bool gateway_file_uses_uplink(const struct gateway_file *file);

#define GATEWAY_USER_ROOMS "user:" // a user's id follows

// True if presence is kept of the room, which may be a user's.
bool gateway_file_keeps(const struct gateway_file *file, struct span room);
bool gateway_file_keeps_any(const struct gateway_file *file);

// The file that the reader's text is. `queue_prefix` is borrowed by the result.
NODISCARD struct gateway_file *gateway_file_parse(struct file_reader *r, const char *queue_prefix);
