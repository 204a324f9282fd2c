#include "edge/adapters/redis/redis_server.h"

#include <string.h>

// Takes the value of the line if it is that of `name` and an id. Some services hide the id, and
// answer with an empty or shorter text.
static void read_id(struct span line, struct span name, char *id)
{
    struct span value;

    if (!span_starts_with(line, name))
        return;
    value = span_skip(line, name.len);
    if (value.len > 0 && value.ptr[value.len - 1] == '\r')
        value.len--;
    if (value.len != REDIS_ID_LEN)
        return;
    memcpy(id, value.ptr, REDIS_ID_LEN);
    id[REDIS_ID_LEN] = '\0';
}

void redis_server_read(struct redis_server *server, struct span info)
{
    struct span line;

    while (info.len > 0) {
        (void)span_take_until(&info, '\n', &line);
        read_id(line, SPAN_LIT("run_id:"), server->run);
        read_id(line, SPAN_LIT("master_replid:"), server->history);
    }
}

bool redis_server_is_same(const struct redis_server *a, const struct redis_server *b)
{
    return a->run[0] != '\0' && a->history[0] != '\0' && strcmp(a->run, b->run) == 0 &&
           strcmp(a->history, b->history) == 0;
}
