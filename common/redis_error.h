// What an error reply of Redis means for the client.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// True if this connection must be replaced: the server is not a primary (READONLY, MASTERDOWN), is
// not ready yet (LOADING), or refuses the login (NOAUTH, WRONGPASS). The host name may lead to
// another server by now. Any other error is about one command: reconnecting to a server that is out
// of memory or cannot write its disk finds the same server.
bool redis_error_ends_connection(const char *error);

// The error without what a script adds: the same command alone has the same error then. At most
// `size` - 1 bytes.
void redis_error_plain(const char *error, char *out, size_t size);

// What a person needs to know in place of the reason why a connection ended before there was an
// answer: that one side may speak TLS and the other does not. Otherwise the reason itself.
const char *redis_error_explain(const char *reason);

// True if Redis is out of memory for what the command adds.
bool redis_error_is_out_of_memory(const char *error);

// True if a password was sent and Redis has none. The client can go on without it.
bool redis_error_wants_no_password(const char *error);
