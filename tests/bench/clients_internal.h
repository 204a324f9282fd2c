// What clients.c, which connects and polls, and dialogue.c, which speaks the protocols, share.
#pragma once

#include "common/buffer.h"
#include "common/list.h"
#include "tests/bench/clients.h"

#define READ_BYTES 262144 // read at one time; larger frames are an error
#define PID_MAX    32
#define OFFSET_MAX 96

enum client_state { DIALLING, UPGRADING, OPENING, JOINING, READY, CLOSED };

struct client {
    int fd;
    enum client_state state;
    struct list unready; // in clients->unready until it is READY
    struct buffer rest;  // an incomplete frame
    uint32_t dials, failures;
    uint64_t at_ns; // when it began to connect, or is to connect again
    bool recovered;
    char pid[PID_MAX], offset[OFFSET_MAX]; // empty: none yet
};

struct clients {
    struct clients_options options;
    int epoll;
    uint32_t started, ready, closed, on_their_way;
    uint64_t looked_ns;
    struct list unready; // the others need no look
    struct client *all;
    struct buffer out;
    char in[READ_BYTES];
};

// How long a client waits before it reconnects after this number of failures.
uint64_t client_delay_ns(const struct clients_options *options, uint32_t failures);
void client_close(struct clients *clients, struct client *client, const char *why);

// The TCP connection is open: asks for a WebSocket.
void client_greet(struct clients *clients, struct client *client);
// Reads what has come, and answers.
void client_read(struct clients *clients, struct client *client);
