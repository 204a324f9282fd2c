#define LOG_MODULE "settings"

#include "common/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

static void print_help(const struct program *program)
{
    const char *print = program->print_option;

    printf("Usage: %s [--check-config%s%s]\n\n%s\n\n", program->name, print ? " | " : "",
           print ? print : "", program->summary);
    printf("Options\n");
    if (print)
        printf("  %-14s  %s\n", print, program->print_help);
    printf("  --check-config  check the settings and exit\n"
           "  --help          print this text and exit\n"
           "  --version       print the version and exit\n\n");
    settings_print_help(program->settings, program->setting_count);
}

enum program_action program_arguments(const struct program *program, int argc, char **argv)
{
    enum program_action action = PROGRAM_RUN;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(program);
            return PROGRAM_DONE;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("%s %s\n", program->name, GATEWAY_VERSION);
            return PROGRAM_DONE;
        }
        if (program->print_option && strcmp(argv[i], program->print_option) == 0) {
            action = PROGRAM_PRINT;
        } else if (strcmp(argv[i], "--check-config") == 0) {
            action = PROGRAM_CHECK_CONFIG;
        } else {
            fprintf(stderr, "%s: unknown argument \"%s\"; %s --help shows what there is\n",
                    program->name, argv[i], program->name);
            return PROGRAM_USAGE;
        }
    }
    return action;
}

// Prints what is valid but probably a mistake, a line each.
static void print_warnings(const struct program *program, const struct buffer *warnings)
{
    struct span rest = buffer_span(warnings), line;

    while (span_take_until(&rest, '\n', &line))
        if (line.len > 0)
            fprintf(stderr, "%s: warning: " SPAN_FMT "\n", program->name, SPAN_ARG(line));
}

void program_log_warnings(const struct buffer *warnings)
{
    struct span rest = buffer_span(warnings), line;

    while (span_take_until(&rest, '\n', &line))
        if (line.len > 0)
            log_warn("perhaps a mistake in the settings reason=" SPAN_FMT, SPAN_ARG(line));
}

void program_print_faults(const struct program *program, const struct buffer *errors)
{
    struct span rest = buffer_span(errors), line;

    fprintf(stderr, "%s: wrong settings:\n", program->name);
    while (span_take_until(&rest, '\n', &line))
        if (line.len > 0)
            fprintf(stderr, "  " SPAN_FMT "\n", SPAN_ARG(line));
}

static bool run_with_log(const struct program_parts *parts, const struct buffer *warnings)
{
    struct log_options options = {
        .service = "websocket-gateway",
        .level = (enum log_level)parts->log->level,
        .format = (enum log_format)parts->log->format,
        .dir = parts->log->dir,
    };

    if (!log_open(&options))
        return false;
    program_log_warnings(warnings);
    bool ok = parts->run(parts->arg);
    log_close();
    return ok;
}

static void print_right(const struct program *program, const struct program_parts *parts)
{
    struct buffer more = {0};

    if (parts->describe)
        parts->describe(parts->arg, &more);
    printf("%s: the settings are right%s\n", program->name, more.ptr ? more.ptr : "");
    buffer_fini(&more);
}

static bool print_all(const struct program_parts *parts)
{
    struct buffer out = {0};

    parts->print(parts->arg, &out);
    bool ok = fwrite(out.ptr, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
    buffer_fini(&out);
    return ok;
}

int program_run(const struct program *program, const struct program_parts *parts, int argc,
                char **argv)
{
    enum program_action action = program_arguments(program, argc, argv);
    struct buffer errors = {0}, warnings = {0};

    if (action == PROGRAM_DONE)
        return EXIT_SUCCESS;
    if (action == PROGRAM_USAGE)
        return 2;
    signal(SIGPIPE, SIG_IGN); // peers close sockets that are written to
    signal(SIGHUP, SIG_IGN);  // closing a terminal is no reason to stop
    bool ok = parts->load(parts->arg, &errors, &warnings);
    if (!ok || action != PROGRAM_RUN)
        print_warnings(program, &warnings);
    if (!ok)
        program_print_faults(program, &errors);
    else if (action == PROGRAM_CHECK_CONFIG)
        print_right(program, parts);
    else if (action == PROGRAM_PRINT)
        ok = print_all(parts);
    else
        ok = run_with_log(parts, &warnings);
    buffer_fini(&errors);
    buffer_fini(&warnings);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
