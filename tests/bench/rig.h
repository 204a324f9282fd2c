// What a load generator loads: edges on this machine, and the RabbitMQ behind them.
#pragma once

#include <sys/types.h>

#include "common/shared_settings.h"
#include "compose/tools/tool.h"

struct rig {
    struct tool_list edges; // "PORT:PID" each
    struct rabbitmq_settings rabbitmq;
    uint16_t *ports;
    pid_t *pids;
    size_t edge_count;
};

// Rows and an option for tools whose `struct request` has the member `rig`.
#define RIG_SETTINGS RABBITMQ_SETTINGS(struct request, rig.rabbitmq, "User name for RabbitMQ")

#define RIG_EDGE_OPTION                                                                            \
    {                                                                                              \
        "edge", "PORT:PID", NULL, offsetof(struct request, rig.edges),                             \
            "an edge on loopback, and its process (repeatable)"                                    \
    }

// Reads the edges. False, with the reason on stderr, when there is none or one is written wrong.
NODISCARD bool rig_take_edges(struct rig *rig);
void rig_fini(struct rig *rig);
