#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "edge/edge.h"
#include "edge/surroundings.h"

static int run(const struct edge_settings *settings)
{
    struct log_options options = {
        .service = "websocket-gateway",
        .level = (enum log_level)settings->log_level,
        .format = (enum log_format)settings->log_format,
        .dir = settings->log_dir,
    };

    if (!log_open(&options))
        return EXIT_FAILURE;
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
    struct buffer errors = {0};

    if (action == PROGRAM_DONE)
        return EXIT_SUCCESS;
    if (action == PROGRAM_USAGE)
        return 2;
    signal(SIGPIPE, SIG_IGN); // hiredis writes to sockets that may be gone
    signal(SIGHUP, SIG_IGN);  // a terminal that closes is no reason to stop
    bool right = edge_settings_load(&settings, &errors);
    if (!right)
        program_print_faults(edge_program(), &errors);
    buffer_fini(&errors);
    if (!right)
        return EXIT_FAILURE;
    if (action == PROGRAM_CHECK_CONFIG) {
        puts("ws-edge: the settings are right");
        return EXIT_SUCCESS;
    }
    raise_file_limit();
    return run(&settings);
}
