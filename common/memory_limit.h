// How much memory this process may use: the limit of its control groups (cgroups version 2 and 1,
// each with its ancestors), or else the memory of the machine.
#pragma once

#include <stddef.h>

// `proc` and `cgroups` are where the kernel shows them: "/proc/self/cgroup" and "/sys/fs/cgroup".
// 0 when no group has a limit.
size_t memory_limit_of_groups(const char *proc, const char *cgroups);

// The smallest of all limits. 0 when not even the size of the machine is known.
size_t memory_limit_find(void);
