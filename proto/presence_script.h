// What the Lua scripts of edges and relays share that write and read presence in Redis.
//
// Each edge with connections of a user has a field in the user's hash, and each edge with clients
// in a counted room has one in the room's. A field counts only while its edge is alive
// (redis_names.edges), so those of an edge that was killed count no more once its lease is over. A
// relay takes them out then.
#pragma once

#include "proto/uplink.h"
#include "proto/user_events.h"

#define PRESENCE_TEXT_OF(n) #n
#define PRESENCE_TEXT(n)    PRESENCE_TEXT_OF(n)

// Keys of presence last so long after they were last written; edges write them again more often.
#define PRESENCE_EXPIRY_S 3600
// The number of clients in a room is told to its members at most once in this time.
#define PRESENCE_TELL_MS   1000
#define PRESENCE_TELL_TEXT PRESENCE_TEXT(PRESENCE_TELL_MS)

// A script begins with this: the time of Redis in ms, and the sum of the fields of a hash whose
// edges are alive, with the number of these edges. `leases` is redis_names.edges.
#define PRESENCE_LUA_SUM                                                                           \
    "local time = redis.call('TIME')\n"                                                            \
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"                                    \
    "local function sum_of(leases, key)\n"                                                         \
    "  local all, sum, edges = redis.call('HGETALL', key), 0, 0\n"                                 \
    "  for i = 1, #all, 2 do\n"                                                                    \
    "    if all[i] ~= '' and redis.call('EXISTS', leases .. all[i]) == 1 then\n"                   \
    "      sum, edges = sum + tonumber(all[i + 1]), edges + 1\n"                                   \
    "    end\n"                                                                                    \
    "  end\n"                                                                                      \
    "  return sum, edges\n"                                                                        \
    "end\n"

// Whether the members of a room are told now how many they are: the number, or PRESENCE_NOTHING if
// they know it or there is nobody, or PRESENCE_LATER. The field with the empty name has what was
// told last and when, for all edges and relays.
#define PRESENCE_LUA_TELL                                                                          \
    PRESENCE_LUA_SUM                                                                               \
    "local function tell(leases, key, force)\n"                                                    \
    "  local sum = string.format('%.0f', (sum_of(leases, key)))\n"                                 \
    "  local told, at = string.match(redis.call('HGET', key, '') or '', '^(%d+) (%d+)$')\n"        \
    "  if sum == '0' then redis.call('HDEL', key, '') return '-1' end\n"                           \
    "  if told == sum and not force then return '-1' end\n"                                        \
    "  if at and math.abs(now - tonumber(at)) < " PRESENCE_TELL_TEXT " then return '-2' end\n"     \
    "  redis.call('HSET', key, '', sum .. string.format(' %.0f', now))\n"                          \
    "  return sum\n"                                                                               \
    "end\n"

// Tells the services by the uplink (uplink.h) that a user has come online or gone offline. `to` has
// the keys of the uplink, its limits, and the exchange; `key` is the routing key, `at` the time.
// Answers 0 if the uplink is full.
#define PRESENCE_LUA_USER_EVENT                                                                    \
    UPLINK_LUA_ADD                                                                                 \
    "local function user_event(to, key, event, user, at)\n"                                        \
    "  local id = cjson.encode(user)\n"                                                            \
    "  return uplink_add(to[1], to[2], to[3], to[4], to[5], key, user,\n"                          \
    "    '{\"eventName\":\"' .. event .. '\",\"data\":{\"userId\":' .. id ..\n"                    \
    "    '},\"userId\":' .. id .. ',\"timestamp\":\"' .. at ..\n"                                  \
    "    '\",\"service\":\"websocket-gateway\"}')\n"                                               \
    "end\n"

// Limits of the uplink for relays, which have no setting of it.
#define PRESENCE_UPLINK_MAX_LEN   100000
#define PRESENCE_UPLINK_MAX_BYTES 67108864

enum { PRESENCE_NOTHING = -1, PRESENCE_LATER = -2 };
