#include "relay/relay_api.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "relay/api/api.h"
#include "relay/relay_parts.h"

struct relay_api {
    struct relay *relay;
    struct rabbit_hosts rabbitmq_hosts;
    struct translator *translator; // of the API's thread
    struct api *api;
};

// The event is translated as it will be when RabbitMQ delivers it, for the reason why it would be
// dead-lettered.
static enum api_event_check check_event(void *arg, struct span routing_key, struct span body,
                                        const char **why)
{
    struct relay_api *api = arg;
    struct relay *relay = api->relay;
    struct envelope envelope;
    enum translate_status status = TRANSLATE_OK;

    pthread_mutex_lock(&relay->routes_lock);
    struct event event = {
        .route = routes_find(relay->routes, routing_key),
        .routing_key = routing_key,
        .body = body,
        .received_ms = clock_wall_ms(),
    };
    bool has_route = event.route != NULL;
    if (has_route)
        status = translate(api->translator, &event, &envelope);
    pthread_mutex_unlock(&relay->routes_lock);
    if (!has_route)
        return API_EVENT_NO_ROUTE;
    *why = translate_status_str(status);
    return status == TRANSLATE_OK ? API_EVENT_GOOD : API_EVENT_BAD;
}

static bool keeps_presence(void *arg, struct span room)
{
    struct relay *relay = ((struct relay_api *)arg)->relay;

    pthread_mutex_lock(&relay->routes_lock);
    bool keeps = gateway_file_keeps(relay->file, room);
    pthread_mutex_unlock(&relay->routes_lock);
    return keeps;
}

static struct span first_exchange(const char *names)
{
    struct span rest = span_of(names), name = {0};

    while (name.len == 0 && span_take_until(&rest, ',', &name))
        name = span_trim(name);
    return name;
}

static struct rabbit_options rabbit_options(struct relay_api *api)
{
    struct rabbit_options options =
        relay_settings_rabbit(api->relay->settings, &api->rabbitmq_hosts);

    options.name = "websocket-gateway relay, HTTP API";
    options.heartbeat_s = 10;
    return options;
}

struct relay_api *relay_api_new(struct relay *relay)
{
    const struct relay_settings *s = relay->settings;
    struct relay_api *api = mem_zalloc(sizeof(*api));

    api->relay = relay;
    rabbit_hosts_init(&api->rabbitmq_hosts, &s->rabbitmq.hosts);
    api->translator = translator_new((size_t)s->max_event_bytes);
    api->api = api_new(&(struct api_options){
        .settings = &s->api,
        .host = s->api.host ? s->api.host : s->service_host,
        .rabbit = rabbit_options(api),
        .redis = &s->redis,
        .exchange = first_exchange(s->rabbitmq_exchanges),
        .max_event_bytes = (size_t)s->max_event_bytes,
        .check = check_event,
        .keeps = keeps_presence,
        .arg = api,
        .metrics = &relay->metrics.api,
    });
    if (api->api)
        return api;
    relay_api_free(api);
    return NULL;
}

void relay_api_free(struct relay_api *api)
{
    if (!api)
        return;
    api_free(api->api);
    translator_free(api->translator);
    rabbit_hosts_fini(&api->rabbitmq_hosts);
    free(api);
}

void relay_api_reload(struct relay_api *api)
{
    if (api)
        api_reload(api->api);
}
