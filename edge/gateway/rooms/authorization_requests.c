#define LOG_MODULE "rooms"

#include "edge/gateway/rooms/authorization_requests.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/tally.h"
#include "edge/gateway/rooms/authorization_cache.h"
#include "edge/http/path_template.h"

#define COMPLAINT_MS 60000 // between two complaints about one service

struct lane {
    struct list queue; // of struct room_question, by node: not asked yet
    unsigned under_way;
    bool failing;
    uint64_t complain_at_ms; // not before
};

struct room_inquiry {
    struct room_inquiry_options options;
    struct deadlines *clock;
    struct gateway_metrics *metrics;
    struct room_answers *answers;
    struct tally *users;        // their waiters
    struct room_question *open; // by key
    struct lane lanes[ROOM_SERVICES];
    struct deadline_queue patience;
    size_t waiting;
    struct buffer key, path;
};

struct room_question {
    UT_hash_handle hh;
    struct room_inquiry *inquiry;
    struct list node; // in its lane's queue
    struct list waiters;
    struct deadline deadline;
    struct authority_call *call; // NULL: waits for its turn
    enum room_service service;
    uint64_t since_ms;
    struct span room;
    size_t key_len;
    char key[];
};

static const struct {
    struct span prefix; // of the rooms that it knows
    const char *name, *variable;
} services[ROOM_SERVICES] = {
    [ROOM_SERVICE_MESSAGES] = {SPAN_INIT("conversation:"), "messages", "MESSAGE_SERVICE_URL"},
    [ROOM_SERVICE_NOTIFICATIONS] = {SPAN_INIT("notification:"), "notifications",
                                    "NOTIFICATION_SERVICE_URL"},
};

// False when no service knows such rooms.
static bool find_service(struct span room, enum room_service *service)
{
    for (*service = 0; *service < ROOM_SERVICES; ++*service)
        if (span_starts_with(room, services[*service].prefix))
            return true;
    return false;
}

static struct span id_of(enum room_service service, struct span room)
{
    return span_skip(room, services[service].prefix.len);
}

// The line feed stands in no user's id and in no room's name.
static struct span write_key(struct room_inquiry *inquiry, struct span user, struct span room)
{
    buffer_clear(&inquiry->key);
    buffer_append(&inquiry->key, user);
    buffer_append_char(&inquiry->key, '\n');
    buffer_append(&inquiry->key, room);
    return buffer_span(&inquiry->key);
}

// ---- whether the services answer, for the log

static void complain(struct lane *lane, enum room_service service, const char *reason,
                     uint64_t now_ms)
{
    if (now_ms < lane->complain_at_ms)
        return;
    lane->failing = true;
    lane->complain_at_ms = now_ms + COMPLAINT_MS;
    log_warn("a service did not say who may join service=%s reason=\"%s\"; joins like this one are "
             "answered Authorization unavailable, check the service and %s",
             services[service].name, reason, services[service].variable);
}

static void note_health(struct room_inquiry *inquiry, enum room_service service,
                        enum room_answer answer, const char *reason)
{
    struct lane *lane = &inquiry->lanes[service];

    if (answer >= ROOM_ANSWER_ERROR) {
        complain(lane, service, reason, deadlines_now(inquiry->clock));
    } else if (lane->failing) {
        lane->failing = false;
        log_info("a service says again who may join service=%s", services[service].name);
    }
}

// ---- waiters

static void start_waiting(struct room_inquiry *inquiry, struct room_question *question,
                          struct room_waiter *waiter)
{
    waiter->question = question;
    waiter->counted = tally_add(inquiry->users, waiter->client->identity->user);
    list_append(&question->waiters, &waiter->node);
    metric_set(&inquiry->metrics->joins_waiting, ++inquiry->waiting);
}

static void stop_waiting(struct room_inquiry *inquiry, struct room_waiter *waiter)
{
    waiter->question = NULL;
    tally_drop(inquiry->users, waiter->counted);
    metric_set(&inquiry->metrics->joins_waiting, --inquiry->waiting);
}

static bool is_full(const struct room_inquiry *inquiry, struct span user)
{
    return inquiry->waiting >= inquiry->options.max_waiters ||
           tally_of(inquiry->users, user) >= ROOM_WAITERS_PER_USER;
}

