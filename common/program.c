#define LOG_MODULE "settings"

#include "common/program.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"

static void print_help(const struct program *program)
{
    printf("Usage: %s [--check-config]\n\n%s\n\n", program->name, program->summary);
    printf("Options\n"
           "  --check-config  say whether the settings are right, and exit\n"
           "  --help          show this text, and exit\n"
           "  --version       show the version, and exit\n\n");
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
        if (strcmp(argv[i], "--check-config") != 0) {
            fprintf(stderr, "%s: unknown argument \"%s\"; %s --help shows what there is\n",
                    program->name, argv[i], program->name);
            return PROGRAM_USAGE;
        }
        action = PROGRAM_CHECK_CONFIG;
    }
    return action;
}

void program_print_warnings(const struct program *program, const struct buffer *warnings)
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
            log_warn("perhaps not meant so: " SPAN_FMT, SPAN_ARG(line));
}

void program_print_faults(const struct program *program, const struct buffer *errors)
{
    struct span rest = buffer_span(errors), line;

    fprintf(stderr, "%s: wrong settings:\n", program->name);
    while (span_take_until(&rest, '\n', &line))
        if (line.len > 0)
            fprintf(stderr, "  " SPAN_FMT "\n", SPAN_ARG(line));
}
