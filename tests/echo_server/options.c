#include "tests/echo_server/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "Usage: echo-server [options]\n"
    "\n"
    "Answers Engine.IO clients at /engine.io/ and Socket.IO clients at /socket.io/ with what they\n"
    "said, for tests of the two protocols.\n"
    "\n"
    "Options\n"
    "  --host HOST          address to listen on (127.0.0.1)\n"
    "  --port PORT          port to listen on, 0 for any (3000)\n"
    "  --ping-interval MS   between two heartbeats (25000)\n"
    "  --ping-timeout MS    how long the answer to one may take (20000)\n"
    "  --head-timeout MS    how long a request head may take (10000)\n"
    "  --max-payload BYTES  of one message or one POST (1000000)\n"
    "  --compression        compress messages of 1 KB and more for WebSockets that offer it\n"
    "  --allow-eio3         serve clients of Engine.IO 3 too\n"
    "  --help               show this text, and exit\n"
    "  --version            show the version, and exit\n";

enum option_id {
    HOST = 1,
    PORT,
    PING_INTERVAL,
    PING_TIMEOUT,
    HEAD_TIMEOUT,
    MAX_PAYLOAD,
    COMPRESSION,
    EIO3,
    HELP,
    VERSION
};

static const struct option long_options[] = {
    {"host", required_argument, NULL, HOST},
    {"port", required_argument, NULL, PORT},
    {"ping-interval", required_argument, NULL, PING_INTERVAL},
    {"ping-timeout", required_argument, NULL, PING_TIMEOUT},
    {"head-timeout", required_argument, NULL, HEAD_TIMEOUT},
    {"max-payload", required_argument, NULL, MAX_PAYLOAD},
    {"compression", no_argument, NULL, COMPRESSION},
    {"allow-eio3", no_argument, NULL, EIO3},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static bool read_number(const char *name, const char *text, uint32_t min, uint32_t max,
                        uint32_t *out)
{
    char *end;

    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || n < min || n > max) {
        fprintf(stderr, "echo-server: --%s must be a number from %u to %u, not \"%s\"\n", name, min,
                max, text);
        return false;
    }
    *out = (uint32_t)n;
    return true;
}

static bool read_port(const char *text, uint16_t *out)
{
    uint32_t port;

    if (!read_number("port", text, 0, UINT16_MAX, &port))
        return false;
    *out = (uint16_t)port;
    return true;
}

// Returns false if the value is wrong, or for '?', which getopt has reported.
static bool take_option(int id, const char *value, struct echo_options *out)
{
    switch (id) {
    case HOST:
        out->host = value;
        return true;
    case PORT:
        return read_port(value, &out->port);
    case PING_INTERVAL:
        return read_number("ping-interval", value, 1, INT32_MAX, &out->ping_interval_ms);
    case PING_TIMEOUT:
        return read_number("ping-timeout", value, 1, INT32_MAX, &out->ping_timeout_ms);
    case HEAD_TIMEOUT:
        return read_number("head-timeout", value, 1, INT32_MAX, &out->head_timeout_ms);
    case MAX_PAYLOAD:
        return read_number("max-payload", value, 1, INT32_MAX, &out->max_payload);
    case COMPRESSION:
        out->compression = true;
        return true;
    case EIO3:
        out->allow_eio3 = true;
        return true;
    default:
        return false;
    }
}

enum echo_action echo_options_read(int argc, char **argv, struct echo_options *out)
{
    int id;

    *out = (struct echo_options){.host = "127.0.0.1",
                                 .port = 3000,
                                 .ping_interval_ms = 25000,
                                 .ping_timeout_ms = 20000,
                                 .head_timeout_ms = 10000,
                                 .max_payload = 1000000};
    while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (id == HELP) {
            fputs(help, stdout);
            return ECHO_DONE;
        }
        if (id == VERSION) {
            puts("echo-server " GATEWAY_VERSION);
            return ECHO_DONE;
        }
        if (!take_option(id, optarg, out))
            return ECHO_USAGE;
    }
    if (optind < argc) {
        fprintf(stderr, "echo-server: unknown argument \"%s\"; --help shows what there is\n",
                argv[optind]);
        return ECHO_USAGE;
    }
    return ECHO_RUN;
}
