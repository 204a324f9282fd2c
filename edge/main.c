#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "edge/edge.h"
#include "edge/file_limits.h"

static int run(const struct edge_settings *settings, const struct buffer *warnings)
{
    struct log_options options = {
        .service = "websocket-gateway",
        .level = (enum log_level)settings->log_level,
        .format = (enum log_format)settings->log_format,
        .dir = settings->log_dir,
    };

    if (!log_open(&options))
        return EXIT_FAILURE;
    program_log_warnings(warnings);
    struct edge *edge = edge_new(settings);
    bool ok = edge_run(edge);
    edge_free(edge);
    log_close();
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    enum program_action action = program_arguments(edge_program(), argc, argv);
    static struct edge_settings settings; // its texts live as long as the process
    struct buffer errors = {0}, warnings = {0};
    int status = EXIT_FAILURE;

    if (action == PROGRAM_DONE)
        return EXIT_SUCCESS;
    if (action == PROGRAM_USAGE)
        return 2;
    signal(SIGPIPE, SIG_IGN); // hiredis writes to sockets that may be gone
    signal(SIGHUP, SIG_IGN);  // a terminal that closes is no reason to stop
    bool right = edge_settings_load(&settings, &errors, &warnings);
    if (!right || action == PROGRAM_CHECK_CONFIG)
        program_print_warnings(edge_program(), &warnings);
    if (!right) {
        program_print_faults(edge_program(), &errors);
    } else if (action == PROGRAM_CHECK_CONFIG) {
        puts("ws-edge: the settings are right");
        status = EXIT_SUCCESS;
    } else {
        raise_file_limit();
        status = run(&settings, &warnings);
    }
    buffer_fini(&errors);
    buffer_fini(&warnings);
    return status;
}
