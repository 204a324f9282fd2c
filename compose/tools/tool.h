// The command line of a tool: options, operands, settings, --help and --version.
//
// The value of an option is a row of the tool's settings table, under the option's name ("--count")
// or under the environment variable that it overrides (WS_TOKEN). So types, limits and messages
// come from one place. The rows of options come first in the table.
#pragma once

#include "common/program.h"

// The values of a repeatable option, or the operands.
struct tool_list {
    char **items;
    size_t count;
};

struct tool_option {
    const char *name;     // without the dashes
    const char *argument; // as --help shows it; NULL: the option is a switch
    const char *variable; // the row that it fills; NULL: the option is repeatable
    size_t list;          // of a repeatable option: offset of its tool_list
    const char *help;
};

// A row of the settings table that fills a member of the tool's struct request.
#define TOOL_ROW(name, type, member, fallback, min, max, help)                                     \
    {                                                                                              \
        name, type, offsetof(struct request, member), fallback, min, max, NULL, help               \
    }

struct tool {
    struct program program;
    const char *synopsis; // the operands as --help shows them
    size_t max_operands;
    const struct tool_option *options;
    size_t option_count;
    // Checks the settings against each other; a line in `errors` for each fault. May be NULL.
    void (*check)(void *request, struct buffer *errors);
};

// Exit statuses. A function that returns another status than TOOL_OK has written the reason to
// stderr.
enum tool_status { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

// Does what the command line asks for. `request` holds the options and settings.
typedef enum tool_status (*tool_run_fn)(void *request, const struct tool_list *operands);

// All of a tool's main(): answers --help and --version, or fills the zeroed `request` from the
// command line and the settings and calls `run`. Settings come from the environment and ./.env, as
// for the servers, or with `--env FILE` from that file alone, so that a command does the same in
// every terminal. Lists and operands are borrowed from argv.
int tool_main(const struct tool *tool, int argc, char **argv, tool_run_fn run, void *request);

// One line on stderr: the tool's name, a colon and the message.
void tool_say(const char *format, ...) PRINTF(1, 2);

// The same for an error. Returns false, so that a caller can return it.
bool tool_fail(const char *format, ...) PRINTF(1, 2);
