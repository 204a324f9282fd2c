// Listening TCP sockets: where a program takes connections.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attr.h"

struct listener_options {
    const char *host; // a name or an address of this machine
    uint16_t port;    // 0: the kernel picks one
    int backlog;
    bool shared; // further processes may listen on the same port (SO_REUSEPORT)
    // Called before the socket is bound, for options that its connections inherit. May be NULL.
    void (*tune)(int fd);
    // How an error names the port and the way out: "the client port", "PORT", ….
    const char *what, *port_setting, *host_setting;
};

// A listening, non-blocking, close-on-exec descriptor that the caller closes; -1 with one line in
// the log when the address cannot be had.
NODISCARD int listener_open(const struct listener_options *options);

// The port that it really listens on.
uint16_t listener_port(int fd);
