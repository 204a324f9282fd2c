#include "relay/relay_requests.h"

#include <signal.h>

static volatile sig_atomic_t stop_requested, reload_requested;

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

void relay_reload(void)
{
    reload_requested = 1;
}

bool relay_take_reload(void)
{
    if (!reload_requested)
        return false;
    reload_requested = 0; // a signal that comes from now on is another request
    return true;
}
