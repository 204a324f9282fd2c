#include "relay/rabbitmq/hosts.h"

#include <stdio.h>

#include "common/rabbitmq_settings.h"

static void name(struct rabbit_host *host, bool alone)
{
    const struct host_address *a = host->address;
    bool v6 = strchr(a->host, ':');

    if (alone)
        snprintf(host->what, sizeof(host->what), "RabbitMQ");
    else
        snprintf(host->what, sizeof(host->what), v6 ? "RabbitMQ at [%s]:%u" : "RabbitMQ at %s:%u",
                 a->host, a->port);
}

void rabbit_hosts_init(struct rabbit_hosts *hosts, const struct host_list *list)
{
    *hosts = (struct rabbit_hosts){.count = list->count};
    for (size_t i = 0; i < list->count; i++) {
        struct rabbit_host *host = &hosts->items[i];
        host->address = &list->items[i];
        resolver_init(&host->resolver, host->address->host);
        name(host, list->count == 1);
        host->outage = (struct outage_log){
            .module = "relay", .what = host->what, .remedy = "check " RABBITMQ_CONNECTION_SETTINGS};
    }
}

void rabbit_hosts_fini(struct rabbit_hosts *hosts)
{
    for (size_t i = 0; i < hosts->count; i++)
        resolver_fini(&hosts->items[i].resolver);
}

struct rabbit_host *rabbit_hosts_current(struct rabbit_hosts *hosts)
{
    return &hosts->items[hosts->turn];
}

void rabbit_hosts_log(struct rabbit_hosts *hosts, const char *reason)
{
    outage_log_begin(&rabbit_hosts_current(hosts)->outage, reason);
}

bool rabbit_hosts_move_on(struct rabbit_hosts *hosts)
{
    hosts->turn = (hosts->turn + 1) % hosts->count;
    hosts->failures = (hosts->failures + 1) % hosts->count;
    return hosts->failures > 0;
}

// The outages of the others end too: when this host fails one day, they are of interest again.
void rabbit_hosts_settle(struct rabbit_hosts *hosts)
{
    hosts->failures = 0;
    for (size_t i = 0; i < hosts->count; i++)
        outage_log_clear(&hosts->items[i].outage);
}

bool rabbit_hosts_reached(const struct rabbit_hosts *hosts)
{
    for (size_t i = 0; i < hosts->count; i++)
        if (hosts->items[i].resolver.reached)
            return true;
    return false;
}
