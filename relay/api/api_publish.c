#include "relay/api/api_publish.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/json_string.h"
#include "common/mem.h"
#include "common/random.h"
#include "relay/api/api_answer.h"
#include "relay/api/api_parts.h"
#include "relay/api/api_paths.h"

#define IDEMPOTENCY_KEY_MAX 200
#define TRACEPARENT_LEN     55

struct publish_call {
    struct publication publication;
    struct api *api;
    struct side_request *request; // NULL: answered
    char routing_key[API_NAME_MAX + 1];
    char message_id[IDEMPOTENCY_KEY_MAX + 1];
};

static const enum api_error errors[] = {
    [PUBLISH_UNROUTABLE] = API_UNROUTABLE,  [PUBLISH_UNAVAILABLE] = API_BROKER_UNAVAILABLE,
    [PUBLISH_BLOCKED] = API_BROKER_BLOCKED, [PUBLISH_STOPPING] = API_STOPPING,
    [PUBLISH_REFUSED] = API_BROKER_REFUSED, [PUBLISH_UNCONFIRMED] = API_UNCONFIRMED,
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

static void on_outcome(struct publication *publication, enum publish_outcome outcome,
                       const char *reason, bool final)
{
    struct publish_call *call = container_of(publication, struct publish_call, publication);

    if (call->request && outcome == PUBLISH_DONE)
        answer_done(call);
    else if (call->request)
        api_answer_error(call->request, errors[outcome], reason);
    call->request = NULL;
    if (final)
        free(call);
}

// Without an Idempotency-Key the event gets an id of its own: if RabbitMQ delivers it twice, the
// relay knows it again.
static bool choose_id(const struct side_request *request, char out[IDEMPOTENCY_KEY_MAX + 1])
{
    struct span key = span_of(side_request_header(request, "Idempotency-Key"));

    if (!key.ptr) {
        random_id(out);
        return true;
    }
    if (key.len == 0 || key.len > IDEMPOTENCY_KEY_MAX || !span_is_visible(key))
        return false;
    snprintf(out, IDEMPOTENCY_KEY_MAX + 1, SPAN_FMT, SPAN_ARG(key));
    return true;
}

// Answers if the event cannot be published.
static bool is_good(struct api *api, struct side_request *request, const struct publish_call *call)
{
    const char *why = NULL;

    switch (api->options.check(api->options.arg, span_of(call->routing_key),
                               side_request_body(request), &why)) {
    case API_EVENT_NO_ROUTE:
        api_answer_error(request, API_UNKNOWN_ROUTE, NULL);
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
        .message_id = call->message_id,
        .routing_key = call->routing_key,
        .traceparent = trace.len == TRACEPARENT_LEN ? trace : (struct span){0},
        .body = side_request_body(request),
        .on_outcome = on_outcome,
    };
    if (!api_path_decode(name, call->routing_key))
        api_answer_error(request, API_BAD_PATH, NULL);
    else if (!choose_id(request, call->message_id))
        api_answer_error(request, API_BAD_IDEMPOTENCY_KEY, NULL);
    else if (is_good(api, request, call)) {
        api_publisher_submit(api->publisher, &call->publication);
        return;
    }
    free(call);
}
