#include "relay/relay.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/reload.h"
#include "proto/letter_headers.h"
#include "relay/presence_sweeper.h"
#include "relay/relay_api.h"
#include "relay/relay_duties.h"
#include "relay/relay_gauges.h"
#include "relay/relay_loop.h"
#include "relay/relay_nodes.h"
#include "relay/relay_parts.h"
#include "relay/relay_requests.h"
#include "relay/relay_role.h"
#include "relay/relay_uplink.h"

#define LOG_MODULE "relay"
#include "common/log.h"

#define FLYING_MAX_COUNT     1024 // events that are not in the log yet
#define BATCH_MAX_BYTES      ((size_t)4 * 1024 * 1024)
#define HELD_MAX_COUNT       4096 // events for a server that is away while others are not
#define HELD_MAX_BYTES       ((size_t)16 * 1024 * 1024)
#define LETTERS_MAX_BYTES    ((size_t)32 * 1024 * 1024)
#define STANDS_STILL_MS      5000
#define RABBITMQ_HEARTBEAT_S 5 // RabbitMQ drops a frozen relay after two or three of them
#define LETTERS_HEARTBEAT_S  10
#define DRAIN_RETRY_MS       100

static const char *probe_live(void *arg)
{
    struct relay *relay = arg;
    uint64_t turned_ms = metric_get(&relay->metrics.turned_ms);
    uint64_t now_ms = clock_monotonic_ms();

    return now_ms > turned_ms + STANDS_STILL_MS ? "the loop stands still" : NULL;
}

static const char *probe_ready(void *arg)
{
    struct relay *relay = arg;

    return relay_obstacle_words(&relay->metrics, clock_monotonic_ms());
}

// Only the thread of the operations port calls this, so one buffer is enough.
static const char *probe_role(void *arg)
{
    struct relay *relay = arg;

    relay_role_words(relay, relay->role_words, sizeof(relay->role_words));
    return relay->role_words;
}

static void probe_metrics(void *arg, struct buffer *out)
{
    struct relay *relay = arg;

    relay_metrics_print(&relay->metrics, out);
}

static void on_between(void *arg)
{
    relay_do_periodic_work(arg);
}

static void on_unreadable(void *arg)
{
    struct relay *relay = arg;

    metric_add(&relay->metrics.unreadable, 1);
}

static struct consumer *new_consumer(struct relay *relay)
{
    const struct relay_settings *s = relay->settings;
    struct consumer_options options = {
        .rabbit = relay_settings_rabbit(relay->settings, &relay->rabbitmq_hosts),
        .exchanges = s->rabbitmq_exchanges,
        .routes = relay->routes,
        .prefetch = (uint16_t)s->prefetch,
        .queue_type = (enum rabbit_queue_type)s->queue_type,
        .between = on_between,
        .on_unreadable = on_unreadable,
        .arg = relay,
    };

    options.rabbit.name = "websocket-gateway relay";
    options.rabbit.heartbeat_s = RABBITMQ_HEARTBEAT_S;
    return consumer_new(&options);
}

// The parts whose size depends on the number of routes.
static void new_route_parts(struct relay *relay)
{
    relay->consumer = new_consumer(relay);
    relay->redelivery = redelivery_new(
        &relay->logs, (size_t)relay->settings->prefetch * relay->routes->count, on_between, relay);
}

static void free_route_parts(struct relay *relay)
{
    redelivery_free(relay->redelivery);
    consumer_free(relay->consumer);
}

static void on_letter_safe(uint64_t tag, void *arg)
{
    struct relay *relay = arg;

    metric_add(&relay->metrics.dead_letters_safe, 1);
    consumer_ack(relay->consumer, tag, false);
}

static void on_letter_lost(uint64_t tag, void *arg)
{
    struct relay *relay = arg;

    metric_add(&relay->metrics.dead_letters_lost, 1);
    consumer_reject(relay->consumer, tag);
}

static void on_letter_stripped(void *arg)
{
    struct relay *relay = arg;

    metric_add(&relay->metrics.dead_letters_stripped, 1);
}

