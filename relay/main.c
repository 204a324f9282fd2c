#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/deep_stack.h"
#include "common/log.h"
#include "relay/relay.h"
#include "relay/relay_stop.h"
#include "relay/routing/routes_load.h"

static void on_signal(int signal_number)
{
    if (relay_stop())
        _exit(128 + signal_number);
}

static void catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGHUP, &ignore, NULL); // a terminal that closes is no reason to stop
}

struct configuration {
    const struct relay_settings *settings;
    const struct routes *routes;
    const struct buffer *warnings;
};

static int run(void *arg)
{
    const struct configuration *with = arg;
    struct log_options options = {
        .service = "websocket-gateway",
        .level = (enum log_level)with->settings->log_level,
        .format = (enum log_format)with->settings->log_format,
        .dir = with->settings->log_dir,
    };

    if (!log_open(&options))
        return EXIT_FAILURE;
    program_log_warnings(with->warnings);
    struct relay *relay = relay_new(with->settings, with->routes);
    int status = relay ? EXIT_SUCCESS : EXIT_FAILURE;
    if (relay)
        relay_run(relay);
    relay_free(relay);
    log_close();
    return status;
}

int main(int argc, char **argv)
{
    enum program_action action = program_arguments(relay_program(), argc, argv);
    static struct relay_settings settings; // its texts live as long as the process
    struct routes *routes = NULL;
    struct buffer errors = {0}, warnings = {0};
    int status = EXIT_FAILURE;

    if (action == PROGRAM_DONE)
        return EXIT_SUCCESS;
    if (action == PROGRAM_USAGE)
        return 2;
    catch_signals();
    if (relay_settings_load(&settings, &errors, &warnings))
        routes = routes_load(settings.event_routes_file, settings.queue_prefix, &errors);
    if (!routes || action == PROGRAM_CHECK_CONFIG)
        program_print_warnings(relay_program(), &warnings);
    if (!routes) {
        program_print_faults(relay_program(), &errors);
    } else if (action == PROGRAM_CHECK_CONFIG) {
        printf("%s: the settings are right, %zu routes\n", relay_program()->name, routes->count);
        status = EXIT_SUCCESS;
    } else {
        // Events have headers as deep as their services make them.
        status = deep_stack_run(run, &(struct configuration){&settings, routes, &warnings});
    }
    routes_free(routes);
    buffer_fini(&errors);
    buffer_fini(&warnings);
    return status;
}
