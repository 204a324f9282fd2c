// Memory of the whole machine.
#pragma once

#include <stdint.h>

// What is left for further programs, without swapping.
uint64_t machine_available_bytes(void);
// What the kernel holds for bytes of TCP connections.
uint64_t machine_tcp_bytes(void);
