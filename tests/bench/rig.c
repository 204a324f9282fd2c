#include "tests/bench/rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"

bool rig_take_edges(struct rig *rig)
{
    size_t n = rig->edges.count;

    if (n == 0)
        return tool_fail("give --edge PORT:PID");
    rig->ports = mem_zalloc(n * sizeof(*rig->ports));
    rig->pids = mem_zalloc(n * sizeof(*rig->pids));
    for (size_t i = 0; i < n; i++) {
        unsigned port, pid;
        char extra;
        if (sscanf(rig->edges.items[i], "%5u:%9u%c", &port, &pid, &extra) != 2 || port == 0 ||
            port > UINT16_MAX)
            return tool_fail("--edge must be PORT:PID, not \"%s\"", rig->edges.items[i]);
        rig->ports[i] = (uint16_t)port;
        rig->pids[i] = (pid_t)pid;
    }
    rig->edge_count = n;
    return true;
}

void rig_fini(struct rig *rig)
{
    free(rig->ports);
    free(rig->pids);
    rig->ports = NULL;
    rig->pids = NULL;
}
