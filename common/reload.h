// What SIGHUP means in both programs. Each of them reads further parts again by itself.
//
// A part that is wrong is refused whole: each fault is logged, and the old one stays.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/buffer.h"
#include "common/metrics.h"

struct reload_metrics {
    metric done, refused; // refused: a part was
};

// Reads `.env` again, for setting_variable(), takes LOG_LEVEL from it, and opens the log files
// anew. Returns false if something was refused.
NODISCARD bool reload_shared(void);

// Logs the lines of `faults`; `what` was refused because of them. Returns true if there is none.
bool reload_accepts(const char *what, const struct buffer *faults);

void reload_count(struct reload_metrics *metrics, bool accepted);
// Counts, and logs how the signal was obeyed.
void reload_finish(struct reload_metrics *metrics, bool accepted);
