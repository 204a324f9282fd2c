// What clients.c, which dials and polls, and dialogue.c, which speaks, have in common.
#pragma once

#include "common/buffer.h"
#include "tests/bench/clients.h"

#define READ_BYTES 262144 // at one time, and of one frame at most
#define PID_MAX    32
#define OFFSET_MAX 96

enum client_state { DIALLING, UPGRADING, OPENING, JOINING, READY, CLOSED };

struct client {
    int fd;
    enum client_state state;
    struct buffer rest; // the beginning of a frame that has not come whole
    uint32_t dials, failures;
    uint64_t at_ns; // it dialled, or is to dial
    bool recovered;
    char pid[PID_MAX], offset[OFFSET_MAX]; // empty: none yet
};

struct clients {
    struct clients_options options;
    int epoll;
    uint32_t started, ready, closed, on_their_way;
    uint64_t looked_ns;
    struct client *all;
    struct buffer out;
    char in[READ_BYTES];
};

// When it is to dial again, from now on, after so many failures.
uint64_t client_delay_ns(const struct clients_options *options, uint32_t failures);
void client_close(struct clients *clients, struct client *client, const char *why);

// It is connected: asks for a WebSocket.
void client_greet(struct clients *clients, struct client *client);
// Takes what has come, and answers.
void client_read(struct clients *clients, struct client *client);
