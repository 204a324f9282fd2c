// What a load generator loads: edges on this machine, and the RabbitMQ behind them.
#pragma once

#include <sys/types.h>

#include "compose/tools/publisher.h"
#include "compose/tools/tool.h"

struct rig {
    struct tool_list edges; // "PORT:PID" each
    const char *host, *user, *password, *vhost;
    int64_t port;
    uint16_t *ports;
    pid_t *pids;
    size_t edge_count;
};

// Rows and an option for tools whose `request` has the member `rig`.
#define RIG_SETTING(request, name, type, field, fallback, min, max, help)                          \
    {                                                                                              \
        name, type, offsetof(request, rig.field), fallback, min, max, NULL, help                   \
    }

// clang-format off
#define RIG_SETTINGS(request)                                                                      \
    RIG_SETTING(request, "RABBITMQ_HOST", SETTING_TEXT, host, "127.0.0.1", 0, 0, "Host of RabbitMQ"), \
    RIG_SETTING(request, "RABBITMQ_PORT", SETTING_NUMBER, port, "5672", 1, 65535, "Port of RabbitMQ"), \
    RIG_SETTING(request, "RABBITMQ_USER", SETTING_TEXT, user, "guest", 0, 0, "User name for RabbitMQ"), \
    RIG_SETTING(request, "RABBITMQ_PASSWORD", SETTING_SECRET, password, "guest", 0, 0, "Password for RabbitMQ"), \
    RIG_SETTING(request, "RABBITMQ_VHOST", SETTING_TEXT, vhost, "/", 0, 0, "Virtual host")

#define RIG_EDGE_OPTION(request)                                                                   \
    {"edge", "PORT:PID", NULL, offsetof(request, rig.edges),                                       \
     "an edge on loopback, and its process (repeatable)"}
// clang-format on

// Reads the edges. False, with the reason on stderr, when there is none or one is written wrong.
NODISCARD bool rig_take_edges(struct rig *rig);
void rig_fini(struct rig *rig);

// Borrows the rig's texts.
struct rabbit_target rig_rabbit(const struct rig *rig);
