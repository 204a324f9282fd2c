#include "common/deep_stack.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

// rabbitmq-c needs up to 200 bytes for a level. Pages of a stack that are never used take no
// memory.
#define STACK_BYTES ((size_t)64 * 1024 * 1024)

struct call {
    int (*run)(void *arg);
    void *arg;
    int result;
};

static void *run_call(void *arg)
{
    struct call *call = arg;

    call->result = call->run(call->arg);
    return NULL;
}

int deep_stack_run(int (*run)(void *arg), void *arg)
{
    struct call call = {.run = run, .arg = arg};
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;

    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0 ||
        pthread_create(&thread, &attributes, run_call, &call) != 0)
        abort(); // out of memory
    pthread_attr_destroy(&attributes);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return call.result;
}
