// A stack that is deep enough for a library that recurses as deep as its input is nested.
//
// The stack of a process is as large as its surroundings allow, 8 MB or 1. An AMQP frame of
// 128 KB has room for 26,000 lists in lists, and rabbitmq-c calls itself for each.
#pragma once

#include "common/attr.h"

// Runs `run` on a thread with such a stack and returns what it returns. Signals go to that thread.
NODISCARD int deep_stack_run(int (*run)(void *arg), void *arg);
