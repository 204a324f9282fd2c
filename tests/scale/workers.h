// The clients of tests/scale/run, in as many processes as the limit of open files demands. Their
// counts are in memory that they share with the director, which forked them.
//
// Client g of all is in a room: one of the `together` first ones, which every process has its share
// of, in room 0; the others by turns in the rooms from 1 on.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attr.h"

#define LATENCY_STEPS 512 // sixteen for each doubling of the microseconds

struct worker_counts {
    atomic_uint ready, recovered, afresh; // clients now, and returns so far
    atomic_ullong deliveries, lost, doubled;
    atomic_uint stage; // that the worker has begun
    atomic_uint latencies[LATENCY_STEPS];
};

struct workers_plan {
    const uint16_t *ports;
    size_t port_count;
    const char *secret; // of the tokens
    uint32_t clients;   // of all workers; a multiple of `workers`
    uint32_t workers;
    uint32_t together; // a multiple of `workers`
    uint32_t rooms;    // beside room 0
    uint32_t at_once;  // clients of all workers that may connect at one time
};

struct workers {
    struct workers_plan plan;
    pid_t *pids;
    struct workers_board *board;
};

// The user that the first of `workers_user_sockets` clients of the first worker are.
#define WORKERS_USER "scale-0-0"

// Forks the workers, which begin to connect. Returns false with the reason on stderr.
NODISCARD bool workers_start(struct workers *workers, const struct workers_plan *plan);
// Ends them.
void workers_stop(struct workers *workers);

// Lets every client count messages from 0 again, and the latencies. Waits for all workers. False if
// one has ended.
NODISCARD bool workers_begin_stage(struct workers *workers);
// False, with the reason on stderr, if a worker has ended.
NODISCARD bool workers_are_alive(const struct workers *workers);

struct workers_sum {
    uint32_t ready, recovered, afresh;
    uint64_t deliveries, lost, doubled;
};

struct workers_sum workers_sum(const struct workers *workers);
// In microseconds; exact to 5 %.
uint32_t workers_latency_us(const struct workers *workers, double percent);

// How many clients are in this room, and how many are WORKERS_USER.
uint32_t workers_in_room(const struct workers_plan *plan, uint32_t room);
uint32_t workers_of_user(const struct workers_plan *plan);
