// Runs code on a stack of 64 MB, for a library that recurses as deep as its input is nested.
//
// The main thread's stack is 8 MB or, by ulimit, less. An AMQP frame of 128 KB has room for 26,000
// nested lists, and rabbitmq-c calls itself for each.
#pragma once

#include "common/attr.h"

// Calls `run` on a new thread with such a stack and returns its result. Signals go to that thread.
NODISCARD int deep_stack_run(int (*run)(void *arg), void *arg);
