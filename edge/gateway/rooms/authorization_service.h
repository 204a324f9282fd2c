// The interface to the services that know which user may join which room. An adapter implements it;
// timeouts and limits of concurrency are the caller's.
#pragma once

#include "common/attr.h"
#include "common/gateway_file/room_types.h"
#include "common/span.h"

enum service_answer {
    SERVICE_ANSWER_YES = 0,
    SERVICE_ANSWER_NO,
    SERVICE_ANSWER_BAD_TOKEN,   // the token was refused; says nothing about the room
    SERVICE_ANSWER_ERROR,       // an HTTP status that is neither yes nor no
    SERVICE_ANSWER_UNREACHABLE, // no connection, or no HTTP answer
    SERVICE_ANSWER_TIMEOUT,     // set by the caller: no answer in time
    SERVICE_ANSWERS,            // how many there are
};

struct authorization_service;
struct authorization_call; // a request under way

struct authorization_query {
    size_t type;       // of the room: its index among the types
    struct span path;  // "/api/conversations/42"
    struct span token; // of the user, as it came
};

// `reason` is for the log: why the answer is neither yes nor no; NULL if it is. Borrowed.
typedef void (*service_answer_fn)(enum service_answer answer, const char *reason, void *arg);

struct authorization_service_ops {
    struct authorization_call *(*ask)(struct authorization_service *service,
                                      const struct authorization_query *query,
                                      service_answer_fn on_answer, void *arg);
    void (*cancel)(struct authorization_service *service, struct authorization_call *call,
                   bool is_late);
    void (*use)(struct authorization_service *service, const struct room_types *types);
};

struct authorization_service {
    const struct authorization_service_ops *ops;
};

// Calls `on_answer` exactly once, after this function has returned, unless the call is cancelled.
// Borrows `query` until return.
NODISCARD static inline struct authorization_call *
authorization_service_ask(struct authorization_service *service,
                          const struct authorization_query *query, service_answer_fn on_answer,
                          void *arg)
{
    return service->ops->ask(service, query, on_answer, arg);
}

// Cancels and frees the call. Only before `on_answer` was called. `is_late`: the service should
// have answered by now, so something is wrong with it.
static inline void authorization_service_cancel(struct authorization_service *service,
                                                struct authorization_call *call, bool is_late)
{
    service->ops->cancel(service, call, is_late);
}

// The services are those of other types from now on; borrowed. No call may be under way.
static inline void authorization_service_use(struct authorization_service *service,
                                             const struct room_types *types)
{
    service->ops->use(service, types);
}
