#include "edge/gateway/web/http_routes.h"

#include <inttypes.h>

#include "common/clock.h"
#include "common/json_string.h"
#include "edge/engineio/server.h"
#include "edge/gateway/web/console.h"
#include "edge/socketio/namespace.h"

#define SERVICE_NAME "websocket-gateway"
#define ROOMS_LISTED 1000
#define TYPE_JSON    "application/json; charset=utf-8"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

static void reply(struct http_exchange *exchange, unsigned status, const char *type,
                  struct span body)
{
    http_exchange_reply(exchange,
                        &(struct http_reply){.status = status, .content_type = type, .body = body});
}

static void reply_not_found(struct http_exchange *exchange)
{
    reply(exchange, 404, TYPE_JSON, SPAN_LIT("{\"error\":\"Not Found\"}"));
}

static const char *yes_or_no(bool yes)
{
    return yes ? "true" : "false";
}

static void handle_health(struct http_routes *routes, struct http_exchange *exchange)
{
    bool redis = metric_get(&routes->metrics->following) != 0;
    bool bus = relay_status_bus_connected(routes->relay, clock_monotonic_ms());
    struct buffer *body = &routes->body;

    buffer_printf(body,
                  "{\"status\":\"%s\",\"service\":\"" SERVICE_NAME "\",\"version\":\"%s\","
                  "\"redis\":\"%s\",\"eventBus\":{\"isConnected\":%s,\"reconnectAttempts\":%" PRIu64
                  ",\"host\":",
                  redis && bus ? "healthy" : "degraded", GATEWAY_VERSION,
                  redis ? "connected" : "disconnected", yes_or_no(bus),
                  routes->relay->reconnect_attempts);
    json_string_append(body, buffer_span(&routes->relay->bus_host));
    buffer_printf(body, ",\"port\":%" PRIu32 "}}", routes->relay->bus_port);
    reply(exchange, 200, TYPE_JSON, buffer_span(body));
}

// True if the Accept header names a text format for metrics before JSON. Weights (q=) are ignored:
// scrapers name text formats only, browsers name neither.
static bool wants_text(struct span accept)
{
    struct span range, type;

    while (span_take_until(&accept, ',', &range)) {
        if (!span_take_until(&range, ';', &type))
            continue;
        type = span_trim(type);
        if (span_eq_nocase(type, SPAN_LIT("application/json")))
            return false;
        if (span_eq_nocase(type, SPAN_LIT("text/plain")) ||
            span_eq_nocase(type, SPAN_LIT("application/openmetrics-text")))
            return true;
    }
    return false;
}

static void list_room(struct span room, void *arg)
{
    struct buffer *body = arg;

    if (body->ptr[body->len - 1] != '[')
        buffer_append_char(body, ',');
    json_string_append(body, room);
}

static void write_json(const struct http_routes *routes, struct buffer *body)
{
    const struct rooms *rooms = sio_namespace_rooms(routes->nsp);

    buffer_printf(body, "{\"connectedSockets\":%zu,\"rooms\":[",
                  sio_namespace_socket_count(routes->nsp));
    if (routes->metrics_rooms)
        rooms_each(rooms, ROOMS_LISTED, list_room, body);
    buffer_printf(body, "],\"totalRooms\":%zu}", rooms_count(rooms));
}

static void write_text(const struct http_routes *routes, struct buffer *body)
{
    routes->print_metrics(body, routes->print_arg);
}

// The client port is open to strangers, so the page is written at most a few times a second; other
// requests get the last one.
static void reply_page(const struct http_routes *routes, struct http_exchange *exchange,
                       struct kept_page *page, const char *type,
                       void (*write)(const struct http_routes *routes, struct buffer *body))
{
    static const struct token_rate writes = {.per_second = 4, .burst = 8};

    if (token_bucket_take(&page->writes, &writes, 1, clock_monotonic_ms()) || !page->body) {
        struct buffer text = {0};
        write(routes, &text);
        shared_body_unref(page->body);
        page->body = shared_body_new(&text);
    }
    http_exchange_reply(exchange, &(struct http_reply){.status = 200,
                                                       .content_type = type,
                                                       .body = shared_body_plain(page->body),
                                                       .shared = page->body});
}

static void handle_metrics(struct http_routes *routes, struct http_exchange *exchange)
{
    if (wants_text(http_request_header(exchange->request, "Accept")))
        reply_page(routes, exchange, &routes->metrics_text, TYPE_METRICS, write_text);
    else
        reply_page(routes, exchange, &routes->metrics_json, TYPE_JSON, write_json);
}

// If-None-Match compares weakly (RFC 9110, section 13.1.2), so W/"4.8.3" matches "4.8.3" too.
static bool has_seen(const struct http_request *request, const char *etag)
{
    struct span seen = http_request_header(request, "If-None-Match"), one;

    while (span_take_until(&seen, ',', &one)) {
        one = span_trim(one);
        if (span_starts_with(one, SPAN_LIT("W/")))
            one = span_skip(one, 2);
        if (span_is(one, etag) || span_is(one, "*"))
            return true;
    }
    return false;
}

static void handle_bundle(struct http_routes *routes, struct http_exchange *exchange,
                          const struct bundle_file *file)
{
    const char *etag = client_bundle_etag(routes->bundle);
    const char *const headers[] = {"Cache-Control", "public, max-age=0", "ETag", etag, NULL};
    struct http_reply answer = {.status = 304, .headers = headers};

    if (!has_seen(exchange->request, etag)) {
        answer.status = 200;
        answer.content_type = file->content_type;
        answer.body = shared_body_plain(file->content);
        answer.shared = file->content;
    }
    http_exchange_reply(exchange, &answer);
}

static bool is_reading(const struct http_request *request)
{
    return request->method == HTTP_GET || request->method == HTTP_HEAD;
}

// Engine.IO and the client bundle share a path. A GET or HEAD for a name that only a file of the
// bundle can have gets 404 and not an error of Engine.IO.
static void handle_engine_path(struct http_routes *routes, struct http_exchange *exchange)
{
    const struct http_request *request = exchange->request;
    struct span name = span_skip(request->path, sizeof(ENGINE_PATH) - 1);
    const struct bundle_file *file = client_bundle_find(routes->bundle, name);

    if (file && is_reading(request))
        handle_bundle(routes, exchange, file);
    else if (span_starts_with(name, SPAN_LIT("socket.io.")) && is_reading(request))
        reply_not_found(exchange);
    else
        eio_server_on_http(routes->engine, exchange);
}

void http_routes_fini(struct http_routes *routes)
{
    buffer_fini(&routes->body);
    shared_body_unref(routes->metrics_json.body);
    shared_body_unref(routes->metrics_text.body);
}

size_t http_routes_body_max(const struct http_routes *routes, const struct http_request *request)
{
    if (!span_starts_with(request->path, SPAN_LIT(ENGINE_PATH)))
        return 0;
    return eio_server_body_max(routes->engine, request);
}

void http_routes_handle(struct http_routes *routes, struct http_exchange *exchange)
{
    const struct http_request *request = exchange->request;

    buffer_clear(&routes->body);
    if (span_starts_with(request->path, SPAN_LIT(ENGINE_PATH)))
        handle_engine_path(routes, exchange);
    else if (is_reading(request) && span_is(request->path, "/health"))
        handle_health(routes, exchange);
    else if (is_reading(request) && span_is(request->path, "/metrics") && routes->metrics_enabled)
        handle_metrics(routes, exchange);
    else if (!is_reading(request) || !routes->console_enabled ||
             !console_handle(exchange, routes->file, &routes->body))
        reply_not_found(exchange);
}
