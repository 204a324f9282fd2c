#include "edge/gateway/rooms/authorization_requests.h"

#include <assert.h>
#include <stdlib.h>

#include "common/key_counter.h"
#include "common/mem.h"
#include "common/path_template.h"
#include "edge/gateway/rooms/authorization_cache.h"
#include "edge/gateway/rooms/authorization_requests_internal.h"

static struct span id_of(const struct room_type *type, struct span room)
{
    return span_skip(room, strlen(type->name) + 1);
}

static struct service_queue *queue_of(struct authorization_requests *requests,
                                      const struct room_type *type)
{
    return &requests->queues[type - requests->options.types->items];
}

// User and room, separated by a line feed, which neither of them can contain.
static struct span write_key(struct authorization_requests *requests, struct span user,
                             struct span room)
{
    buffer_clear(&requests->key);
    buffer_append(&requests->key, user);
    buffer_append_char(&requests->key, '\n');
    buffer_append(&requests->key, room);
    return buffer_span(&requests->key);
}

// ---- waiters

static void start_waiting(struct authorization_requests *requests,
                          struct authorization_request *request,
                          struct authorization_waiter *waiter)
{
    waiter->request = request;
    waiter->counted = key_counter_add(requests->users, waiter->client->identity->user);
    list_append(&request->waiters, &waiter->node);
    metric_set(&requests->metrics->joins_waiting, ++requests->waiting);
}

void authorization__stop_waiting(struct authorization_requests *requests,
                                 struct authorization_waiter *waiter)
{
    waiter->request = NULL;
    key_counter_drop(requests->users, waiter->counted);
    metric_set(&requests->metrics->joins_waiting, --requests->waiting);
}

static bool is_full(const struct authorization_requests *requests, struct span user)
{
    return requests->waiting >= requests->options.max_waiters ||
           key_counter_of(requests->users, user) >= AUTHORIZATION_WAITERS_PER_USER;
}

// on_verdict() may start or cancel other requests, so all waiters are detached before the first
// one is called.
static void notify_waiters(struct authorization_requests *requests, struct list *waiters,
                           enum room_verdict verdict)
{
    list_for_each (node, waiters)
        authorization__stop_waiting(requests, list_entry(node, struct authorization_waiter, node));
    while (!list_empty(waiters)) {
        struct authorization_waiter *waiter =
            list_entry(waiters->next, struct authorization_waiter, node);
        list_unlink(&waiter->node);
        waiter->on_verdict(waiter, verdict);
    }
}

// ---- requests

static struct authorization_request *find_request(const struct authorization_requests *requests,
                                                  struct span key)
{
    struct authorization_request *request;

    HASH_FIND(hh, requests->open, key.ptr, key.len, request);
    return request;
}

static struct authorization_request *add_request(struct authorization_requests *requests,
                                                 struct span key, struct span room,
                                                 const struct room_type *type)
{
    struct authorization_request *request = mem_zalloc(sizeof(*request) + key.len);

    request->requests = requests;
    request->type = type;
    request->since_ms = deadlines_now(requests->clock);
    request->key_len = key.len;
    memcpy(request->key, key.ptr, key.len);
    request->room = (struct span){request->key + key.len - room.len, room.len};
    list_init(&request->waiters);
    list_append(&queue_of(requests, type)->pending, &request->node);
    deadline_init(&request->deadline);
    deadline_arm(&request->deadline, &requests->timeouts);
    HASH_ADD_KEYPTR(hh, requests->open, request->key, request->key_len, request);
    return request;
}

void authorization__close(struct authorization_request *request)
{
    HASH_DEL(request->requests->open, request);
    list_unlink(&request->node);
    deadline_cancel(&request->deadline);
}

static void remove_request(struct authorization_request *request)
{
    authorization__close(request);
    free(request);
}

static void on_answer(enum service_answer answer, const char *reason, void *arg);

void authorization__count_under_way(struct authorization_requests *requests)
{
    uint64_t count = 0;

    for (size_t i = 0; i < requests->options.types->count; i++)
        count += requests->queues[i].under_way;
    metric_set(&requests->metrics->asks_under_way, count);
}

// Sends the token that the first waiter has by now: the one that the client had when it asked may
// have been refreshed meanwhile.
static void send_request(struct authorization_requests *requests,
                         struct authorization_request *request)
{
    const struct authorization_waiter *first =
        list_entry(request->waiters.next, struct authorization_waiter, node);
    const struct room_type *type = request->type;

    list_unlink(&request->node);
    queue_of(requests, type)->under_way++;
    request->call = authorization_service_ask(
        requests->options.service,
        &(struct authorization_query){
            .type = (size_t)(type - requests->options.types->items),
            .path = path_template_write(span_of(type->path), id_of(type, request->room),
                                        &requests->path),
            .token = first->client->identity->token,
        },
        on_answer, request);
}

static void send_next(struct authorization_requests *requests, const struct room_type *type)
{
    struct service_queue *queue = queue_of(requests, type);

    while (!list_empty(&queue->pending) && queue->under_way < requests->options.concurrency)
        send_request(requests, list_entry(queue->pending.next, struct authorization_request, node));
    authorization__count_under_way(requests);
}

// ---- answers

static enum room_verdict verdict_of(enum service_answer answer)
{
    switch (answer) {
    case SERVICE_ANSWER_YES:
        return ROOM_GRANTED;
    case SERVICE_ANSWER_NO:
    case SERVICE_ANSWER_BAD_TOKEN:
        return ROOM_FORBIDDEN;
    default:
        return ROOM_UNAVAILABLE;
    }
}

