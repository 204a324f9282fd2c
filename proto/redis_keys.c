#include "proto/redis_keys.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>

unsigned shard_of_room(struct span room, unsigned shards)
{
    uint32_t hash = UINT32_C(2166136261);

    if (shards == 1)
        return 0;
    for (size_t i = 0; i < room.len; i++)
        hash = (hash ^ (unsigned char)room.ptr[i]) * UINT32_C(16777619);
    return hash % shards;
}

static void print_name(char out[REDIS_NAME_MAX], const char *prefix, const char *scope,
                       const char *name)
{
    int len = snprintf(out, REDIS_NAME_MAX, "%sws:%s%s", prefix, scope, name);

    assert(len > 0 && len < REDIS_NAME_MAX);
}

void redis_names_init(struct redis_names *names, const char *prefix, unsigned database)
{
    const char *before = prefix ? prefix : "";
    char scope[16] = "";

    if (database != REDIS_DB_UNNAMED)
        snprintf(scope, sizeof(scope), "db%u:", database);
    print_name(names->log, before, "", "log:");
    print_name(names->lost, before, "", "lost:");
    print_name(names->acked, before, "", "acked");
    print_name(names->speaker, before, "", "speaker");
    print_name(names->edges, before, "", "edges:");
    print_name(names->edge_list, before, "", "edge-list");
    print_name(names->session, before, "", "session:");
    print_name(names->kicked, before, "", "kicked:");
    print_name(names->left, before, "", "left:");
    print_name(names->revoked, before, "", "revoked");
    print_name(names->event, before, "", "event:");
    print_name(names->user, before, "", "user:");
    print_name(names->room_count, before, "", "room-count:");
    print_name(names->edge_users, before, "", "edge-users:");
    print_name(names->edge_rooms, before, "", "edge-rooms:");
    print_name(names->presence_edges, before, "", "presence-edges");
    print_name(names->waited, before, "", "waited");
    print_name(names->uplink, before, "", "uplink");
    print_name(names->uplink_bytes, before, "", "uplink:bytes");
    print_name(names->bus, before, scope, "bus:");
    print_name(names->control, before, scope, "control");
    print_name(names->edge_channel, before, scope, "edge:");
    print_name(names->echo_channel, before, scope, "echo:");
}

static void print_shard_name(char out[REDIS_SHARD_KEY_MAX], const char *name, unsigned shard)
{
    snprintf(out, REDIS_SHARD_KEY_MAX, "%s{%u}", name, shard);
}

void redis_log_key(const struct redis_names *names, unsigned shard, char out[REDIS_SHARD_KEY_MAX])
{
    print_shard_name(out, names->log, shard);
}

void redis_bus_channel(const struct redis_names *names, unsigned shard,
                       char out[REDIS_SHARD_KEY_MAX])
{
    print_shard_name(out, names->bus, shard);
}

void redis_lost_key(const struct redis_names *names, unsigned shard, char out[REDIS_SHARD_KEY_MAX])
{
    print_shard_name(out, names->lost, shard);
}
