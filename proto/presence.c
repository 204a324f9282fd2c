#include "proto/presence.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "proto/control_channel_internal.h"

#define PAGE      "200" // users and rooms that one call of the script takes out
#define PAGES_MAX 50    // of one edge, for each call of presence_sweep()

// ---- reading

// KEYS: the hashes. ARGV: the prefix of the edges that are alive. Answers two numbers for each.
// clang-format off
static const char read_script[] =
    PRESENCE_LUA_SUM
    "local answer = {}\n"
    "for i = 1, #KEYS do\n"
    "  answer[2 * i - 1], answer[2 * i] = sum_of(ARGV[1], KEYS[i])\n"
    "end\n"
    "return answer\n";
// clang-format on

struct words {
    const char **texts;
    size_t *lens;
    size_t count;
};

static void add_word(struct words *words, struct span word)
{
    words->texts[words->count] = word.ptr;
    words->lens[words->count++] = word.len;
}

static redisReply *ask(struct control_channel *channel, const char *prefix,
                       const struct span *names, size_t count)
{
    struct words words = {.texts = mem_alloc((count + 4) * sizeof(char *)),
                          .lens = mem_alloc((count + 4) * sizeof(size_t))};
    struct buffer keys = {0}, key_count = {0};
    size_t start = 0;

    buffer_append_uint(&key_count, count);
    for (size_t i = 0; i < count; i++) {
        buffer_append(&keys, span_of(prefix));
        buffer_append(&keys, names[i]);
    }
    add_word(&words, SPAN_LIT("EVAL"));
    add_word(&words, span_of(read_script));
    add_word(&words, buffer_span(&key_count));
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(prefix) + names[i].len;
        add_word(&words, (struct span){keys.ptr + start, len});
        start += len;
    }
    add_word(&words, span_of(channel->names.edges));
    redisReply *reply = redisCommandArgv(channel->redis, (int)words.count, words.texts, words.lens);
    buffer_fini(&keys);
    buffer_fini(&key_count);
    free(words.texts);
    free(words.lens);
    return reply;
}

static uint64_t number_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER && reply->integer > 0 ? (uint64_t)reply->integer : 0;
}

bool presence_read(struct control_channel *channel, bool are_users, const struct span *names,
                   size_t count, struct presence_found *out)
{
    const char *prefix = are_users ? channel->names.user : channel->names.room_count;
    redisReply *reply = ask(channel, prefix, names, count);

    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 * count)
        for (size_t i = 0; i < count; i++)
            out[i] = (struct presence_found){number_of(reply->element[2 * i]),
                                             number_of(reply->element[2 * i + 1])};
    return control_channel_granted(channel, reply, "reading presence");
}

// ---- taking out

// KEYS: the edges with presence, the lease of this one, its users, its rooms, the uplink, its
// bytes. ARGV: the edge, the grace (ms), the prefixes of users, of rooms, and of leases, exchange
// and routing key of the event about users, the time. The edge's value becomes "swept <ms>" with
// the first thing that is taken out, and "done <ms>" with the last; <ms> is when it was heard.
// Answers whether there is more, how many fields it has taken out, and the rooms whose members are
// to be told their number, each with the number. What is popped is handled or put back, whatever
// another program has made of a key: one that is no hash holds nothing of the edge.
// clang-format off
static const char sweep_script[] =
    PRESENCE_LUA_TELL
    PRESENCE_LUA_USER_EVENT
    "local edge, answer = ARGV[1], {0, 0}\n"
    "local value = redis.call('HGET', KEYS[1], edge)\n"
    "local state, at = string.match(value or '', '^(%a*) ?(%d+)$')\n"
    "if not value or redis.call('EXISTS', KEYS[2]) == 1 then return answer end\n"
    "if not at or state == 'done' then\n"
    "  if not at or now - at > " PRESENCE_TEXT(PRESENCE_EXPIRY_S) " * 1000 then\n"
    "    redis.call('HDEL', KEYS[1], edge)\n"
    "  end\n"
    "  return answer\n"
    "end\n"
    "local to = {KEYS[5], KEYS[6], " PRESENCE_TEXT(PRESENCE_UPLINK_MAX_LEN) ",\n"
    "  " PRESENCE_TEXT(PRESENCE_UPLINK_MAX_BYTES) ", ARGV[6]}\n"
    "local full, failed = false, false\n"
    "local function tell_services(user)\n"
    "  local ok, taken = pcall(user_event, to, ARGV[7], '" USER_DISCONNECTED "', user, ARGV[8])\n"
    "  failed = failed or not ok and (type(taken) == 'table' and taken.err or taken)\n"
    "  return ok and taken == 1\n"
    "end\n"
    "local function take_out(user)\n"
    "  local key = ARGV[3] .. user\n"
    "  if redis.pcall('HEXISTS', key, edge) ~= 1 then return end\n"
    "  local last = ARGV[6] ~= '' and redis.call('HLEN', key) == 1\n"
    "  full = full or last and not tell_services(user)\n"
    "  if full then redis.call('SADD', KEYS[3], user) return end\n"
    "  redis.call('HDEL', key, edge)\n"
    "  answer[2] = answer[2] + 1\n"
    "end\n"
    "local rooms, users = redis.call('SPOP', KEYS[4], " PAGE "), {}\n"
    "local over = now - at >= tonumber(ARGV[2])\n"
    "if over then users = redis.call('SPOP', KEYS[3], " PAGE ") end\n"
    "for i = 1, #rooms do\n"
    "  local key = ARGV[4] .. rooms[i]\n"
    "  local gone = redis.pcall('HDEL', key, edge)\n"
    "  answer[2] = answer[2] + (gone == 1 and 1 or 0)\n"
    "  if redis.pcall('HEXISTS', key, '') == 1 then\n"
    "    local count = tell(ARGV[5], key, false)\n"
    "    if tonumber(count) >= 0 then\n"
    "      answer[#answer + 1], answer[#answer + 2] = rooms[i], tonumber(count)\n"
    "    elseif count == '-2' then redis.call('SADD', KEYS[4], rooms[i]) end\n"
    "  end\n"
    "end\n"
    "for i = 1, #users do take_out(users[i]) end\n"
    "local none = #rooms == 0 and #users == 0\n"
    "if not none or over then\n"
    "  redis.call('HSET', KEYS[1], edge, (none and 'done ' or 'swept ') .. at)\n"
    "end\n"
    "if failed then return redis.error_reply(failed) end\n"
    "local more = #rooms == " PAGE " or #users == " PAGE "\n"
    "answer[1] = more and not full and 1 or 0\n"
    "return answer\n";
