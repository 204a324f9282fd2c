#define LOG_MODULE "reload"

#include "common/reload.h"

#include "common/log.h"
#include "common/settings.h"
#include "common/shared_settings.h"

bool reload_accepts(const char *what, const struct buffer *faults)
{
    struct span rest = buffer_span(faults), line;

    while (span_take_until(&rest, '\n', &line))
        if (line.len > 0)
            log_error("refused what was read again, the old stays what=%s reason=" SPAN_FMT, what,
                      SPAN_ARG(line));
    return faults->len == 0;
}

static bool read_settings(void)
{
    struct buffer faults = {0};

    bool read = settings_read_dotenv_again(".env", &faults);

    reload_accepts("settings", &faults);
    buffer_fini(&faults);
    return read;
}

struct log_part {
    struct log_settings log;
};

static bool take_level(void)
{
    static const struct setting table[] = {LOG_SETTINGS(struct log_part, log)};
    struct log_part part = {.log.level = (int)log_threshold};
    struct buffer faults = {0};

    bool loaded = settings_load_named(table, ARRAY_LEN(table), "LOG_LEVEL", &part, &faults);
    int level = part.log.level;

    reload_accepts("log level", &faults);
    buffer_fini(&faults);
    if (!loaded || level == (int)log_threshold)
        return loaded;
    log_threshold = LOG_INFO > level ? LOG_INFO : level; // so that the next line is written
    log_info("the log level is another now level=%s", log_level_names[level]);
    log_threshold = (enum log_level)level;
    return true;
}

static bool reopen_log(void)
{
    struct buffer faults = {0};

    if (!log_reopen())
        buffer_printf(&faults, "a file in LOG_DIR cannot be opened, see standard error\n");
    bool accepted = reload_accepts("log files", &faults);
    buffer_fini(&faults);
    return accepted;
}

bool reload_shared(void)
{
    bool reopened = reopen_log();

    bool read = read_settings();

    return take_level() && read && reopened;
}

void reload_count(struct reload_metrics *metrics, bool accepted)
{
    metric_add(accepted ? &metrics->done : &metrics->refused, 1);
}

void reload_finish(struct reload_metrics *metrics, bool accepted)
{
    reload_count(metrics, accepted);
    if (accepted)
        log_info("read again what may change");
    else
        log_warn("read again what may change, and refused a part of it");
}
