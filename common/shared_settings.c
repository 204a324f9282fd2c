#include "common/shared_settings.h"

const char *const log_level_names[] = {"error", "warn", "info", "http", "debug", NULL};
const char *const log_format_names[] = {"json", "text", NULL};
