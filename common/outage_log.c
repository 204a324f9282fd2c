#include "common/outage_log.h"

#include <stdio.h>

#define LOG_MODULE outage->module
#include "common/log.h"

void outage_log_begin(struct outage_log *outage, const char *reason)
{
    if (strncmp(outage->reason, reason, sizeof(outage->reason) - 1) == 0)
        return;
    snprintf(outage->reason, sizeof(outage->reason), "%s", reason);
    if (outage->remedy)
        log_warn("unavailable, trying again until it works what=%s reason=%s remedy=%s",
                 outage->what, outage->reason, outage->remedy);
    else
        log_warn("unavailable, trying again until it works what=%s reason=%s", outage->what,
                 outage->reason);
}

void outage_log_end(struct outage_log *outage)
{
    if (outage->reason[0] != '\0')
        log_info("available again what=%s", outage->what);
    outage_log_clear(outage);
}

void outage_log_clear(struct outage_log *outage)
{
    outage->reason[0] = '\0';
}
