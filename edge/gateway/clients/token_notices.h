// Tells clients that their token expires soon, or has expired; in the second case closes the
// transport too. A token whose key was taken away counts as expired.
#pragma once

#include "edge/gateway/clients/client_metrics.h"
#include "edge/gateway/clients/token.h"
#include "edge/gateway/clients/token_expiry.h"
#include "edge/gateway/delivery/delivery.h"

struct token_notices {
    struct delivery *delivery;
    const struct token_verifier *verifier;
    struct client_metrics *metrics;
    struct buffer text;
};

// The handlers for token_expiry_new(). Every alarm must be that of a struct client. Borrows
// `notices`.
struct token_expiry_handlers token_notices_handlers(struct token_notices *notices);
void token_notices_fini(struct token_notices *notices);
