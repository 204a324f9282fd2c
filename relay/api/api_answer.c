#include "relay/api/api_answer.h"

#include "common/json_string.h"

#define JSON_TYPE "application/json; charset=utf-8"

#define SOON                                                                                       \
    {                                                                                              \
        "Retry-After", "1"                                                                         \
    }
#define NOT_PUBLISHED "the event was not published, send it again"
#define IN_DOUBT      "it may or may not have been taken; send it again with the same Idempotency-Key"

static const struct error_text {
    unsigned status;
    const char *code, *message;
    struct side_header extra;
} errors[] = {
    [API_UNAUTHORIZED] = {401,
                          "unauthorized",
                          "send a key of API_KEY_FILE as \"Authorization: Bearer KEY\"",
                          {"WWW-Authenticate", "Bearer"}},
    [API_RATE_LIMITED] = {429, "rate_limited",
                          "the key has more requests than API_RATE_LIMIT; wait, or raise it", SOON},
    [API_NOT_FOUND] = {404,
                       "not_found",
                       "there is nothing at this path; docs/http-api.md has the "
                       "paths",
                       {0}},
    [API_METHOD_NOT_ALLOWED] = {405, "method_not_allowed", "this path takes another method", {0}},
    [API_BAD_LENGTH] = {400,
                        "bad_length",
                        "the length of the body is unclear; send one "
                        "Content-Length, with a number",
                        {0}},
    [API_LENGTH_REQUIRED] = {411,
                             "length_required",
                             "send the body with a Content-Length, not in chunks",
                             {0}},
    [API_TOO_LARGE] = {413, "too_large", "the body has more bytes than MAX_EVENT_BYTES", {0}},
    [API_WRONG_TYPE] = {415,
                        "unsupported_media_type",
                        "send JSON, with \"Content-Type: application/json\"",
                        {0}},
    [API_BAD_PATH] = {400,
                      "bad_path",
                      "a part of the path is badly percent-encoded, has over 255 "
                      "bytes, or control characters",
                      {0}},
    [API_UNKNOWN_ROUTE] = {404,
                           "unknown_routing_key",
                           "no route has this routing key; EVENT_ROUTES_FILE adds routes",
                           {0}},
    [API_BAD_EVENT] = {422, "invalid_event", "the event can never reach a client", {0}},
    [API_BAD_IDEMPOTENCY_KEY] = {422,
                                 "invalid_idempotency_key",
                                 "Idempotency-Key has 1 to 200 visible ASCII characters",
                                 {0}},
    [API_NAME_BUSY] = {409, "in_progress",
                       "the event of this Idempotency-Key was sent, and what "
                       "became of it is not known yet; ask again",
                       SOON},
    [API_NAME_USED] = {422,
                       "idempotency_key_used",
                       "another event has this Idempotency-Key; give "
                       "each event its own",
                       {0}},
    [API_NAMES_UNAVAILABLE] = {503, "idempotency_unavailable",
                               "Redis, which an Idempotency-Key "
                               "needs, does not answer; " NOT_PUBLISHED,
                               SOON},
    [API_UNROUTABLE] = {503, "unroutable",
                        "RabbitMQ has no queue for this routing key at the first "
                        "of RABBITMQ_EXCHANGES, is a relay active? " NOT_PUBLISHED,
                        SOON},
    [API_BROKER_UNAVAILABLE] = {503, "broker_unavailable",
                                "RabbitMQ cannot be reached; " NOT_PUBLISHED, SOON},
    [API_BROKER_BLOCKED] = {503, "broker_blocked",
                            "RabbitMQ is short of memory or disk and takes no "
                            "events; " NOT_PUBLISHED,
                            SOON},
    [API_BROKER_REFUSED] = {503, "broker_refused",
                            "RabbitMQ has refused the event, and it may be in "
                            "some of its queues all the same",
                            SOON},
    [API_UNCONFIRMED] = {504, "unconfirmed", "RabbitMQ has not confirmed the event; " IN_DOUBT,
                         SOON},
    [API_STOPPING] = {503, "stopping", "the relay is stopping; " NOT_PUBLISHED " to another", SOON},
    [API_BAD_BODY] = {422, "invalid_body", "the body is not what this path takes", {0}},
    [API_BAD_ROOM] = {422,
                      "invalid_room",
                      "a user cannot leave the user's own room; disconnect the "
                      "user instead",
                      {0}},
    [API_NO_PRESENCE] = {404,
                         "presence_off",
                         "GATEWAY_FILE does not ask for presence of this kind (\"presence\": true "
                         "in \"users\", or in the type of rooms)",
                         {0}},
    [API_COMMAND_NOT_BEGUN] = {503, "command_not_begun", "nothing was done, send it again", SOON},
    [API_COMMAND_FAILED] = {503, "command_failed",
                            "the command may have been carried out in part; "
                            "send it again",
                            SOON},
    [API_COMMAND_STOPPED] = {503, "stopping",
                             "the relay is stopping; nothing was done, send it to "
                             "another",
                             SOON},
};

void api_answer_json(struct side_request *request, unsigned status, struct span json)
{
    side_request_answer(request,
                        &(struct side_answer){.status = status, .type = JSON_TYPE, .body = json});
}

void api_answer_error(struct side_request *request, enum api_error error, const char *detail)
{
    const struct error_text *text = &errors[error];
    struct buffer message = {0}, body = {0};

    buffer_append(&message, span_of(text->message));
    if (detail)
        buffer_printf(&message, ": %s", detail);
    buffer_printf(&body, "{\"error\":{\"code\":\"%s\",\"message\":", text->code);
    json_string_append(&body, buffer_span(&message));
    buffer_append(&body, SPAN_LIT("}}\n"));
    side_request_answer(request, &(struct side_answer){
                                     .status = text->status,
                                     .type = JSON_TYPE,
                                     .body = buffer_span(&body),
                                     .extra = text->extra,
                                 });
    buffer_fini(&message);
    buffer_fini(&body);
}
