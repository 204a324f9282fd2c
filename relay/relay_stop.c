#include "relay/relay_stop.h"

#include <signal.h>

static volatile sig_atomic_t stop_requested;

bool relay_stop(void)
{
    bool again = stop_requested;

    stop_requested = 1;
    return again;
}

bool relay_stopping(void)
{
    return stop_requested != 0;
}