// A verdict may bring others to ask or to withdraw, so all have stopped waiting before the first
// one hears it.
static void tell(struct room_inquiry *inquiry, struct list *waiters, enum room_verdict verdict)
{
    list_for_each (node, waiters)
        stop_waiting(inquiry, list_entry(node, struct room_waiter, node));
    while (!list_empty(waiters)) {
        struct room_waiter *waiter = list_entry(waiters->next, struct room_waiter, node);
        list_unlink(&waiter->node);
        waiter->on_verdict(waiter, verdict);
    }
}

// ---- questions

static struct room_question *find_question(const struct room_inquiry *inquiry, struct span key)
{
    struct room_question *question;

    HASH_FIND(hh, inquiry->open, key.ptr, key.len, question);
    return question;
}

static struct room_question *add_question(struct room_inquiry *inquiry, struct span key,
                                          struct span room, enum room_service service)
{
    struct room_question *question = mem_zalloc(sizeof(*question) + key.len);

    question->inquiry = inquiry;
    question->service = service;
    question->since_ms = deadlines_now(inquiry->clock);
    question->key_len = key.len;
    memcpy(question->key, key.ptr, key.len);
    question->room = (struct span){question->key + key.len - room.len, room.len};
    list_init(&question->waiters);
    list_append(&inquiry->lanes[service].queue, &question->node);
    deadline_init(&question->deadline);
    deadline_arm(&question->deadline, &inquiry->patience);
    HASH_ADD_KEYPTR(hh, inquiry->open, question->key, question->key_len, question);
    return question;
}

static void remove_question(struct room_question *question)
{
    HASH_DEL(question->inquiry->open, question);
    list_unlink(&question->node);
    deadline_cancel(&question->deadline);
    free(question);
}

static void on_answer(enum room_answer answer, const char *reason, void *arg);

static void count_under_way(struct room_inquiry *inquiry)
{
    uint64_t count = 0;

    for (size_t i = 0; i < ROOM_SERVICES; i++)
        count += inquiry->lanes[i].under_way;
    metric_set(&inquiry->metrics->asks_under_way, count);
}

static void ask_authority(struct room_inquiry *inquiry, struct room_question *question)
{
    const struct room_waiter *first = list_entry(question->waiters.next, struct room_waiter, node);
    enum room_service service = question->service;

    list_unlink(&question->node);
    inquiry->lanes[service].under_way++;
    question->call = room_authority_ask(
        inquiry->options.authority,
        &(struct authority_question){
            .service = service,
            .path = room_path_write(span_of(inquiry->options.paths[service]),
                                    id_of(service, question->room), &inquiry->path),
            .token = first->client->identity->token,
        },
        on_answer, question);
}

static void ask_next(struct room_inquiry *inquiry, enum room_service service)
{
    struct lane *lane = &inquiry->lanes[service];

    while (!list_empty(&lane->queue) && lane->under_way < inquiry->options.concurrency)
        ask_authority(inquiry, list_entry(lane->queue.next, struct room_question, node));
    count_under_way(inquiry);
}

// ---- answers

static enum room_verdict verdict_of(enum room_answer answer)
{
    switch (answer) {
    case ROOM_ANSWER_YES:
        return ROOM_GRANTED;
    case ROOM_ANSWER_NO:
    case ROOM_ANSWER_BAD_TOKEN:
        return ROOM_FORBIDDEN;
    default:
        return ROOM_UNAVAILABLE;
    }
}

static void remember(struct room_inquiry *inquiry, const struct room_question *question,
                     enum room_answer answer)
{
    if (answer == ROOM_ANSWER_YES || answer == ROOM_ANSWER_NO)
        room_answers_put(inquiry->answers, (struct span){question->key, question->key_len},
                         answer == ROOM_ANSWER_YES, deadlines_now(inquiry->clock));
    metric_set(&inquiry->metrics->answer_cache_entries, room_answers_count(inquiry->answers));
}

static void conclude(struct room_question *question, enum room_answer answer, const char *reason)
{
    struct room_inquiry *inquiry = question->inquiry;
    enum room_service service = question->service;
    struct list waiters;

    metric_add(&inquiry->metrics->asks[service][answer], 1);
    histogram_observe(&inquiry->metrics->ask_ms, deadlines_now(inquiry->clock) - question->since_ms,
                      1);
    note_health(inquiry, service, answer, reason);
    remember(inquiry, question, answer);
    list_move_all(&question->waiters, &waiters);
    remove_question(question);
    tell(inquiry, &waiters, verdict_of(answer));
    ask_next(inquiry, service);
}

