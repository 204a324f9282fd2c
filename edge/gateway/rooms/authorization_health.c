#define LOG_MODULE "rooms"

#include "edge/gateway/rooms/authorization_health.h"

#include "common/log.h"

#define LOG_INTERVAL_MS 60000

static const struct {
    const char *name; // NULL: the type's
    const char *remedy;
} services[ROOM_SERVICES] = {
    [ROOM_SERVICE_OWN] = {NULL, "check the service and its url in GATEWAY_FILE"},
    [ROOM_SERVICE_MESSAGES] = {"messages", "check the service and MESSAGE_SERVICE_URL"},
    [ROOM_SERVICE_NOTIFICATIONS] = {"notifications",
                                    "check the service and NOTIFICATION_SERVICE_URL"},
};

static const char *name_of(const struct room_type *type)
{
    const char *name = services[type->service].name;

    return name ? name : type->name;
}

static void log_failure(struct authorization_health *health, const struct room_type *type,
                        const char *reason, uint64_t now_ms)
{
    if (now_ms < health->log_at_ms)
        return;
    health->failing = true;
    health->log_at_ms = now_ms + LOG_INTERVAL_MS;
    log_warn("a service did not say who may join; the joins are answered Authorization unavailable "
             "service=%s reason=%s remedy=%s",
             name_of(type), reason, services[type->service].remedy);
}

void authorization_health_record(struct authorization_health *health, const struct room_type *type,
                                 enum service_answer answer, const char *reason, uint64_t now_ms)
{
    if (answer >= SERVICE_ANSWER_ERROR) {
        log_failure(health, type, reason, now_ms);
    } else if (health->failing) {
        health->failing = false;
        log_info("a service says again who may join service=%s", name_of(type));
    }
}
