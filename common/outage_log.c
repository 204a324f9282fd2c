#include "common/outage_log.h"

#include <stdio.h>

#define LOG_MODULE outage->module
#include "common/log.h"

void outage_log_begin(struct outage_log *outage, const char *reason)
{
    if (strncmp(outage->reason, reason, sizeof(outage->reason) - 1) == 0)
        return;
    snprintf(outage->reason, sizeof(outage->reason), "%s", reason);
    log_warn("%s: %s; trying again until it works%s%s", outage->what, outage->reason,
             outage->settings ? ", check " : "", outage->settings ? outage->settings : "");
}

void outage_log_end(struct outage_log *outage)
{
    if (outage->reason[0] != '\0')
        log_info("%s: works again", outage->what);
    outage_log_clear(outage);
}

void outage_log_clear(struct outage_log *outage)
{
    outage->reason[0] = '\0';
}
