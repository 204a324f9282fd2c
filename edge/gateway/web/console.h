// Serves the console, a page for development with two Socket.IO clients.
//
// The console has no rights of its own: its clients need a token like all others. Its files are in
// edge/console and are part of the program.
#pragma once

#include "common/attr.h"
#include "common/gateway_file/gateway_file.h"
#include "edge/http/exchange.h"

// Answers a request for "/console", for one of the console's files below it, or for
// "/console/gateway.json", which is written into `text` (see console_outline.h). Returns false for
// any other path and does not answer.
NODISCARD bool console_handle(struct http_exchange *exchange, const struct gateway_file *file,
                              struct buffer *text);
