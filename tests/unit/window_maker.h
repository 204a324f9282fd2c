// Makes entries for tests of the uplink's window, and empties it.
#pragma once

#include "relay/uplink/uplink_window.h"

static inline struct uplink_entry entry_of(const char *id, const char *owner)
{
    return (struct uplink_entry){span_of(id), SPAN_LIT("fleet"), SPAN_LIT("client.location"),
                                 span_of(owner), SPAN_LIT("{}")};
}

// Also what the test has as sent, for which no publisher will answer.
static inline void window_fini(struct uplink_window *window)
{
    list_for_each (node, &window->items)
        list_entry(node, struct uplink_item, node)->state = UPLINK_WAITING;
    uplink_window_forget(window);
}
