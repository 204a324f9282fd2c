// Starts threads that signals do not interrupt.
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "common/attr.h"

// All signals are blocked for the new thread: they must wake the program's own thread. Returns
// false if there may be no more threads.
NODISCARD bool thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);