// clang-format on

static redisReply *ask_page(struct control_channel *channel, struct span edge,
                            const struct presence_sweep *sweep)
{
    const struct redis_names *names = &channel->names;

    return redisCommand(
        channel->redis, "EVAL %s 6 %s %s%b %s%b %s%b %s %s %b %llu %s %s %s %b %b %b", sweep_script,
        names->presence_edges, names->edges, edge.ptr, edge.len, names->edge_users, edge.ptr,
        edge.len, names->edge_rooms, edge.ptr, edge.len, names->uplink, names->uplink_bytes,
        edge.ptr, edge.len, (unsigned long long)sweep->grace_ms, names->user, names->room_count,
        names->edges, sweep->exchange.ptr, sweep->exchange.len, sweep->routing_key.ptr,
        sweep->routing_key.len, sweep->at.ptr, sweep->at.len);
}

// Returns whether there is more.
static bool take_page(const redisReply *reply, struct presence_sweep *sweep)
{
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
        return false;
    sweep->removed += number_of(reply->element[1]);
    for (size_t i = 2; i + 1 < reply->elements; i += 2) {
        const redisReply *room = reply->element[i];
        if (room->type == REDIS_REPLY_STRING)
            sweep->on_count((struct span){room->str, room->len}, number_of(reply->element[i + 1]),
                            sweep->arg);
    }
    return number_of(reply->element[0]) > 0;
}

static bool sweep_edge(struct control_channel *channel, struct span edge,
                       struct presence_sweep *sweep)
{
    bool more = true, ok = true;

    for (int i = 0; i < PAGES_MAX && more && ok; i++) {
        redisReply *reply = ask_page(channel, edge, sweep);
        more = take_page(reply, sweep);
        ok = control_channel_granted(channel, reply, "taking out what a dead edge has left");
    }
    return ok;
}

bool presence_sweep(struct control_channel *channel, struct presence_sweep *sweep)
{
    redisReply *edges = redisCommand(channel->redis, "HKEYS %s", channel->names.presence_edges);
    bool ok = true;

    for (size_t i = 0; edges && edges->type == REDIS_REPLY_ARRAY && i < edges->elements && ok; i++)
        ok = sweep_edge(channel, (struct span){edges->element[i]->str, edges->element[i]->len},
                        sweep);
    return control_channel_granted(channel, edges, "looking for edges with presence") && ok;
}

bool presence_publish(struct control_channel *channel, unsigned shard, struct span envelope)
{
    char bus[REDIS_SHARD_KEY_MAX];

    redis_bus_channel(&channel->names, shard, bus);
    return control_channel_granted(
        channel, redisCommand(channel->redis, "PUBLISH %s %b", bus, envelope.ptr, envelope.len),
        "publishing");
}
