// What a client hears of its token: that it expires soon, and that it has expired. The transport is
// closed then.
#pragma once

#include "edge/gateway/clients/client_metrics.h"
#include "edge/gateway/clients/token_expiry.h"
#include "edge/gateway/delivery/delivery.h"

struct token_notices {
    struct delivery *delivery;
    struct client_metrics *metrics;
    struct buffer text;
};

// For token_expiry_new(), whose alarms must be those of clients. Borrows `notices`.
struct token_expiry_handlers token_notices_handlers(struct token_notices *notices);
void token_notices_fini(struct token_notices *notices);
