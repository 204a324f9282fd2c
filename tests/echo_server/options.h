// The command line of echo-server.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct echo_options {
    const char *host;
    uint16_t port; // 0: the kernel picks one
    uint32_t ping_interval_ms;
    uint32_t ping_timeout_ms;
    uint32_t head_timeout_ms;
    uint32_t max_payload;
    bool compression;
    bool allow_eio3;
};

enum echo_action {
    ECHO_RUN = 0,
    ECHO_DONE,  // --help or --version was answered
    ECHO_USAGE, // an error was reported on stderr
};

NODISCARD enum echo_action echo_options_read(int argc, char **argv, struct echo_options *out);
