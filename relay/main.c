#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/deep_stack.h"
#include "common/gateway_file/gateway_file.h"
#include "relay/relay.h"
#include "relay/relay_requests.h"

struct configuration {
    struct relay_settings settings;
    struct gateway_file *file;
};

static void on_signal(int signal_number)
{
    if (relay_stop())
        _exit(128 + signal_number);
}

static void on_hangup(int signal_number)
{
    (void)signal_number;
    relay_reload();
}

static void catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_signal}, hangup = {.sa_handler = on_hangup};

    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGHUP, &hangup, NULL);
}

static bool load(void *arg, struct buffer *errors, struct buffer *warnings)
{
    struct configuration *c = arg;

    catch_signals();
    if (relay_settings_load(&c->settings, errors, warnings))
        c->file = relay_settings_load_file(&c->settings, errors);
    return c->file != NULL;
}

static void describe(const void *arg, struct buffer *out)
{
    const struct configuration *c = arg;

    buffer_printf(out, ", %zu routes", c->file->routes->count);
}

static int run_relay(void *arg)
{
    struct configuration *c = arg;
    struct relay *relay = relay_new(&c->settings, c->file);

    c->file = NULL; // the relay owns it

    if (!relay)
        return EXIT_FAILURE;
    relay_run(relay);
    relay_free(relay);
    return EXIT_SUCCESS;
}

// rabbitmq-c calls itself for each level of nested headers, and services choose how deep they are.
static bool run(void *arg)
{
    return deep_stack_run(run_relay, arg) == EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct configuration configuration; // static, since its strings are never freed
    const struct program_parts parts = {.load = load,
                                        .describe = describe,
                                        .run = run,
                                        .log = &configuration.settings.log,
                                        .arg = &configuration};
    int status = program_run(relay_program(), &parts, argc, argv);

    gateway_file_free(configuration.file);
    return status;
}
