#include "relay/relay_uplink.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/side_port.h"
#include "relay/relay_parts.h"
#include "relay/uplink/uplink.h"

#define LOG_MODULE "uplink"
#include "common/log.h"

#define ACTIVE_FOR_MS 5000 // after the loop's last turn

struct relay_uplink {
    struct rabbit_hosts rabbitmq_hosts;
    struct uplink *uplink;
};

// A relay that was frozen does not know yet whether another has taken its place.
static bool is_active(void *arg)
{
    const struct relay_metrics *m = &((const struct relay *)arg)->metrics;

    return metric_get(&m->active) &&
           clock_monotonic_ms() < metric_get(&m->turned_ms) + ACTIVE_FOR_MS;
}

static struct rabbit_options rabbit_options(const struct relay *relay, struct rabbit_hosts *hosts)
{
    struct rabbit_options options = relay_settings_rabbit(relay->settings, hosts);

    options.name = "websocket-gateway relay, uplink";
    options.heartbeat_s = 10;
    return options;
}

bool relay_uplink_start(struct relay *relay)
{
    struct relay_uplink *uplink;

    if (relay->uplink || !gateway_file_uses_uplink(relay->file))
        return true;
    uplink = mem_zalloc(sizeof(*uplink));
    rabbit_hosts_init(&uplink->rabbitmq_hosts, &relay->settings->rabbitmq.hosts);
    uplink->uplink = uplink_new(&(struct uplink_options){
        .rabbit = rabbit_options(relay, &uplink->rabbitmq_hosts),
        .redis = &relay->settings->redis,
        .letter_queue = relay->letter_queue,
        .queue_type = (enum rabbit_queue_type)relay->settings->queue_type,
        .is_active = is_active,
        .arg = relay,
        .metrics = &relay->metrics.uplink,
    });
    if (uplink->uplink) {
        log_info("publishing what clients tell the services");
        relay->uplink = uplink;
        return true;
    }
    log_error("cannot start the threads of the uplink remedy=%s", SIDE_PORT_REMEDY);
    relay_uplink_free(uplink);
    return false;
}

void relay_uplink_free(struct relay_uplink *uplink)
{
    if (!uplink)
        return;
    uplink_free(uplink->uplink);
    rabbit_hosts_fini(&uplink->rabbitmq_hosts);
    free(uplink);
}
