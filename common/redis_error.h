// What the error replies of Redis mean for the client.
#pragma once

#include <stdbool.h>

// True if this connection must be replaced: the server is no primary (READONLY, MASTERDOWN), is not
// ready yet (LOADING), or refuses the login (NOAUTH, WRONGPASS). The host name may lead to another
// server by now, so reconnect. Any other error is about one command only: reconnecting to a server
// that is out of memory or cannot write its disk finds the same server.
bool redis_error_ends_connection(const char *error);

// Redis has no memory left for what a command would add.
bool redis_error_is_out_of_memory(const char *error);

// Redis has no password and was given one. The client can go on without it.
bool redis_error_wants_no_password(const char *error);
