#include <assert.h>
#include <stdlib.h>

#include "common/gateway_file/succession.h"
#include "edge/gateway/rooms/authorization_cache.h"
#include "edge/gateway/rooms/authorization_requests_internal.h"

// Takes out a request, with its waiters.
static void detach_request(struct authorization_request *request, struct list *detached)
{
    struct authorization_requests *requests = request->requests;

    if (request->call)
        authorization_service_cancel(requests->options.service, request->call, false);
    authorization__close(request);
    list_for_each (node, &request->waiters)
        authorization__stop_waiting(requests, list_entry(node, struct authorization_waiter, node));
    list_append(detached, &request->node);
}

// Whether a service answers is known still, if its type asks the same one.
static void renew_queues(struct authorization_requests *requests, const struct room_types *types)
{
    const struct room_types *old = requests->options.types;
    struct service_queue *queues = requests->queues;
    struct authorization_health health[ROOM_TYPES_MAX] = {0};

    for (size_t i = 0; i < types->count; i++) {
        const struct room_type *former = room_types_find(old, span_of(types->items[i].name));
        if (former && room_type_joins_alike(former, &types->items[i]))
            health[i] = queues[former - old->items].health;
    }
    for (size_t i = 0; i < ROOM_TYPES_MAX; i++) {
        assert(list_empty(&queues[i].pending));
        queues[i].under_way = 0;
        queues[i].health = health[i];
    }
}

static void ask_all_again(struct list *detached, authorization_again_fn again, void *arg)
{
    while (!list_empty(detached)) {
        struct authorization_request *request =
            list_entry(detached->next, struct authorization_request, node);
        while (!list_empty(&request->waiters)) {
            struct authorization_waiter *waiter =
                list_entry(request->waiters.next, struct authorization_waiter, node);
            list_unlink(&waiter->node);
            again(waiter, request->room, arg);
        }
        list_unlink(&request->node);
        free(request);
    }
}

// Nothing is asked again for a change of something else, such as an event.
static void keep_requests(struct authorization_requests *requests, const struct room_types *types)
{
    struct authorization_request *request, *next;

    HASH_ITER (hh, requests->open, request, next) {
        request->type = &types->items[request->type - requests->options.types->items];
    }
    requests->options.types = types;
}

// All requests are taken out before the first waiter asks again, and a waiter may be cancelled
// until it is its turn.
void authorization_requests_replace_types(struct authorization_requests *requests,
                                          const struct room_types *types,
                                          authorization_again_fn again, void *arg)
{
    struct list detached;

    if (room_types_join_alike(types, requests->options.types)) {
        keep_requests(requests, types);
        return;
    }
    list_init(&detached);
    while (requests->open)
        detach_request(requests->open, &detached);
    renew_queues(requests, types);
    requests->options.types = types;
    authorization_cache_clear(requests->cache);
    metric_set(&requests->metrics->answer_cache_entries, 0);
    authorization__count_under_way(requests);
    if (requests->options.service)
        authorization_service_use(requests->options.service, types);
    ask_all_again(&detached, again, arg);
}
