#include "common/redis_settings.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/broker_url.h"
#include "common/mem.h"
#include "common/settings.h"
#include "common/span.h"
#include "common/url_settings.h"

#define URL    "REDIS_URL"
#define DB_MAX 1000000

static const char *const schemes[] = {"redis", "rediss", BROKER_URL_SOCKET, NULL};

// Braces would move the keys of a shard to other slots of a cluster, and * ? [ ] \ are patterns to
// SCAN and in the rights of users.
static void check_key_prefix(struct span prefix, struct buffer *errors)
{
    bool right = prefix.len <= REDIS_KEY_PREFIX_MAX;

    for (size_t i = 0; right && i < prefix.len; i++)
        right = isalnum((unsigned char)prefix.ptr[i]) || memchr("._:-", prefix.ptr[i], 4);
    if (!right)
        settings_fault(errors, "REDIS_KEY_PREFIX must have at most %d letters, digits and . _ : -",
                       REDIS_KEY_PREFIX_MAX);
}

static void take_place(const struct broker_url *url, struct redis_settings *settings,
                       struct buffer *errors)
{
    if (url->host) {
        url_setting_take_text(URL, "REDIS_HOST", url->host, &settings->host, errors);
        if (url->port > 0)
            url_setting_take_number(URL, "REDIS_PORT", url->port, &settings->port, errors);
        return;
    }
    url_setting_differs(URL, "REDIS_HOST", false, errors);
    url_setting_differs(URL, "REDIS_PORT", false, errors);
    settings->socket = mem_strdup(url->path);
}

// The database is the path, but of a socket it is the query: unix:///run/redis.sock?db=2.
static void take_database(const struct broker_url *url, struct redis_settings *settings,
                          struct buffer *errors)
{
    struct span text = span_of(url->host ? url->path ? url->path : "" : "");
    uint64_t number;

    if (url->query && !url->host && span_starts_with(span_of(url->query), SPAN_LIT("db=")))
        text = span_of(url->query + 3);
    else if (url->query)
        settings_fault(errors, "REDIS_URL must not have a query, except ?db= of a socket");
    if (text.len == 0)
        return;
    if (!span_take_uint(&text, DB_MAX, &number) || text.len > 0)
        settings_fault(errors, "REDIS_URL must name the database by its number");
    else
        url_setting_take_number(URL, "REDIS_DB", (int64_t)number, &settings->db, errors);
}

static void apply_url(struct redis_settings *settings, struct buffer *errors)
{
    struct broker_url url;
    const char *fault = broker_url_parse(&url, settings->url, schemes);

    if (fault) {
        settings_fault(errors,
                       "REDIS_URL must be like redis://user:password@host:6379/1, rediss://… or "
                       "unix:///run/redis.sock: %s",
                       fault);
    } else {
        take_place(&url, settings, errors);
        url_setting_take_text(URL, "REDIS_USERNAME", url.user, &settings->username, errors);
        url_setting_take_text(URL, "REDIS_PASSWORD", url.password, &settings->password, errors);
        take_database(&url, settings, errors);
        if (strcmp(url.scheme, "rediss") == 0)
            url_setting_take_switch(URL, "REDIS_TLS", true, &settings->tls, errors);
    }
    broker_url_fini(&url);
}

static bool has_master(const struct redis_settings *settings, struct span name)
{
    for (unsigned i = 0; i < settings->master_count; i++)
        if (span_is(name, settings->master_names[i]))
            return true;
    return false;
}

static void parse_master_names(struct redis_settings *settings, struct buffer *errors)
{
    struct span rest = span_of(settings->master_name), name;

    while (span_take_until(&rest, ',', &name)) {
        name = span_trim(name);
        if (name.len == 0 || name.len >= REDIS_MASTER_NAME_MAX || has_master(settings, name) ||
            settings->master_count == REDIS_NODES_MAX) {
            settings_fault(errors,
                           "REDIS_MASTER_NAME must have up to %d different names of at most %d "
                           "bytes",
                           REDIS_NODES_MAX, REDIS_MASTER_NAME_MAX - 1);
            return;
        }
        snprintf(settings->master_names[settings->master_count++], REDIS_MASTER_NAME_MAX, SPAN_FMT,
                 SPAN_ARG(name));
    }
}

static void check_sentinels(const struct redis_settings *settings, struct buffer *errors)
{
    if (settings->url || settings_is_given("REDIS_HOST") || settings_is_given("REDIS_PORT"))
        settings_fault(errors,
                       "REDIS_SENTINELS know where Redis is: give no REDIS_HOST, REDIS_PORT "
                       "and REDIS_URL beside it");
    if (settings->sentinel_username && !settings->sentinel_password)
        settings_fault(errors, "REDIS_SENTINEL_USERNAME needs REDIS_SENTINEL_PASSWORD");
}

static void refuse_twice_the_same(const struct host_list *nodes, struct buffer *errors)
{
    for (size_t i = 0; i < nodes->count; i++)
        for (size_t j = 0; j < i; j++)
            if (nodes->items[i].port == nodes->items[j].port &&
                strcmp(nodes->items[i].host, nodes->items[j].host) == 0)
                settings_fault(errors, "REDIS_NODES names %s:%u twice", nodes->items[i].host,
                               nodes->items[i].port);
}

