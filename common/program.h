// What every program of the project does with its command line: --help, --version and
// --check-config, and one clear line for anything else.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/settings.h"

struct program {
    const char *name;    // "ws-edge"
    const char *summary; // one line
    const struct setting *settings;
    size_t setting_count;
};

enum program_action {
    PROGRAM_RUN,
    PROGRAM_CHECK_CONFIG, // --check-config: load the settings, say whether they are right, exit
    PROGRAM_DONE,         // --help or --version was answered: exit 0
    PROGRAM_USAGE,        // a wrong argument was named on stderr: exit 2
};

// Reads the arguments of a server program (it takes no operands).
NODISCARD enum program_action program_arguments(const struct program *program, int argc,
                                                char **argv);

// Says what is not wrong but may not be meant, a line each: on stderr, or in the log.
void program_print_warnings(const struct program *program, const struct buffer *warnings);
void program_log_warnings(const struct buffer *warnings);

// Prints "<name>: wrong settings:" and the lines of `errors` to stderr.
void program_print_faults(const struct program *program, const struct buffer *errors);
