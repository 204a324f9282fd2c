#include "relay/api/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/listen_socket.h"
#include "common/mem.h"
#include "relay/api/api_answer.h"
#include "relay/api/api_command.h"
#include "relay/api/api_origins.h"
#include "relay/api/api_parts.h"
#include "relay/api/api_paths.h"
#include "relay/api/api_presence.h"
#include "relay/api/api_publish.h"

#define LOG_MODULE "api"
#include "common/log.h"

#define BACKLOG         128
#define NAME_THREADS    2
#define NAME_WAIT_MS    2000
#define COMMAND_THREADS 4
#define COMMAND_WAIT_MS 5000

// ---- the head of a request

static struct span bearer_of(const struct side_request *request)
{
    struct span value = span_of(side_request_header(request, "Authorization"));

    if (value.len < 7 || strncasecmp(value.ptr, "Bearer ", 7) != 0)
        return (struct span){0};
    return span_trim(span_skip(value, 7));
}

// Answers if the client has no key, or has used up the rate of its key.
static bool is_let_in(struct api *api, struct side_request *request)
{
    struct span secret = bearer_of(request);
    struct api_key *key = secret.len > 0 && secret.len <= API_KEY_MAX
                              ? api_keys_find(api_key_file_keys(api->keys), secret)
                              : NULL;

    if (!key) {
        api_answer_error(request, API_UNAUTHORIZED, NULL);
        return false;
    }
    side_request_trust(request);
    if (api_key_take(key, &api->rate, clock_monotonic_ms()))
        return true;
    log_debug("a key is over its rate key=%s", api_key_name(key));
    api_answer_error(request, API_RATE_LIMITED, NULL);
    return false;
}

static bool is_json(const char *type)
{
    static const char json[] = "application/json";

    return type && strncasecmp(type, json, sizeof(json) - 1) == 0 &&
           (type[sizeof(json) - 1] == '\0' || type[sizeof(json) - 1] == ';' ||
            type[sizeof(json) - 1] == ' ');
}

// Returns false, with the error that it is, if the body must not be read.
static bool may_have_body(const struct api *api, const struct side_request *request,
                          enum api_error *error)
{
    uint64_t length;

    switch (side_request_framing(request, &length)) {
    case SIDE_LENGTH_UNCLEAR:
        *error = API_BAD_LENGTH;
        return false;
    case SIDE_LENGTH_UNKNOWN:
        *error = API_LENGTH_REQUIRED;
        return false;
    case SIDE_LENGTH_KNOWN:
        break;
    }
    *error = length > api->options.max_event_bytes ? API_TOO_LARGE : API_WRONG_TYPE;
    return length <= api->options.max_event_bytes &&
           (length == 0 || is_json(side_request_header(request, "Content-Type")));
}

// A client without a key gets its answer before anything else is looked at.
static void on_head(struct side_request *request, void *arg)
{
    struct api *api = arg;
    struct api_path path = api_path_find(side_request_path(request));
    enum api_error error;

    if (api_origins_admit(api->options.settings->cors_origin, request) || !is_let_in(api, request))
        return;
    *side_request_mark(request) = path.endpoint;
    if (path.endpoint == API_OTHER)
        api_answer_error(request, API_NOT_FOUND, NULL);
    else if (strcmp(side_request_method(request), path.method) != 0)
        api_answer_error(request, API_METHOD_NOT_ALLOWED, path.method);
    else if (!may_have_body(api, request, &error))
        api_answer_error(request, error, NULL);
}

static void on_whole(struct side_request *request, void *arg)
{
    struct api *api = arg;
    struct api_path path = api_path_find(side_request_path(request));

    switch (path.endpoint) {
    case API_PUBLISH:
        api_publish(api, request, path.name);
        break;
    case API_USER_PRESENCE:
    case API_USERS_PRESENCE:
    case API_ROOM_PRESENCE:
    case API_ROOMS_PRESENCE:
        api_presence(api, request, &path);
        break;
    default:
        api_command(api, request, &path);
    }
}

static void on_answer(const struct side_request *request, unsigned status, void *arg)
{
    struct api *api = arg;

    api_metrics_count(api->options.metrics, *side_request_mark((struct side_request *)request),
                      status);
}

static void on_second(void *arg)
{
    struct api *api = arg;

    api_key_file_check(api->keys);
    api_commands_check(api->names);
    api_commands_check(api->commands);
}

// ---- life

static struct side_port *open_port(struct api *api)
{
    const struct api_settings *s = api->options.settings;
    int listener = listen_socket_open(&(struct listen_socket_options){
        .host = api->options.host,
        .port = (uint16_t)s->port,
        .backlog = BACKLOG,
        .what = "the port of the HTTP API",
        .port_setting = "API_PORT",
        .host_setting = "API_HOST",
    });

    if (listener < 0)
        return NULL;
    unsigned number = listen_socket_port(listener);
    struct side_port *port = side_port_new(&(struct side_port_options){
        .listener = listener,
        .connections_max = (unsigned)s->max_connections,
        .body_max = api->options.max_event_bytes,
        .metrics = &api->options.metrics->port,
        .on_head = on_head,
        .on_whole = on_whole,
        .on_answer = on_answer,
        .on_second = on_second,
        .arg = api,
    });
    if (port)
        log_info("HTTP API open host=%s port=%u keys=%zu", api->options.host, number,
                 api_keys_count(api_key_file_keys(api->keys)));
    else
        log_error("cannot start the thread of the HTTP API remedy=%s", SIDE_PORT_REMEDY);
    return port;
}

static bool start_workers(struct api *api)
{
    api->publisher = publisher_new(&(struct publisher_options){
        .rabbit = api->options.rabbit,
        .module = "api",
        .what = "publishing of the HTTP API",
        .timeout_ms = (uint32_t)api->options.settings->publish_timeout_ms,
        .outages = &api->options.metrics->outages,
    });
    if (api->publisher)
        api->names = api_commands_new(api->options.redis, NAME_THREADS, NAME_WAIT_MS);
    if (api->names)
        api->commands = api_commands_new(api->options.redis, COMMAND_THREADS, COMMAND_WAIT_MS);
    if (!api->commands)
        log_error("cannot start the threads of the HTTP API remedy=%s", SIDE_PORT_REMEDY);
    return api->commands != NULL;
}

struct api *api_new(const struct api_options *options)
{
    struct api *api = mem_zalloc(sizeof(*api));
    const struct api_settings *s = options->settings;

    api->options = *options;
    snprintf(api->exchange, sizeof(api->exchange), SPAN_FMT, SPAN_ARG(options->exchange));
    api->rate = (struct token_rate){(uint32_t)s->rate_limit, (uint32_t)s->rate_burst};
    api->keys = api_key_file_new(s->key_file, &options->metrics->key_reloads,
                                 &options->metrics->key_reloads_refused);
    if (api->keys && start_workers(api) && (api->port = open_port(api)))
        return api;
    api_free(api);
    return NULL;
}

void api_free(struct api *api)
{
    if (!api)
        return;
    publisher_stop(api->publisher);
    api_commands_stop(api->names);
    api_commands_stop(api->commands);
    side_port_free(api->port);
    api_commands_free(api->names);
    api_commands_free(api->commands);
    publisher_free(api->publisher);
    api_key_file_free(api->keys);
    free(api);
}

void api_reload(struct api *api)
{
    if (api)
        api_key_file_ask(api->keys);
}