// At most half of the prefetch may wait as dead letters. Their events are unacknowledged, and
// RabbitMQ delivers nothing more once the whole prefetch is.
static struct dead_letters *new_letters(struct relay *relay)
{
    struct dead_letters_options options = {
        .rabbit = relay_settings_rabbit(relay->settings, &relay->rabbitmq_hosts),
        .queue = relay->letter_queue,
        .queue_type = (enum rabbit_queue_type)relay->settings->queue_type,
        .max_count = (size_t)relay->settings->prefetch / 2,
        .max_bytes = LETTERS_MAX_BYTES,
        .on_safe = on_letter_safe,
        .on_lost = on_letter_lost,
        .on_stripped = on_letter_stripped,
        .arg = relay,
    };

    options.rabbit.name = "websocket-gateway relay, dead letters";
    options.rabbit.heartbeat_s = LETTERS_HEARTBEAT_S;
    snprintf(relay->letter_queue, sizeof(relay->letter_queue), "%s" DEAD_LETTER_KEY,
             relay->settings->queue_prefix);
    return dead_letters_new(&options);
}

static struct event_log *new_log(struct relay *relay, unsigned node)
{
    const struct relay_settings *s = relay->settings;

    return event_log_new(&(struct event_log_options){
        .resolver = &relay->nodes[node].host,
        .redis = &relay->nodes[node].redis,
        .shards = (unsigned)s->bus_shards,
        .node = node,
        .nodes = relay->logs.count,
        .wait_replicas = (unsigned)s->wait_replicas,
        .max_len = (uint64_t)s->log_max_len,
        .max_bytes = (uint64_t)s->log_max_bytes,
    });
}

static void new_nodes(struct relay *relay)
{
    const struct relay_settings *s = relay->settings;
    bool alone = redis_settings_nodes(&s->redis) == 1;

    relay->logs.count = relay->metrics.nodes = redis_settings_nodes(&s->redis);
    for (unsigned i = 0; i < relay->logs.count; i++) {
        struct relay_node *node = &relay->nodes[i];
        node->redis = redis_settings_of_node(&s->redis, i);
        resolver_init(&node->host, node->redis.host);
        relay->logs.logs[i] = new_log(relay, i);
        batch_init(&node->batch, alone ? FLYING_MAX_COUNT : HELD_MAX_COUNT,
                   alone ? BATCH_MAX_BYTES : HELD_MAX_BYTES);
        node->batch.wants_replicas = s->wait_replicas > 0;
    }
}

static void free_nodes(struct relay *relay)
{
    for (unsigned i = 0; i < relay->logs.count; i++) {
        event_log_free(relay->logs.logs[i]);
        batch_fini(&relay->nodes[i].batch);
        resolver_fini(&relay->nodes[i].host);
    }
}

// Called by the sweeper's thread.
static bool sweeps(void *arg, uint64_t *grace_ms, struct buffer *exchange,
                   struct buffer *routing_key)
{
    struct relay *relay = arg;

    pthread_mutex_lock(&relay->routes_lock);
    const struct users *users = &relay->file->users;
    bool keeps = gateway_file_keeps_any(relay->file);
    *grace_ms = (uint64_t)users->grace_s * 1000;
    if (users->exchange) {
        buffer_append(exchange, span_of(users->exchange));
        buffer_append(routing_key, span_of(users->disconnected));
    }
    pthread_mutex_unlock(&relay->routes_lock);
    return keeps && metric_get(&relay->metrics.active) != 0;
}

static struct presence_sweeper *new_sweeper(struct relay *relay)
{
    return presence_sweeper_new(&(struct presence_sweeper_options){
        .redis = &relay->settings->redis,
        .shards = (unsigned)relay->settings->bus_shards,
        .relay_id = relay->id,
        .sweeps = sweeps,
        .arg = relay,
        .removed = &relay->metrics.presence_removed,
    });
}

struct relay *relay_new(const struct relay_settings *settings, struct gateway_file *file)
{
    struct relay *relay = mem_zalloc(sizeof(*relay));
    char id[RANDOM_ID_LEN + 1];

