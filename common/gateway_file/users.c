#include "common/gateway_file/users.h"

#include <stdlib.h>

#include "common/mem.h"
#include "proto/user_events.h"

#define GRACE_BY_DEFAULT_S 5
#define AMQP_NAME_MAX      255

static bool read_presence(struct file_reader *r, struct json_view value, void *into)
{
    return reader_flag(r, value, &((struct users *)into)->presence);
}

static bool read_grace(struct file_reader *r, struct json_view value, void *into)
{
    return reader_number(r, value, 0, USERS_GRACE_MAX_S,
                         "\"graceSeconds\" is a number from 0 to 300",
                         &((struct users *)into)->grace_s);
}

static bool read_exchange(struct file_reader *r, struct json_view value, void *into)
{
    return reader_name(r, value, AMQP_NAME_MAX, &((struct users *)into)->exchange);
}

static bool read_connected(struct file_reader *r, struct json_view value, void *into)
{
    return reader_name(r, value, AMQP_NAME_MAX, &((struct users *)into)->connected);
}

static bool read_disconnected(struct file_reader *r, struct json_view value, void *into)
{
    return reader_name(r, value, AMQP_NAME_MAX, &((struct users *)into)->disconnected);
}

static bool read_events(struct file_reader *r, struct json_view value, void *into)
{
    static const struct reader_member members[] = {{"exchange", read_exchange},
                                                   {"connected", read_connected},
                                                   {"disconnected", read_disconnected},
                                                   {NULL, NULL}};
    struct users *users = into;

    if (value.kind != JSON_KIND_OBJECT)
        return reader_refuse(r, value.raw, "\"events\" of users must be an object");
    if (!reader_members(r, value, members,
                        "\"events\" of users has \"exchange\", \"connected\" and "
                        "\"disconnected\"",
                        users))
        return false;
    if (!users->exchange)
        return reader_refuse(r, value.raw, "\"events\" of users needs \"exchange\"");
    if (!users->connected)
        users->connected = mem_strdup(USER_CONNECTED);
    if (!users->disconnected)
        users->disconnected = mem_strdup(USER_DISCONNECTED);
    return true;
}

void users_init(struct users *users)
{
    *users = (struct users){.grace_s = GRACE_BY_DEFAULT_S};
}

void users_fini(struct users *users)
{
    free(users->exchange);
    free(users->connected);
    free(users->disconnected);
}

bool users_parse(struct file_reader *r, struct json_view value, struct users *into)
{
    static const struct reader_member members[] = {{"presence", read_presence},
                                                   {"graceSeconds", read_grace},
                                                   {"events", read_events},
                                                   {NULL, NULL}};

    if (value.kind != JSON_KIND_OBJECT)
        return reader_refuse(r, value.raw, "\"users\" must be an object");
    return reader_members(r, value, members,
                          "\"users\" has \"presence\", \"graceSeconds\" and \"events\"", into) &&
           (into->presence || !into->exchange ||
            reader_refuse(r, value.raw, "\"events\" of users need \"presence\": true"));
}
