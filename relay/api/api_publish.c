#include "relay/api/api_publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/gateway_file/routes.h"
#include "common/json_string.h"
#include "common/mem.h"
#include "common/public_id.h"
#include "common/random.h"
#include "proto/event_name.h"
#include "relay/api/api_answer.h"
#include "relay/api/api_parts.h"
#include "relay/api/api_paths.h"

#define IDEMPOTENCY_KEY_MAX 200
#define TRACEPARENT_LEN     55
#define NOT_ALLOWED         "\"publish\": true in GATEWAY_FILE allows events that name their rooms"
#define LEASE_MARGIN_MS     30000   // that a name stays taken after the wait for the confirm
#define LATE_LEASE_MS       3600000 // that it stays taken if the confirm has not come by then

struct name_record {
    char content[PUBLIC_ID_LEN + 1 + API_NAME_MAX + 1];
    char owner[RANDOM_ID_LEN + 1];
};

// With an Idempotency-Key the event has a name. That is taken in Redis before the event is
// published, and settled before the request is answered.
struct publish_call {
    struct publication publication;
    struct api_task task; // takes or settles the name
    struct api *api;
    struct side_request *request; // NULL: answered
    bool has_name;
    char routing_key[API_NAME_MAX + 1];
    char message_id[IDEMPOTENCY_KEY_MAX + 1]; // and the name
    struct name_record record;                // of an event that has a name
    enum publish_outcome outcome;             // the last one
    char reason[RABBIT_REASON_MAX];           // of it, or ""
};

static const enum api_error errors[] = {
    [PUBLISH_UNROUTABLE] = API_UNROUTABLE,  [PUBLISH_UNAVAILABLE] = API_BROKER_UNAVAILABLE,
    [PUBLISH_BLOCKED] = API_BROKER_BLOCKED, [PUBLISH_STOPPING] = API_STOPPING,
    [PUBLISH_REFUSED] = API_BROKER_REFUSED, [PUBLISH_CLOSED] = API_BROKER_REFUSED,
    [PUBLISH_LOST] = API_UNCONFIRMED,       [PUBLISH_UNCONFIRMED] = API_UNCONFIRMED,
    [PUBLISH_SILENT] = API_UNCONFIRMED,
};

static void answer_done(const struct publish_call *call)
{
    struct buffer json = {0};

    buffer_append(&json, SPAN_LIT("{\"messageId\":"));
    json_string_append(&json, span_of(call->message_id));
    buffer_append(&json, SPAN_LIT(",\"routingKey\":"));
    json_string_append(&json, span_of(call->routing_key));
    buffer_append(&json, SPAN_LIT("}\n"));
    api_answer_json(call->request, 202, buffer_span(&json));
    buffer_fini(&json);
}

// Answers, unless that was done, and frees if this is the last outcome.
static void conclude(struct publish_call *call, bool final)
{
    if (call->request && call->outcome == PUBLISH_DONE)
        answer_done(call);
    else if (call->request)
        api_answer_error(call->request, errors[call->outcome],
                         call->reason[0] != '\0' ? call->reason : NULL);
    call->request = NULL;
    if (final)
        free(call);
}

// ---- the name of an event

static struct event_name name_of(const char *name, const struct name_record *record)
{
    return (struct event_name){.name = span_of(name),
                               .content = span_of(record->content),
                               .owner = span_of(record->owner)};
}

static bool settle(struct api_task *task, struct control_channel *channel)
{
    struct publish_call *call = container_of(task, struct publish_call, task);
    int64_t kept_s = call->api->options.settings->idempotency_s;
    const struct event_name name = name_of(call->message_id, &call->record);

    if (!event_name_settle(channel, &name, call->outcome == PUBLISH_DONE ? (uint64_t)kept_s : 0))
        return false;
    conclude(call, true);
    return true;
}

// What became of the event is known all the same. Its name is free when the lease is over.
static void on_unsettled(struct api_task *task, enum api_failure failure, const char *reason)
{
    (void)failure;
    (void)reason;
    conclude(container_of(task, struct publish_call, task), true);
}

// The last outcome may come at any time, so this has a copy of the name.
struct keep_call {
    struct api_task task;
    char name[IDEMPOTENCY_KEY_MAX + 1];
    struct name_record record;
};

static bool keep(struct api_task *task, struct control_channel *channel)
{
    struct keep_call *call = container_of(task, struct keep_call, task);
    const struct event_name name = name_of(call->name, &call->record);

    if (!event_name_keep(channel, &name, LATE_LEASE_MS))
        return false;
    free(call);
    return true;
}

static void on_not_kept(struct api_task *task, enum api_failure failure, const char *reason)
{
    (void)failure;
    (void)reason;
    free(container_of(task, struct keep_call, task));
}

