// What authorization_requests.c, which asks the services, and authorization_requests_replace.c,
// which changes what is asked while requests are open, share.
#pragma once

#include "common/hash.h"
#include "edge/gateway/rooms/authorization_health.h"
#include "edge/gateway/rooms/authorization_requests.h"

struct service_queue {
    struct list pending; // of struct authorization_request, by node: not sent yet
    unsigned under_way;  // requests that the service is answering
    struct authorization_health health;
};

struct authorization_requests {
    struct authorization_requests_options options;
    struct deadlines *clock;
    struct room_metrics *metrics;
    struct authorization_cache *cache;
    struct key_counter *users;                   // number of waiters of each user
    struct authorization_request *open;          // by key
    struct service_queue queues[ROOM_TYPES_MAX]; // by type
    struct deadline_queue timeouts;
    size_t waiting;
    struct buffer key, path;
};

struct authorization_request {
    UT_hash_handle hh;
    struct authorization_requests *requests;
    struct list node; // in its service's queue
    struct list waiters;
    struct deadline deadline;
    struct authorization_call *call; // NULL: not sent yet
    const struct room_type *type;
    uint64_t since_ms;
    bool outdated; // the right has changed since: a yes counts for nothing
    struct span room;
    size_t key_len;
    char key[];
};

// Takes the waiter out of the counts. It stays in its list.
void authorization__stop_waiting(struct authorization_requests *requests,
                                 struct authorization_waiter *waiter);
// The request is not open any more. Its waiters stay with it, and the caller owns it.
void authorization__close(struct authorization_request *request);
void authorization__count_under_way(struct authorization_requests *requests);
