// How much memory this process may use: what its control groups allow (Linux cgroups of version 2
// and 1, each with those above it), and else what the machine has.
#pragma once

#include <stddef.h>

// `proc` and `cgroups` are where the kernel shows them: "/proc/self/cgroup" and "/sys/fs/cgroup".
// 0 when no group has a limit.
size_t memory_limit_of_groups(const char *proc, const char *cgroups);

// The least of all limits. 0 when not even the machine's size is known.
size_t memory_limit_find(void);
