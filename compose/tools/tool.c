#include "compose/tools/tool.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"

#define MAX_OPTIONS 16

enum { OPTION_ENV = 1000, OPTION_HELP, OPTION_VERSION };

enum action {
    RUN,
    DONE, // --help or --version was answered
    USAGE // an error was reported on stderr
};

struct command_line {
    const char *env_file;
    char *values[MAX_OPTIONS]; // by index of the option
};

static void say(const char *format, va_list args)
{
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void tool_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
}

bool tool_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    return false;
}

static size_t count_option_rows(const struct program *program)
{
    size_t n = 0;

    while (n < program->setting_count && strncmp(program->settings[n].name, "--", 2) == 0)
        n++;
    return n;
}

static void print_option(const char *name, const char *argument, const char *help)
{
    char left[64];

    snprintf(left, sizeof(left), "--%s %s", name, argument ? argument : "");
    printf("  %-24s %s\n", left, help);
}

static void print_help(const struct tool *tool)
{
    const struct program *program = &tool->program;
    size_t rows = count_option_rows(program);

    printf("Usage: %s [options]%s%s\n%s\n\nOptions:\n", program->name,
           tool->synopsis[0] != '\0' ? " " : "", tool->synopsis, program->summary);
    for (size_t i = 0; i < tool->option_count; i++)
        print_option(tool->options[i].name, tool->options[i].argument, tool->options[i].help);
    print_option("env", "FILE", "read the settings only from FILE, not from the environment");
    print_option("help", NULL, "print this text and exit");
    print_option("version", NULL, "print the version and exit");
    putchar('\n');
    settings_print_help(program->settings + rows, program->setting_count - rows);
}

static void add_to_list(struct tool_list *list, char *item)
{
    list->items = mem_realloc(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = item;
}

static void describe_options(const struct tool *tool, struct option out[MAX_OPTIONS + 4])
{
    size_t n = tool->option_count;

    assert(n <= MAX_OPTIONS);
    for (size_t i = 0; i < n; i++) {
        int has_argument = tool->options[i].argument ? required_argument : no_argument;
        out[i] = (struct option){tool->options[i].name, has_argument, NULL, (int)i};
    }
    out[n++] = (struct option){"env", required_argument, NULL, OPTION_ENV};
    out[n++] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    out[n++] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    out[n] = (struct option){NULL, 0, NULL, 0};
}

static enum action point_at_help(const struct tool *tool)
{
    fprintf(stderr, "Try \"%s --help\".\n", tool->program.name);
    return USAGE;
}

static void take_option(const struct tool_option *option, char **value, void *into)
{
    if (option->variable)
        *value = optarg ? optarg : (char *)"true";
    else
        add_to_list((struct tool_list *)((char *)into + option->list), optarg);
}

static enum action read_arguments(const struct tool *tool, int argc, char **argv, void *into,
                                  struct command_line *line)
{
    struct option options[MAX_OPTIONS + 4];
    int choice;

    describe_options(tool, options);
    while ((choice = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (choice) {
        case OPTION_ENV:
            line->env_file = optarg;
            break;
        case OPTION_HELP:
            print_help(tool);
            return DONE;
        case OPTION_VERSION:
            printf("%s %s\n", tool->program.name, GATEWAY_VERSION);
            return DONE;
        case '?': // getopt_long has reported it
            return point_at_help(tool);
        default:
            take_option(&tool->options[choice], &line->values[choice], into);
        }
    }
    return RUN;
}

static bool read_settings_file(const struct tool *tool, const char *path, struct buffer *errors)
{
    if (!path)
        return settings_read_dotenv(".env", errors);
    if (access(path, R_OK) != 0) {
        settings_fault(errors, "--env %s cannot be read: %s", path, strerror(errno));
        return false;
    }
    for (size_t i = 0; i < tool->program.setting_count; i++)
        settings_forget(&tool->program.settings[i]);
    return settings_read_dotenv(path, errors);
}

static const struct setting *find_row(const struct program *program, const char *name)
{
    for (size_t i = 0; i < program->setting_count; i++)
        if (strcmp(program->settings[i].name, name) == 0)
            return &program->settings[i];
    return NULL;
}

// Other users can see the arguments of a process, so a secret is overwritten as soon as it is read.
static void take_value(const struct program *program, const struct tool_option *option, char *value)
{
    const struct setting *row = find_row(program, option->variable);

    assert(row);
    settings_forget(row); // of a secret the option replaces the file as well
    setenv(option->variable, value, 1);
    if (option->argument && row->type == SETTING_SECRET)
        memset(value, 'x', strlen(value));
}

static bool load_settings(const struct tool *tool, const struct command_line *line, void *into)
{
    const struct program *program = &tool->program;
    struct buffer errors = {0};
    bool ok = read_settings_file(tool, line->env_file, &errors);

    for (size_t i = 0; i < tool->option_count; i++) {
        if (line->values[i])
            take_value(program, &tool->options[i], line->values[i]);
    }
    if (ok)
        ok = settings_load(program->settings, program->setting_count, into, &errors);
    if (ok && tool->check)
        tool->check(into, &errors);
    ok = ok && errors.len == 0;
    if (!ok)
        program_print_faults(program, &errors);
    buffer_fini(&errors);
    return ok;
}

static enum action start(const struct tool *tool, int argc, char **argv, void *into,
                         struct tool_list *operands)
{
    struct command_line line = {0};
    enum action action = read_arguments(tool, argc, argv, into, &line);

    if (action != RUN)
        return action;
    *operands = (struct tool_list){argv + optind, (size_t)(argc - optind)};
    if (operands->count > tool->max_operands) {
        tool_fail("unexpected argument \"%s\"", operands->items[tool->max_operands]);
        return point_at_help(tool);
    }
    return load_settings(tool, &line, into) ? RUN : USAGE;
}

int tool_main(const struct tool *tool, int argc, char **argv, tool_run_fn run, void *request)
{
    struct tool_list operands;

    switch (start(tool, argc, argv, request, &operands)) {
    case DONE:
        return TOOL_OK;
    case USAGE:
        return TOOL_USAGE;
    case RUN:
        break;
    }
    return (int)run(request, &operands);
}
