// What processes cost: CPU time and memory of the gateway's programs, read from outside.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Nanoseconds of the clock that publisher and clients share.
uint64_t monotonic_ns(void);

// CPU time, user and system, that the processes have used so far, in seconds. Ends the program
// with a message when one is gone: figures without it would mislead.
double cpu_seconds(const pid_t *pids, size_t count);

// Resident memory of the processes, in bytes; the same when one is gone.
uint64_t resident_bytes(const pid_t *pids, size_t count);

// The most that a process has had resident so far, in bytes.
uint64_t peak_bytes(pid_t pid);

// Sorts `values` and returns the one that `percent` of them do not exceed; 0 of none.
uint32_t percentile(uint32_t *values, size_t count, double percent);
