// Opens listening TCP sockets.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct listen_socket_options {
    const char *host; // a name or an address of this machine
    uint16_t port;    // 0: the kernel picks one
    int backlog;
    bool shared; // several processes may listen on the port if all say so (SO_REUSEPORT)
    // Called before the socket is bound, for options that its connections inherit. May be NULL.
    void (*tune)(int fd);
    // How an error names the port, and the settings to change: "the client port", "PORT", ….
    const char *what, *port_setting, *host_setting;
    const char *share_setting; // the setting for `shared`; NULL: none
};

// Returns a listening, non-blocking, close-on-exec descriptor that the caller closes. Returns -1,
// with a line in the log, if it cannot listen there.
NODISCARD int listen_socket_open(const struct listen_socket_options *options);

// The port that the socket listens on, 0 on failure.
uint16_t listen_socket_port(int fd);
