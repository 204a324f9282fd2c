// How much memory this process may use: the smallest limit of its control groups (cgroups versions
// 1 and 2, each with its ancestors) and of the machine.
#pragma once

#include <stddef.h>

// The smallest limit of the control groups in bytes, 0 if none has one. `proc` and `cgroups` are
// the kernel's "/proc/self/cgroup" and "/sys/fs/cgroup".
size_t memory_limit_of_groups(const char *proc, const char *cgroups);

// The smallest of all limits in bytes, 0 if not even the memory of the machine is known.
size_t memory_limit_find(void);