    random_id(id);
    snprintf(relay->id, sizeof(relay->id), RELAY_ID_PREFIX "%s", id);
    relay->settings = settings;
    relay->file = file;
    relay->routes = file->routes;
    pthread_mutex_init(&relay->routes_lock, NULL);
    relay->linger.max_ms = (uint32_t)settings->linger_ms;
    rabbit_hosts_init(&relay->rabbitmq_hosts, &settings->rabbitmq.hosts);
    certificates_add(&relay->certificates, settings->redis.store);
    certificates_add(&relay->certificates, settings->rabbitmq.store);
    new_nodes(relay);
    new_route_parts(relay);
    relay->letters = new_letters(relay);
    relay->translator = translator_new((size_t)settings->max_event_bytes);
    metric_set(&relay->metrics.turned_ms, clock_monotonic_ms());
    metric_set(&relay->metrics.obstacle, OBSTACLE_REDIS);
    relay->ops = ops_server_new(settings->service_host, (uint16_t)settings->ops_port,
                                &(struct ops_probes){
                                    .live = probe_live,
                                    .ready = probe_ready,
                                    .role = probe_role,
                                    .metrics = probe_metrics,
                                    .arg = relay,
                                });
    relay->sweeper = relay->ops ? new_sweeper(relay) : NULL;
    if (relay->sweeper && (!settings->api.on || (relay->api = relay_api_new(relay))) &&
        relay_uplink_start(relay))
        return relay;
    relay_free(relay);
    return NULL;
}

void relay_free(struct relay *relay)
{
    if (!relay)
        return;
    ops_server_free(relay->ops);
    presence_sweeper_free(relay->sweeper);
    relay_api_free(relay->api);
    relay_uplink_free(relay->uplink);
    translator_free(relay->translator);
    dead_letters_free(relay->letters);
    free_route_parts(relay);
    free_nodes(relay);
    gateway_file_free(relay->file);
    pthread_mutex_destroy(&relay->routes_lock);
    rabbit_hosts_fini(&relay->rabbitmq_hosts);
    buffer_fini(&relay->control);
    free(relay);
}

// ---- running

// Acknowledges what is in the log and waits for the confirms of dead letters. Whatever is left
// stays unacknowledged, so RabbitMQ delivers it again.
static void drain(struct relay *relay)
{
    size_t left;

    while (relay->claimed && relay_nodes_unlogged(relay) && !relay_out_of_time(relay)) {
        relay_nodes_connect(relay);
        if (!relay_loop_log(relay, true))
            break;
        if (relay_nodes_hold(relay))
            relay_wait(relay, DRAIN_RETRY_MS);
    }
    relay_acknowledge(relay);
    while (dead_letters_count(relay->letters) > 0 && !relay_out_of_time(relay)) {
        dead_letters_flush(relay->letters);
        if (dead_letters_count(relay->letters) > 0)
            relay_wait(relay, DRAIN_RETRY_MS);
    }
    left = relay_nodes_taken(relay) + dead_letters_count(relay->letters);
    if (left > 0)
        log_warn("stopped before everything taken was safe; RabbitMQ will deliver it again "
                 "events=%zu",
                 left);
    consumer_leave(relay->consumer);
    log_info("stopped");
}

// The queues are left and taken again, so what is unacknowledged comes again, and another relay may
// become active meanwhile.
static void use_file(struct relay *relay, struct gateway_file *file)
{
    struct gateway_file *old = relay->file;

    relay_nodes_settle(relay);
    relay_acknowledge(relay);
    relay_leave_queues(relay);
    free_route_parts(relay);
    pthread_mutex_lock(&relay->routes_lock);
    relay->file = file;
    relay->routes = file->routes;
    metric_set(&relay->metrics.left_out, 0); // counts the old ones
    pthread_mutex_unlock(&relay->routes_lock);
    gateway_file_free(old);
    new_route_parts(relay);
    if (!relay_uplink_start(relay))
        log_error("entries of the uplink wait until the relay is started again");
}

static bool reload_routes(struct relay *relay)
{
    struct buffer faults = {0};
    struct gateway_file *file = relay_settings_load_file(relay->settings, &faults);

    reload_accepts("routes", &faults);
    buffer_fini(&faults);
    if (!file)
        return false;
    log_info("loaded the routes again routes=%zu", file->routes->count);
    if (file->fingerprint == relay->file->fingerprint)
        gateway_file_free(file); // the queues are not left for nothing
    else
        use_file(relay, file);
    return true;
}

static void reload(struct relay *relay)
{
    bool shared = reload_shared();
    bool routes = reload_routes(relay);
    bool certificates = certificates_read_again(&relay->certificates);

    relay_api_reload(relay->api);
    reload_finish(&relay->metrics.reloads, shared && routes && certificates);
}

void relay_run(struct relay *relay)
{
    while (!relay_stopping()) {
        if (relay_take_reload())
            reload(relay);
        relay_loop_once(relay);
    }
    log_info("stopping");
    drain(relay);
}
