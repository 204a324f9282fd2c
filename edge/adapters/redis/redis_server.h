// Which server of Redis a connection leads to, and since when it has its present history.
//
// A server that was restarted has another run id. One that was demoted has taken over the data of
// its primary, and gets another replication id when it is promoted again. If both ids are those of
// the last connection, the server still has every write that it has answered. Otherwise it may have
// lost some: its file, or the replica that was promoted, may end earlier.
#pragma once

#include "common/attr.h"
#include "common/span.h"

#define REDIS_ID_LEN 40

struct redis_server {
    char run[REDIS_ID_LEN + 1], history[REDIS_ID_LEN + 1]; // "": not known
};

// Takes the ids from an answer to INFO; what it does not have stays as it is.
void redis_server_read(struct redis_server *server, struct span info);
// False as well if an id of either is not known.
NODISCARD bool redis_server_is_same(const struct redis_server *a, const struct redis_server *b);
