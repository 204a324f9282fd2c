// The hosts of RabbitMQ, which take turns: all connections of a relay are made to the host whose
// turn it is, until it does not serve. They are nodes of one cluster, so each has all queues.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attr.h"
#include "common/host_list.h"
#include "common/outage_log.h"
#include "common/resolver.h"

struct rabbit_host {
    const struct host_address *address;
    struct resolver resolver;
    char what[HOST_NAME_BYTES_MAX + 32]; // "RabbitMQ", or if there are others "RabbitMQ at a:5672"
    struct outage_log outage;
};

struct rabbit_hosts {
    struct rabbit_host items[HOST_LIST_MAX];
    size_t count, turn;
    size_t failures; // since a host has served
};

// Borrows the list, which has a host at least, for the life of `hosts`. Address lookups may be on
// their way, so `hosts` must not be moved.
void rabbit_hosts_init(struct rabbit_hosts *hosts, const struct host_list *list);
void rabbit_hosts_fini(struct rabbit_hosts *hosts);

// The host whose turn it is.
struct rabbit_host *rabbit_hosts_current(struct rabbit_hosts *hosts);
// Logs why the current host does not serve, unless it was logged already.
void rabbit_hosts_log(struct rabbit_hosts *hosts, const char *reason);

// The current host does not serve: the next has its turn. Returns false if each of them had one
// since a host has served, or since this was false: time to pause.
NODISCARD bool rabbit_hosts_move_on(struct rabbit_hosts *hosts);
// The current host serves.
void rabbit_hosts_settle(struct rabbit_hosts *hosts);

// True if one of the hosts answered on TCP when it was last tried.
bool rabbit_hosts_reached(const struct rabbit_hosts *hosts);
