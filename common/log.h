// Structured log lines, on the console and, if a folder is given, in rotated files there.
//
// One line per event that an operator would act on or ask about: a fixed phrase, then
// `key=value` pairs. Never a token, never a payload. log_message.h escapes the values, so that text
// that came from a peer cannot forge a line. docs/operations.md has the list of keys;
// tests/log_lines/check refuses others, and any other form.
#pragma once

#include <stdbool.h>

#include "common/attr.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_HTTP, LOG_DEBUG };
enum log_format { LOG_JSON, LOG_TEXT };

// Lines above this level are not written. The one global of the project.
extern _Atomic(enum log_level) log_threshold;

struct log_options {
    const char *service; // the "service" of every JSON line; must outlive the log
    enum log_level level;
    enum log_format format;
    const char *dir; // folder of all.log and error.log; NULL or "": console only
};

// Opens the log. A file is rotated at 5 MB; five are kept (all.log, all.log.1 … .4). Returns false,
// with a line on stderr, if the folder cannot be written; the console works even then. JSON goes to
// stdout, text to stderr. Before this call lines go to the console as text.
NODISCARD bool log_open(const struct log_options *options);
void log_close(void);
// Opens the files anew. Returns false, with a line on stderr, if one cannot be opened: the one that
// is open stays then.
NODISCARD bool log_reopen(void);

// Each .c file that logs defines LOG_MODULE before including this header.
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_http(...)  log_at(LOG_HTTP, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

// Arguments are not evaluated when the level is off.
#define log_at(level, ...)                                                                         \
    do {                                                                                           \
        if ((level) <= log_threshold)                                                              \
            log_write((level), LOG_MODULE, __VA_ARGS__);                                           \
    } while (0)

// May be called by any thread; a line is written whole. Keeps errno. The conversions of `format`
// are those of log_message.h.
void log_write(enum log_level level, const char *module, const char *format, ...) PRINTF(3, 4);
