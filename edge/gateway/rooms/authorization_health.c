#define LOG_MODULE "rooms"

#include "edge/gateway/rooms/authorization_health.h"

#include "common/log.h"

#define LOG_INTERVAL_MS 60000

static const struct {
    const char *name, *remedy;
} services[ROOM_SERVICES] = {
    [ROOM_SERVICE_MESSAGES] = {"messages", "check the service and MESSAGE_SERVICE_URL"},
    [ROOM_SERVICE_NOTIFICATIONS] = {"notifications",
                                    "check the service and NOTIFICATION_SERVICE_URL"},
};

static void log_failure(struct authorization_health *health, enum room_service service,
                        const char *reason, uint64_t now_ms)
{
    if (now_ms < health->log_at_ms)
        return;
    health->failing = true;
    health->log_at_ms = now_ms + LOG_INTERVAL_MS;
    log_warn("a service did not say who may join; the joins are answered Authorization unavailable "
             "service=%s reason=%s remedy=%s",
             services[service].name, reason, services[service].remedy);
}

void authorization_health_record(struct authorization_health *health, enum room_service service,
                                 enum service_answer answer, const char *reason, uint64_t now_ms)
{
    if (answer >= SERVICE_ANSWER_ERROR) {
        log_failure(health, service, reason, now_ms);
    } else if (health->failing) {
        health->failing = false;
        log_info("a service says again who may join service=%s", services[service].name);
    }
}
