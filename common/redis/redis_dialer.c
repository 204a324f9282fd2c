#include "common/redis/redis_dialer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/redis/redis_sentinel.h"

void redis_dialer_init(struct redis_dialer *dialer, const struct redis_settings *settings,
                       struct resolver *host, long connect_ms, long answer_ms)
{
    *dialer = (struct redis_dialer){
        .settings = settings, .host = host, .connect_ms = connect_ms, .answer_ms = answer_ms};
    for (size_t i = 0; i < settings->sentinels.count; i++)
        resolver_init(&dialer->sentinels[i], settings->sentinels.items[i].host);
    resolver_init(&dialer->primary_host, dialer->primary.host);
}

void redis_dialer_fini(struct redis_dialer *dialer)
{
    for (size_t i = 0; i < dialer->settings->sentinels.count; i++)
        resolver_fini(&dialer->sentinels[i]);
    resolver_fini(&dialer->primary_host);
}

void redis_dial_elsewhere(struct redis_dialer *dialer)
{
    dialer->sentinel++;
}

const struct host_address *redis_dialed_primary(const struct redis_dialer *dialer)
{
    return dialer->settings->sentinels.count > 0 ? &dialer->primary : NULL;
}

static struct timeval from_ms(long ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static void set_reason(struct redis_dialer *dialer, const char *reason)
{
    snprintf(dialer->reason, sizeof(dialer->reason), "%s", reason);
}

// Returns the context if it is connected. Otherwise frees it and keeps the reason.
static redisContext *check(struct redis_dialer *dialer, redisContext *context, const char *host)
{
    if (!context)
        abort(); // out of memory
    dialer->host->reached = !context->err || errno == ECONNREFUSED;
    if (!context->err) {
        redisSetTimeout(context, from_ms(dialer->answer_ms));
        struct tls_store *store = dialer->settings->store;
        if (!store || redis_tls_begin(store, context, host, dialer->reason))
            return context;
    } else {
        set_reason(dialer, context->errstr);
    }
    redisFree(context);
    return NULL;
}

// Tries the addresses of a host in turn.
static redisContext *dial_host(struct redis_dialer *dialer, struct resolver *resolver, int port)
{
    struct addresses addresses;
    redisContext *context = NULL;
    const char *unresolved = resolver_ask(resolver, (uint32_t)dialer->connect_ms, &addresses);

    if (unresolved)
        set_reason(dialer, unresolved);
    for (size_t i = 0; i < addresses.count && !context; i++)
        context =
            check(dialer,
                  redisConnectWithTimeout(addresses.text[i], port,
                                          from_ms(dialer->connect_ms / (long)addresses.count)),
                  resolver->host);
    return context;
}

// The primary may be named by its name, which is looked up then.
static void set_primary(struct redis_dialer *dialer, const struct host_address *primary)
{
    if (strcmp(dialer->primary.host, primary->host) != 0) {
        resolver_fini(&dialer->primary_host);
        dialer->primary = *primary;
        resolver_init(&dialer->primary_host, dialer->primary.host);
    }
    dialer->primary.port = primary->port;
}

static bool ask_sentinel(struct redis_dialer *dialer)
{
    const struct redis_settings *settings = dialer->settings;
    size_t i = dialer->sentinel % settings->sentinels.count;
    struct host_address primary;
    redisContext *context =
        dial_host(dialer, &dialer->sentinels[i], settings->sentinels.items[i].port);

    if (!context)
        return false;
    const char *refused = redis_sentinel_ask(context, settings, &primary);
    if (refused)
        set_reason(dialer, refused);
    else
        set_primary(dialer, &primary);
    redisFree(context);
    return !refused;
}

static redisContext *dial_primary(struct redis_dialer *dialer)
{
    redisContext *context = NULL;

    if (ask_sentinel(dialer))
        context = dial_host(dialer, &dialer->primary_host, dialer->primary.port);
    if (!context)
        redis_dial_elsewhere(dialer);
    return context;
}

redisContext *redis_dial(struct redis_dialer *dialer)
{
    const struct redis_settings *settings = dialer->settings;
    redisContext *context;

    dialer->host->reached = false;
    if (settings->sentinels.count > 0)
        context = dial_primary(dialer);
    else if (settings->socket)
        context =
            check(dialer,
                  redisConnectUnixWithTimeout(settings->socket, from_ms(dialer->connect_ms)), NULL);
    else
        context = dial_host(dialer, dialer->host, (int)settings->port);
    if (context && !settings->socket)
        redisEnableKeepAlive(context);
    return context;
}
