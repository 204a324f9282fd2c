// What a load generator uses: edges on this machine and their RabbitMQ.
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

// The rows and the option of a tool whose struct request has a member `rig`.
#define RIG_SETTINGS RABBITMQ_SETTINGS(struct request, rig.rabbitmq, "User name for RabbitMQ")

#define RIG_EDGE_OPTION                                                                            \
    {                                                                                              \
        "edge", "PORT:PID", NULL, offsetof(struct request, rig.edges),                             \
            "an edge on loopback, and its process (repeatable)"                                    \
    }

// Reads the --edge options. Returns false, with the reason on stderr, if there is none or one is
// invalid.
NODISCARD bool rig_take_edges(struct rig *rig);
void rig_fini(struct rig *rig);
