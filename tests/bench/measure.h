// Measures processes from outside: CPU time and memory of the gateway's programs.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The monotonic clock, which publisher and clients share.
uint64_t monotonic_ns(void);
void sleep_ns(uint64_t ns); // below a second

// CPU time (user and system) that the processes have used so far, in seconds. Ends the program with
// a message if a process is gone, since figures without it would mislead.
double cpu_seconds(const pid_t *pids, size_t count);

// Resident memory of the processes in bytes. Also ends the program if a process is gone.
uint64_t resident_bytes(const pid_t *pids, size_t count);

// The largest resident memory that a process has had, in bytes.
uint64_t peak_bytes(pid_t pid);

// Sorts `values` and returns their percentile, 0 if there are none.
uint32_t percentile(uint32_t *values, size_t count, double percent);
