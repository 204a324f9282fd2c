// The message of a log line, from a format like printf's: a fixed phrase, then key=value pairs.
//
// The text of a %s is a value. It stands there as it is, or in quotes and escaped if it would be
// ambiguous otherwise: so no value, whatever peer it came from, ends early, looks like another key
// or begins another line.
//
//     "refusing a token socket=%s reason=%s"  →  refusing a token socket=Hq3 reason="jwt expired"
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "common/attr.h"

#define LOG_MESSAGE_MAX 4096 // bytes of a message with its final NUL; a longer one ends in ...
#define LOG_VALUE_MAX   1024 // bytes of a text; a longer one ends in ...

// Writes the message with a final NUL and returns its length. It is valid UTF-8 without control
// characters if the format is. Knows the conversions %s, %.*s, %d, %u, %zu, %ld (PRId64), %lu
// (PRIu64) and %%.
size_t log_message_format(char out[LOG_MESSAGE_MAX], const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
