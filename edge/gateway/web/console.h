// The console: a page for development that is two Socket.IO clients in a browser.
//
// It gives nobody any right: its clients need a token like all others. Its files lie in
// edge/console and are part of the program.
#pragma once

#include "common/attr.h"
#include "edge/http/exchange.h"

// Answers the exchange if its path is one of the console's: "/console", or one of its files below
// it. False, and nothing is answered, for all other paths.
NODISCARD bool console_handle(struct http_exchange *exchange);