static void keep_name(const struct publish_call *call)
{
    struct keep_call *copy = mem_zalloc(sizeof(*copy));

    copy->task = (struct api_task){.run = keep, .on_failure = on_not_kept};
    memcpy(copy->name, call->message_id, sizeof(copy->name));
    copy->record = call->record;
    api_commands_submit(call->api->names, &copy->task);
}

static void on_outcome(struct publication *publication, enum publish_outcome outcome,
                       const char *reason, bool final)
{
    struct publish_call *call = container_of(publication, struct publish_call, publication);

    call->outcome = outcome;
    snprintf(call->reason, sizeof(call->reason), "%s", reason ? reason : "");
    if (!final && call->has_name)
        keep_name(call);
    if (!final || !call->has_name) {
        conclude(call, final);
        return;
    }
    call->task = (struct api_task){.run = settle, .on_failure = on_unsettled};
    api_commands_submit(call->api->names, &call->task);
}

static bool take_name(struct api_task *task, struct control_channel *channel)
{
    struct publish_call *call = container_of(task, struct publish_call, task);
    int64_t lease_ms = call->api->options.settings->publish_timeout_ms + LEASE_MARGIN_MS;
    const struct event_name name = name_of(call->message_id, &call->record);
    enum event_name_state state;

    if (!event_name_take(channel, &name, (uint64_t)lease_ms, &state))
        return false;
    if (state == EVENT_NAME_NEW) {
        publisher_submit(call->api->publisher, &call->publication);
        return true;
    }
    if (state == EVENT_NAME_DONE)
        answer_done(call);
    else
        api_answer_error(call->request, state == EVENT_NAME_BUSY ? API_NAME_BUSY : API_NAME_USED,
                         NULL);
    free(call);
    return true;
}

static void on_name_not_taken(struct api_task *task, enum api_failure failure, const char *reason)
{
    struct publish_call *call = container_of(task, struct publish_call, task);

    api_answer_error(call->request,
                     failure == API_TASK_STOPPING ? API_STOPPING : API_NAMES_UNAVAILABLE, reason);
    free(call);
}

static void publish_once(struct publish_call *call)
{
    struct public_id body = public_id_of(call->publication.event.body);

    snprintf(call->record.content, sizeof(call->record.content), "%s %s", body.text,
             call->routing_key);
    random_id(call->record.owner);
    call->task = (struct api_task){.run = take_name, .on_failure = on_name_not_taken};
    api_commands_submit(call->api->names, &call->task);
}

// ---- requests

// Without an Idempotency-Key the event gets an id of its own: if RabbitMQ delivers it twice, the
// relay knows it again.
static bool choose_id(const struct side_request *request, struct publish_call *call)
{
    struct span key = span_of(side_request_header(request, "Idempotency-Key"));

    if (!key.ptr) {
        random_id(call->message_id);
        return true;
    }
    if (key.len == 0 || key.len > IDEMPOTENCY_KEY_MAX || !span_is_visible(key))
        return false;
    snprintf(call->message_id, sizeof(call->message_id), SPAN_FMT, SPAN_ARG(key));
    call->has_name = true;
    return true;
}

// Answers if the event cannot be published.
static bool is_good(struct api *api, struct side_request *request, const struct publish_call *call)
{
    const char *why = NULL;

    switch (api->options.check(api->options.arg, span_of(call->routing_key),
                               side_request_body(request), &why)) {
    case API_EVENT_NO_ROUTE:
        api_answer_error(request, API_UNKNOWN_ROUTE,
                         strcmp(call->routing_key, ROUTE_DIRECT_KEY) == 0 ? NOT_ALLOWED : NULL);
        return false;
    case API_EVENT_BAD:
        api_answer_error(request, API_BAD_EVENT, why);
        return false;
    case API_EVENT_GOOD:
        break;
    }
    return true;
}

void api_publish(struct api *api, struct side_request *request, struct span name)
{
    struct publish_call *call = mem_zalloc(sizeof(*call));
    struct span trace = span_of(side_request_header(request, "traceparent"));

    call->api = api;
    call->request = request;
    call->publication = (struct publication){
        .exchange = api->exchange,
        .event =
            {
                .message_id = call->message_id,
                .routing_key = call->routing_key,
                .traceparent = trace.len == TRACEPARENT_LEN ? trace : (struct span){0},
                .body = side_request_body(request),
            },
        .on_outcome = on_outcome,
    };
    if (name.len == 0)
        snprintf(call->routing_key, sizeof(call->routing_key), "%s", ROUTE_DIRECT_KEY);
    if (name.len > 0 && !api_path_decode(name, call->routing_key))
        api_answer_error(request, API_BAD_PATH, NULL);
    else if (!choose_id(request, call))
        api_answer_error(request, API_BAD_IDEMPOTENCY_KEY, NULL);
    else if (is_good(api, request, call)) {
        if (call->has_name)
            publish_once(call);
        else
            publisher_submit(api->publisher, &call->publication);
        return;
    }
    free(call);
}
