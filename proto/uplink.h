// The uplink: the stream in Redis from which the active relay publishes to RabbitMQ what clients
// and the gateway itself tell the services. It is on the first server of REDIS_NODES.
//
// Who has something to tell adds an entry, by a script with uplink_add(): a full stream is an
// answer, and nothing is ever trimmed. The relay removes an entry once RabbitMQ has confirmed it.
//
//     redis_names.uplink        the stream
//     redis_names.uplink_bytes  a number: bytes of its entries, by uplink_entry_bytes()
#pragma once

#include <stddef.h>

#include "common/span.h"

// Fields of an entry. The owner is whose entries keep their order: a user id, or the id of a socket
// without a user. The body is JSON.
#define UPLINK_EXCHANGE_FIELD    "x"
#define UPLINK_ROUTING_KEY_FIELD "k"
#define UPLINK_OWNER_FIELD       "o"
#define UPLINK_BODY_FIELD        "b"

#define UPLINK_NAME_MAX 255 // bytes of an exchange and of a routing key, which AMQP allows

struct uplink_entry {
    struct span id; // of the stream; empty before it is added
    struct span exchange, routing_key, owner, body;
};

#define UPLINK_ENTRY_OVERHEAD 64

// What an entry counts towards the limit in bytes: about what it takes in Redis.
static inline size_t uplink_entry_bytes(const struct uplink_entry *entry)
{
    return entry->exchange.len + entry->routing_key.len + entry->owner.len + entry->body.len +
           UPLINK_ENTRY_OVERHEAD;
}

#define UPLINK_TEXT_OF_(n) #n
#define UPLINK_TEXT_OF(n)  UPLINK_TEXT_OF_(n)

// A function in Lua, for the beginning of a script. It answers 1 when the entry is added and 0 when
// the stream is full: it has `max_len` entries, or would have over `max_bytes` bytes.
// clang-format off
#define UPLINK_LUA_ADD                                                                          \
    "local function uplink_add(stream,bytes,max_len,max_bytes,x,k,o,b)\n"                       \
    "local n=#x+#k+#o+#b+" UPLINK_TEXT_OF(UPLINK_ENTRY_OVERHEAD)                                \
    "+(redis.call('GET',bytes) or 0)\n"                                                         \
    "if redis.call('XLEN',stream)>=tonumber(max_len) or n>tonumber(max_bytes) then return 0 end\n" \
    "redis.call('XADD',stream,'*','" UPLINK_EXCHANGE_FIELD "',x,'" UPLINK_ROUTING_KEY_FIELD "',k," \
    "'" UPLINK_OWNER_FIELD "',o,'" UPLINK_BODY_FIELD "',b)\n"                                   \
    "redis.call('SET',bytes,string.format('%.0f',n))\n"                                         \
    "return 1\n"                                                                                \
    "end\n"
// clang-format on

// Adds one entry. KEYS: the stream, its bytes. ARGV: the largest numbers of entries and of bytes;
// exchange, routing key, owner, body. It is sent as it is, by EVAL: a call of a script that Redis
// has forgotten would have to be repeated, behind later ones.
#define UPLINK_ADD_SCRIPT                                                                          \
    UPLINK_LUA_ADD                                                                                 \
    "return uplink_add(KEYS[1],KEYS[2],ARGV[1],ARGV[2],ARGV[3],ARGV[4],ARGV[5],ARGV[6])\n"