static void on_answer(enum room_answer answer, const char *reason, void *arg)
{
    struct room_question *question = arg;

    question->inquiry->lanes[question->service].under_way--;
    conclude(question, answer, reason);
}

static void on_impatience(struct deadline *deadline, void *arg)
{
    struct room_question *question = container_of(deadline, struct room_question, deadline);
    struct room_inquiry *inquiry = arg;

    if (question->call) {
        room_authority_cancel(inquiry->options.authority, question->call);
        inquiry->lanes[question->service].under_way--;
    }
    conclude(question, ROOM_ANSWER_TIMEOUT, "no answer in time");
}

// ----

struct room_inquiry *room_inquiry_new(const struct room_inquiry_options *options,
                                      struct deadlines *clock, struct gateway_metrics *metrics)
{
    struct room_inquiry *inquiry = mem_zalloc(sizeof(*inquiry));

    inquiry->options = *options;
    inquiry->clock = clock;
    inquiry->metrics = metrics;
    inquiry->answers = room_answers_new(options->cache_size, options->cache_ms);
    inquiry->users = tally_new();
    for (size_t i = 0; i < ROOM_SERVICES; i++)
        list_init(&inquiry->lanes[i].queue);
    deadline_queue_init(&inquiry->patience, clock, options->timeout_ms, on_impatience, inquiry);
    return inquiry;
}

void room_inquiry_free(struct room_inquiry *inquiry)
{
    if (!inquiry)
        return;
    while (inquiry->open) {
        assert(list_empty(&inquiry->open->waiters) && inquiry->open->call);
        room_authority_cancel(inquiry->options.authority, inquiry->open->call);
        remove_question(inquiry->open);
    }
    deadline_queue_fini(&inquiry->patience);
    tally_free(inquiry->users);
    room_answers_free(inquiry->answers);
    buffer_fini(&inquiry->key);
    buffer_fini(&inquiry->path);
    free(inquiry);
}

static void wait_for_answer(struct room_inquiry *inquiry, struct room_waiter *waiter,
                            struct span room, enum room_service service)
{
    struct span key = buffer_span(&inquiry->key);
    struct room_question *question = find_question(inquiry, key);

    if (question)
        metric_add(&inquiry->metrics->joins_merged, 1);
    else
        question = add_question(inquiry, key, room, service);
    start_waiting(inquiry, question, waiter);
    ask_next(inquiry, service);
}

bool room_inquiry_takes(struct span room)
{
    enum room_service service;

    return !find_service(room, &service) || room_path_takes(id_of(service, room));
}

void room_inquiry_ask(struct room_inquiry *inquiry, struct room_waiter *waiter, struct span room)
{
    const struct identity *who = waiter->client->identity;
    enum room_service service;

    waiter->question = NULL;
    list_init(&waiter->node);
    if (who->token.len == 0 || !find_service(room, &service)) {
        waiter->on_verdict(waiter, ROOM_FORBIDDEN);
        return;
    }
    assert(room_path_takes(id_of(service, room)));
    struct span key = write_key(inquiry, who->user, room);
    enum room_memory memory =
        room_answers_find(inquiry->answers, key, deadlines_now(inquiry->clock));
    if (memory != ROOM_NOT_KNOWN) {
        metric_add(&inquiry->metrics->answer_cache_hits, 1);
        waiter->on_verdict(waiter, memory == ROOM_KNOWN_YES ? ROOM_GRANTED : ROOM_FORBIDDEN);
    } else if (is_full(inquiry, who->user)) {
        metric_add(&inquiry->metrics->joins_overflowed, 1);
        waiter->on_verdict(waiter, ROOM_UNAVAILABLE);
    } else {
        wait_for_answer(inquiry, waiter, room, service);
    }
}

void room_inquiry_withdraw(struct room_inquiry *inquiry, struct room_waiter *waiter)
{
    struct room_question *question = waiter->question;

    list_unlink(&waiter->node);
    if (!question)
        return;
    stop_waiting(inquiry, waiter);
    if (list_empty(&question->waiters) && !question->call)
        remove_question(question);
}
