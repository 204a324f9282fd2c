#define LOG_MODULE "acceptor"

#include "edge/adapters/listener/accept_pauses.h"

#include "common/log.h"

#define LOG_INTERVAL_MS 60000

static void log_pause(struct accept_pauses *pauses, enum accept_pause why)
{
    static const char *const reasons[] = {
        [ACCEPT_FULL] = "as many connections as allowed are open; raise MAX_CONNECTIONS and the "
                        "limit of open files (ulimit -n), or run more edges",
        [ACCEPT_NO_FILES] = "out of file descriptors; raise the limit of open files (ulimit -n)",
        [ACCEPT_NO_MEMORY] = "out of memory for sockets; give the machine more, or run more edges",
    };
    uint64_t now_ms = deadlines_now(pauses->clock);

    if (why == ACCEPT_GOES_ON) {
        if (pauses->logged)
            log_info("accepting goes on");
        pauses->logged = false;
        return;
    }
    if (pauses->logged_ms != 0 && now_ms - pauses->logged_ms < LOG_INTERVAL_MS)
        return;
    log_warn("accepting pauses reason=%s", reasons[why]);
    pauses->logged_ms = now_ms;
    pauses->logged = true;
}

void accept_pauses_set(struct accept_pauses *pauses, enum accept_pause why)
{
    if (pauses->current == why)
        return;
    metric_set(&pauses->metrics->accept_paused[pauses->current], 0);
    metric_set(&pauses->metrics->accept_paused[why], 1);
    metric_add(&pauses->metrics->accept_pauses[why], 1);
    pauses->current = why;
    log_pause(pauses, why);
}
