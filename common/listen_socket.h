// Listening TCP sockets: where a program takes connections.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct listen_socket_options {
    const char *host; // a name or an address of this machine
    uint16_t port;    // 0: the kernel picks one
    int backlog;
    bool shared; // with further processes that say the same (SO_REUSEPORT); else the port is ours
    // Called before the socket is bound, for options that its connections inherit. May be NULL.
    void (*tune)(int fd);
    // How an error names the port and the way out: "the client port", "PORT", ….
    const char *what, *port_setting, *host_setting;
    const char *share_setting; // that sets `shared`; NULL: none does
};

// A listening, non-blocking, close-on-exec descriptor that the caller closes; -1 with one line in
// the log when the address cannot be had.
NODISCARD int listen_socket_open(const struct listen_socket_options *options);

// The port that it really listens on.
uint16_t listen_socket_port(int fd);
