// The command line and main() of a server program: --help, --version and --check-config, and one
// line on stderr for any other argument.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/shared_settings.h"

struct program {
    const char *name;    // "ws-edge"
    const char *summary; // one line
    const struct setting *settings;
    size_t setting_count;
    const char *print_option; // "--asyncapi", of a program that prints something; or NULL
    const char *print_help;   // what that is, one line
};

enum program_action {
    PROGRAM_RUN,
    PROGRAM_CHECK_CONFIG, // --check-config: load the settings, say whether they are right, exit
    PROGRAM_PRINT,        // the program's print_option: load the settings, print, exit
    PROGRAM_DONE,         // --help or --version was answered: exit 0
    PROGRAM_USAGE,        // a wrong argument was named on stderr: exit 2
};

// What a server program is made of.
struct program_parts {
    // Loads the settings. False with a line in `errors` for each fault.
    bool (*load)(void *arg, struct buffer *errors, struct buffer *warnings);
    // Appends further text to the answer of --check-config. May be NULL.
    void (*describe)(const void *arg, struct buffer *out);
    // Appends what print_option prints. NULL without that option.
    void (*print)(const void *arg, struct buffer *out);
    // Serves until it is asked to stop. Returns false if it could not start. The log is open.
    bool (*run)(void *arg);
    const struct log_settings *log; // filled by load()
    void *arg;
};

// All of a server's main(): reads the arguments, loads the settings, opens the log, and runs.
// Returns the exit code: 0, 1 if something is wrong, 2 for a wrong argument.
NODISCARD int program_run(const struct program *program, const struct program_parts *parts,
                          int argc, char **argv);

// Reads the arguments of a server program (it takes no operands).
NODISCARD enum program_action program_arguments(const struct program *program, int argc,
                                                char **argv);

// Prints "<name>: wrong settings:" and the lines of `errors` to stderr.
void program_print_faults(const struct program *program, const struct buffer *errors);

// Logs the lines of `warnings`, which are about what is valid but probably a mistake.
void program_log_warnings(const struct buffer *warnings);
