// The command line of a development tool: options, operands, settings, --help and --version.
//
// An option's value is a row of the tool's settings table, under its own name ("--count") or
// that of the environment variable that it overrides (WS_TOKEN): types, limits and messages
// then come from the one place that has them. Rows of options stand first in the table.
#pragma once

#include "common/program.h"

// What a repeatable option, or the command line itself, was given.
struct tool_list {
    char **items;
    size_t count;
};

struct tool_option {
    const char *name;     // without the dashes
    const char *argument; // as --help shows it; NULL: a switch
    const char *variable; // the row of the settings table that it fills; NULL: repeatable
    size_t list;          // offset of a repeatable one's tool_list
    const char *help;
};

// A row of the settings table that fills a member of the tool's `struct request`.
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
};

// Exit statuses. Whoever returns another one than TOOL_OK has said on stderr why.
enum tool_status { TOOL_OK = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

// Does what the command line asks for. `request` is what it and the settings have filled.
typedef enum tool_status (*tool_run_fn)(void *request, const struct tool_list *operands);

// All that main() of a tool does: answers --help and --version, or reads the command line and the
// settings into `request`, which is zeroed, and runs. Settings come from the environment and
// ./.env as they do for the servers, or with `--env FILE` from that file alone, so that a
// command works the same in every terminal. Lists and operands are borrowed from argv.
int tool_main(const struct tool *tool, int argc, char **argv, tool_run_fn run, void *request);

// One line on stderr: the tool's name, a colon and the message.
void tool_say(const char *format, ...) PRINTF(1, 2);

// The same for an error. Returns false, so that it can be the last word of a function.
bool tool_fail(const char *format, ...) PRINTF(1, 2);