// Other answers say nothing about the user's right to the room, so they are not cached.
static void cache_answer(struct authorization_requests *requests,
                         const struct authorization_request *request, enum service_answer answer)
{
    if (!request->outdated && (answer == SERVICE_ANSWER_YES || answer == SERVICE_ANSWER_NO))
        authorization_cache_put(requests->cache, (struct span){request->key, request->key_len},
                                answer == SERVICE_ANSWER_YES, deadlines_now(requests->clock));
    metric_set(&requests->metrics->answer_cache_entries,
               authorization_cache_count(requests->cache));
}

// The request is removed before the waiters are notified: on_verdict() may ask for the same room
// again, and must not find a request that is over.
static void finish(struct authorization_request *request, enum service_answer answer,
                   const char *reason)
{
    struct authorization_requests *requests = request->requests;
    const struct room_type *type = request->type;
    enum room_verdict verdict = verdict_of(answer);
    struct list waiters;

    if (request->outdated && verdict == ROOM_GRANTED)
        verdict = ROOM_UNAVAILABLE; // joins that came since wait for this request too

    metric_add(&requests->metrics->asks[type->service][answer], 1);
    histogram_observe(&requests->metrics->ask_ms,
                      deadlines_now(requests->clock) - request->since_ms, 1);
    authorization_health_record(&queue_of(requests, type)->health, type, answer, reason,
                                deadlines_now(requests->clock));
    cache_answer(requests, request, answer);
    list_move_all(&request->waiters, &waiters);
    remove_request(request);
    notify_waiters(requests, &waiters, verdict);
    send_next(requests, type);
}

static void on_answer(enum service_answer answer, const char *reason, void *arg)
{
    struct authorization_request *request = arg;

    queue_of(request->requests, request->type)->under_way--;
    finish(request, answer, reason);
}

static void on_timeout(struct deadline *deadline, void *arg)
{
    struct authorization_request *request =
        container_of(deadline, struct authorization_request, deadline);
    struct authorization_requests *requests = arg;

    if (request->call) {
        authorization_service_cancel(requests->options.service, request->call, true);
        queue_of(requests, request->type)->under_way--;
    }
    finish(request, SERVICE_ANSWER_TIMEOUT, "no answer in time");
}

// ----

struct authorization_requests *
authorization_requests_new(const struct authorization_requests_options *options,
                           struct deadlines *clock, struct room_metrics *metrics)
{
    struct authorization_requests *requests = mem_zalloc(sizeof(*requests));

    requests->options = *options;
    requests->clock = clock;
    requests->metrics = metrics;
    requests->cache = authorization_cache_new(options->cache_size, options->cache_ms);
    requests->users = key_counter_new();
    for (size_t i = 0; i < ROOM_TYPES_MAX; i++)
        list_init(&requests->queues[i].pending);
    deadline_queue_init(&requests->timeouts, clock, options->timeout_ms, on_timeout, requests);
    return requests;
}

// Requests that are still open have lost their waiters after they were sent.
void authorization_requests_free(struct authorization_requests *requests)
{
    if (!requests)
        return;
    while (requests->open) {
        assert(list_empty(&requests->open->waiters) && requests->open->call);
        authorization_service_cancel(requests->options.service, requests->open->call, false);
        remove_request(requests->open);
    }
    deadline_queue_fini(&requests->timeouts);
    key_counter_free(requests->users);
    authorization_cache_free(requests->cache);
    buffer_fini(&requests->key);
    buffer_fini(&requests->path);
    free(requests);
}

static void wait_for_answer(struct authorization_requests *requests,
                            struct authorization_waiter *waiter, const struct room_type *type,
                            struct span room)
{
    struct span key = buffer_span(&requests->key);
    struct authorization_request *request = find_request(requests, key);

    if (request)
        metric_add(&requests->metrics->joins_merged, 1);
    else
        request = add_request(requests, key, room, type);
    start_waiting(requests, request, waiter);
    send_next(requests, type);
}

bool authorization_requests_can_ask(const struct room_type *type, struct span room)
{
    return path_template_can_hold(id_of(type, room));
}

void authorization_requests_ask(struct authorization_requests *requests,
                                struct authorization_waiter *waiter, const struct room_type *type,
                                struct span room)
{
    const struct identity *who = waiter->client->identity;

    waiter->request = NULL;
    list_init(&waiter->node);
    if (who->token.len == 0) {
        waiter->on_verdict(waiter, ROOM_FORBIDDEN);
        return;
    }
    assert(authorization_requests_can_ask(type, room));
    struct span key = write_key(requests, who->user, room);
    enum cached_answer memory =
        authorization_cache_find(requests->cache, key, deadlines_now(requests->clock));
    if (memory != CACHED_NOTHING) {
        metric_add(&requests->metrics->answer_cache_hits, 1);
        waiter->on_verdict(waiter, memory == CACHED_YES ? ROOM_GRANTED : ROOM_FORBIDDEN);
    } else if (is_full(requests, who->user)) {
        metric_add(&requests->metrics->joins_overflowed, 1);
        waiter->on_verdict(waiter, ROOM_UNAVAILABLE);
    } else {
        wait_for_answer(requests, waiter, type, room);
    }
}

void authorization_requests_cancel(struct authorization_requests *requests,
                                   struct authorization_waiter *waiter)
{
    struct authorization_request *request = waiter->request;

    list_unlink(&waiter->node);
    if (!request)
        return;
    authorization__stop_waiting(requests, waiter);
    if (list_empty(&request->waiters) && !request->call)
        remove_request(request);
}

void authorization_requests_forget(struct authorization_requests *requests, struct span user,
                                   struct span room)
{
    struct span key = write_key(requests, user, room);
    struct authorization_request *request = find_request(requests, key);

    authorization_cache_drop(requests->cache, key);
    if (request)
        request->outdated = true;
}
