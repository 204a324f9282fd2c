// The member "users" of the gateway's file: whether the edges keep in Redis who is online, and
// whether services are told.
#pragma once

#include "common/gateway_file/file_reader.h"

#define USERS_GRACE_MAX_S 300

struct users {
    bool presence;
    uint32_t grace_s; // how long a user without a connection still counts as online
    // The exchange to which it is published that a user comes online and goes offline; NULL: it is
    // not. And the routing keys of both.
    char *exchange, *connected, *disconnected;
};

void users_init(struct users *users);
void users_fini(struct users *users);
NODISCARD bool users_parse(struct file_reader *r, struct json_view value, struct users *into);
