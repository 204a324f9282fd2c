// What the error answers of Redis mean for whoever gets one.
#pragma once

#include <stdbool.h>

// Whether this connection is of no use any more: the server is no primary (READONLY, MASTERDOWN),
// is not ready yet (LOADING), or does not let us in (NOAUTH, WRONGPASS). Where the name leads to
// may have changed, so it is to be connected anew. Any other error is about one command, and ends
// nothing: a server that is out of memory or cannot write its disk is the same one for all.
bool redis_error_ends_connection(const char *error);

// Redis has no memory left for what a command would add.
bool redis_error_is_out_of_memory(const char *error);

// Redis has no password, and was given one. That is no reason to stay away.
bool redis_error_wants_no_password(const char *error);
