// A setting that lists hosts, each with or without a port: a.example:5672,10.0.0.2,[::1]:5673
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"

#define HOST_NAME_BYTES_MAX 256 // with its end
#define HOST_LIST_MAX       16

struct host_address {
    char host[HOST_NAME_BYTES_MAX]; // a name or an address; IPv6 without brackets
    uint16_t port;
};

struct host_list {
    struct host_address items[HOST_LIST_MAX];
    size_t count;
};

// Fills `list` from `text`, the value of the setting `name`. A host without a port gets
// `default_port`. Adds a line to `errors` for each entry that is none.
void host_list_parse(struct host_list *list, const char *text, const char *name,
                     uint16_t default_port, struct buffer *errors);
