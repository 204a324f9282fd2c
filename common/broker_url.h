// The URL of a broker, taken apart by libcurl: scheme://user:password@host:port/path
#pragma once

#include <stdint.h>

#include "common/attr.h"

// Texts are percent-decoded and never empty: NULL is what the URL does not name.
struct broker_url {
    const char *scheme; // one of those that were allowed
    char *user, *password;
    char *host;   // IPv6 without brackets; NULL with a socket
    int64_t port; // 0: none
    char *path;   // without its first slash; of a socket with it
    char *query;
};

#define BROKER_URL_SOCKET "unix" // this scheme has no host: unix:///run/redis.sock

// Takes `text` apart. `schemes` is NULL-terminated. Returns NULL, or a constant text that says what
// is wrong and repeats nothing of the URL, which may have a password. The caller calls
// broker_url_fini() in both cases.
NODISCARD const char *broker_url_parse(struct broker_url *url, const char *text,
                                       const char *const *schemes);
void broker_url_fini(struct broker_url *url);