static void check_nodes(const struct redis_settings *settings, struct buffer *errors)
{
    if (settings->url || settings_is_given("REDIS_HOST") || settings_is_given("REDIS_PORT"))
        settings_fault(errors, "REDIS_NODES say where Redis is: give no REDIS_HOST, REDIS_PORT and "
                               "REDIS_URL beside it");
    if (settings->sentinel_list)
        settings_fault(errors,
                       "REDIS_SENTINELS know where Redis is: give no REDIS_NODES beside it, "
                       "but the names of all primaries in REDIS_MASTER_NAME");
    refuse_twice_the_same(&settings->nodes, errors);
}

static void check_tls(const struct redis_settings *settings, struct buffer *errors)
{
    if (settings->tls && settings->socket)
        settings_fault(errors, "REDIS_TLS is not for a socket of this machine");
    if (!settings->tls && (settings->files.ca || settings->files.certificate))
        settings_fault(errors,
                       "REDIS_CA_FILE and REDIS_CERT_FILE have no effect without REDIS_TLS or "
                       "rediss://");
}

void redis_settings_finish(struct redis_settings *settings, struct buffer *errors)
{
    settings->files.prefix = "REDIS";
    if (settings->sentinel_list) {
        host_list_parse(&settings->sentinels, settings->sentinel_list, "REDIS_SENTINELS",
                        REDIS_SENTINEL_PORT, errors);
        parse_master_names(settings, errors);
        check_sentinels(settings, errors);
    }
    if (settings->node_list) {
        host_list_parse(&settings->nodes, settings->node_list, "REDIS_NODES", REDIS_PORT, errors);
        check_nodes(settings, errors);
    }
    if (settings->url)
        apply_url(settings, errors);
    check_tls(settings, errors);
    if (settings->username && !settings->password)
        settings_fault(errors, "REDIS_USERNAME needs REDIS_PASSWORD: Redis takes no user without a "
                               "password");
    if (settings->key_prefix)
        check_key_prefix(span_of(settings->key_prefix), errors);
}

unsigned redis_settings_nodes(const struct redis_settings *settings)
{
    if (settings->master_count > 0)
        return settings->master_count;
    return settings->nodes.count > 0 ? (unsigned)settings->nodes.count : 1;
}

struct redis_settings redis_settings_of_node(const struct redis_settings *settings, unsigned node)
{
    struct redis_settings of_node = *settings;

    of_node.is_one_of_several = redis_settings_nodes(settings) > 1;
    if (settings->master_count > 0)
        of_node.master_name = settings->master_names[node];
    if (settings->nodes.count > 0) {
        of_node.host = settings->nodes.items[node].host;
        of_node.port = settings->nodes.items[node].port;
    }
    of_node.nodes.count = of_node.master_count = 0;
    return of_node;
}

void redis_settings_check_shards(const struct redis_settings *settings, int64_t shards,
                                 struct buffer *errors)
{
    if (shards % redis_settings_nodes(settings) != 0)
        settings_fault(errors,
                       "BUS_SHARDS must be a multiple of the %u servers of Redis; twice as many "
                       "leave room for more servers",
                       redis_settings_nodes(settings));
}

const char *redis_settings_remedy(const struct redis_settings *settings)
{
    if (settings->node_list)
        return "check REDIS_NODES, REDIS_USERNAME and REDIS_PASSWORD";
    return settings->sentinels.count > 0
               ? "check REDIS_SENTINELS, REDIS_MASTER_NAME, REDIS_SENTINEL_PASSWORD, "
                 "REDIS_USERNAME and "
                 "REDIS_PASSWORD"
               : "check REDIS_URL, REDIS_HOST, REDIS_PORT, REDIS_USERNAME and REDIS_PASSWORD";
}

bool redis_address_set(struct host_address *address, struct span host, struct span port)
{
    uint64_t number;

    if (host.len == 0 || host.len >= sizeof(address->host) ||
        !span_take_uint(&port, UINT16_MAX, &number) || port.len > 0 || number == 0)
        return false;
    snprintf(address->host, sizeof(address->host), SPAN_FMT, SPAN_ARG(host));
    address->port = (uint16_t)number;
    return setting_value_is_host(address->host);
}

const char *redis_settings_place(const struct redis_settings *settings,
                                 const struct host_address *primary, char out[REDIS_PLACE_MAX])
{
    if (primary && primary->host[0] == '\0')
        snprintf(out, REDIS_PLACE_MAX, "sentinels=%.200s", settings->sentinel_list);
    else if (primary)
        snprintf(out, REDIS_PLACE_MAX, "host=%s port=%u", primary->host, primary->port);
    else if (settings->socket)
        snprintf(out, REDIS_PLACE_MAX, "socket=%s", settings->socket);
    else
        snprintf(out, REDIS_PLACE_MAX, "host=%s port=%" PRId64, settings->host, settings->port);
    return out;
}

const char *redis_settings_what(const struct redis_settings *of_node, char out[REDIS_PLACE_MAX])
{
    if (!of_node->is_one_of_several)
        return "Redis";
    if (of_node->sentinels.count > 0)
        snprintf(out, REDIS_PLACE_MAX, "Redis %.200s", of_node->master_name);
    else
        snprintf(out, REDIS_PLACE_MAX, "Redis %s:%" PRId64, of_node->host, of_node->port);
    return out;
}

const char *redis_settings_host(const struct redis_settings *settings,
                                const struct host_address *primary)
{
    if (primary)
        return primary->host;
    return settings->socket ? settings->socket : settings->host;
}

int64_t redis_settings_port(const struct redis_settings *settings,
                            const struct host_address *primary)
{
    if (primary)
        return primary->port;
    return settings->socket ? 0 : settings->port;
}
