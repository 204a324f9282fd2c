#include "relay/api/api_metrics.h"

#include <stddef.h>

#define FIELD(name) offsetof(struct api_metrics, name)

// Index in `answers` and the status.
#define EACH_STATUS(row, endpoint, word)                                                           \
    row(endpoint, word, 0, "200"), row(endpoint, word, 1, "202"), row(endpoint, word, 2, "400"),   \
        row(endpoint, word, 3, "401"), row(endpoint, word, 4, "404"),                              \
        row(endpoint, word, 5, "405"), row(endpoint, word, 6, "409"),                              \
        row(endpoint, word, 7, "411"), row(endpoint, word, 8, "413"),                              \
        row(endpoint, word, 9, "415"), row(endpoint, word, 10, "422"),                             \
        row(endpoint, word, 11, "429"), row(endpoint, word, 12, "503"),                            \
        row(endpoint, word, 13, "504")
#define ROW(endpoint, word, index, status)                                                         \
    {                                                                                              \
        "ws_relay_api_requests_total", "endpoint=\"" word "\",status=\"" status "\"",              \
            METRIC_COUNTER, FIELD(answers[endpoint][index]),                                       \
            "Requests to the HTTP API, by endpoint and status"                                     \
    }
#define RELOADS_HELP "Times that the keys of the HTTP API were read again"

static const unsigned statuses[API_STATUSES] = {200, 202, 400, 401, 404, 405, 409,
                                                411, 413, 415, 422, 429, 503, 504};

// clang-format off
static const struct metric_info table[] = {
    EACH_STATUS(ROW, API_OTHER, "other"),
    EACH_STATUS(ROW, API_PUBLISH, "publish"),
    EACH_STATUS(ROW, API_DISCONNECT, "disconnect"),
    EACH_STATUS(ROW, API_REVOKE, "revoke"),
    EACH_STATUS(ROW, API_LEAVE, "leave"),
    EACH_STATUS(ROW, API_EDGES, "edges"),
    EACH_STATUS(ROW, API_USER_PRESENCE, "user_presence"),
    EACH_STATUS(ROW, API_USERS_PRESENCE, "users_presence"),
    EACH_STATUS(ROW, API_ROOM_PRESENCE, "room_presence"),
    EACH_STATUS(ROW, API_ROOMS_PRESENCE, "rooms_presence"),
    {"ws_relay_api_connections_evicted_total", NULL, METRIC_COUNTER, FIELD(port.evicted),
     "Connections to the HTTP API that were closed for newer ones"},
    {"ws_relay_api_connections_refused_total", NULL, METRIC_COUNTER, FIELD(port.refused),
     "Connections to the HTTP API that were closed because requests were at work on all others"},
    {"ws_relay_api_key_reloads_total", "result=\"done\"", METRIC_COUNTER, FIELD(key_reloads),
     RELOADS_HELP},
    {"ws_relay_api_key_reloads_total", "result=\"refused\"", METRIC_COUNTER,
     FIELD(key_reloads_refused), RELOADS_HELP},
    {"ws_relay_api_rabbitmq_outages_total", NULL, METRIC_COUNTER, FIELD(outages),
     "Times that the HTTP API lost its connection to RabbitMQ, or got none"},
};
// clang-format on

void api_metrics_count(struct api_metrics *metrics, unsigned endpoint, unsigned status)
{
    for (size_t i = 0; i < API_STATUSES; i++)
        if (statuses[i] == status)
            metric_add(&metrics->answers[endpoint][i], 1);
}

void api_metrics_print(const struct api_metrics *metrics, struct buffer *out)
{
    metrics_print(table, ARRAY_LEN(table), metrics, out);
}
