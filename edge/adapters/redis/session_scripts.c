#define LOG_MODULE "redis_sessions"

#include "edge/adapters/redis/session_scripts.h"

#include <string.h>

#include "common/log.h"

// The beginning of a command that only the session's own generation may carry out. KEYS[1] is the
// session, ARGV[1] the generation of the caller.
#define NOT_LATER                                                                                  \
    "local g = redis.call('HGET', KEYS[1], 'g')\n"                                                 \
    "if not g then return '1' end\n"                                                               \
    "if tonumber(g) > tonumber(ARGV[1]) then return '2' end\n"

// Also answers '1' (no session) if the record is of an earlier generation. That happens after Redis
// has lost the session, if an edge with an earlier, half-open connection of the client is the first
// to write it again. The caller then writes its own record over it.
#define MINE NOT_LATER "if g ~= ARGV[1] then return '1' end\n"

static const char *const texts[SESSION_SCRIPTS] = {
    // ARGV: generation, expiry, when the session was restored or '', number of the freshness that
    // the caller wrote last, field, value, …
    // A session stays restored (`p`) until it is claimed. Its claims (`n`) stay counted, and the
    // freshness stays if it is the one that the caller wrote last.
    [SCRIPT_PUT] =
        "local old = redis.call('HMGET', KEYS[1], 'g', 'p', 'n', 'f', 'm')\n"
        "if old[1] and tonumber(old[1]) > tonumber(ARGV[1]) then return '2' end\n"
        "redis.call('DEL', KEYS[1])\n"
        "redis.call('HSET', KEYS[1], 'g', ARGV[1])\n"
        "for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end\n"
        "if old[2] then redis.call('HSET', KEYS[1], 'p', old[2])\n"
        "elseif not old[1] and ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'p', ARGV[3]) end\n"
        "if old[3] then redis.call('HSET', KEYS[1], 'n', old[3]) end\n"
        "if old[4] and old[1] == ARGV[1] and old[5] == ARGV[4] then\n"
        "  redis.call('HSET', KEYS[1], 'f', old[4], 'm', old[5])\n"
        "end\n"
        "redis.call('EXPIRE', KEYS[1], ARGV[2])\n"
        "return '0'\n",
    // ARGV: generation, field, value
    [SCRIPT_JOIN] = MINE "redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])\n"
                         "return '0'\n",
    // ARGV: generation, field, position of the newest action or ''
    [SCRIPT_LEAVE] = MINE "redis.call('HDEL', KEYS[1], ARGV[2])\n"
                          "if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'a', ARGV[3]) end\n"
                          "return '0'\n",
    // ARGV: generation, expiry, freshness, '1' when the rooms are told that the client left, number
    // of the freshness
    // A freshness that begins with a blank keeps the offset in front of it that is there, if that
    // has the same number. Redis may have lost a later one.
    [SCRIPT_TOUCH] = MINE "local fresh = ARGV[3]\n"
                          "if string.sub(fresh, 1, 1) == ' ' then\n"
                          "  local old = redis.call('HMGET', KEYS[1], 'f', 'm')\n"
                          "  local kept = old[1] and old[2] == ARGV[5]\n"
                          "  fresh = kept and string.match(old[1], '^[^ ]+') .. fresh or ''\n"
                          "end\n"
                          "if fresh == '' then redis.call('HDEL', KEYS[1], 'f', 'm')\n"
                          "else redis.call('HSET', KEYS[1], 'f', fresh, 'm', ARGV[5]) end\n"
                          "if ARGV[4] == '1' then redis.call('HSET', KEYS[1], 'l', '1')\n"
                          "else redis.call('HDEL', KEYS[1], 'l') end\n"
                          "redis.call('EXPIRE', KEYS[1], ARGV[2])\n"
                          "return '0'\n",
    [SCRIPT_DROP] = NOT_LATER "redis.call('DEL', KEYS[1])\n"
                              "return '0'\n",
    // KEYS: the session, when its user was kicked, the rooms that an operator took the user out of,
    //       the lost position of each shard
    // ARGV: user, edge, expiry, now, how long a restored session is refused, claims in a minute
    // The session loses the rooms that its user was taken out of and has not joined since. All that
    // the user was taken out of since it began follow the fields, with an `x` in front.
    // A refusal for one of the reasons 3 to 5 deletes the session. The new generation follows the
    // fields, in which it thus is the last `g`.
    [SCRIPT_CLAIM] =
        "local key, now = KEYS[1], tonumber(ARGV[4])\n"
        "local old = redis.call('HMGET', key, 'u', 'c', 'n', 'p', 'g')\n"
        "if not old[1] then return {'1'} end\n"
        "if old[1] ~= ARGV[1] then return {'2'} end\n"
        "local function refuse(why) redis.call('DEL', key) return {why} end\n"
        "local kicked = redis.call('GET', KEYS[2])\n"
        "if kicked and tonumber(kicked) >= tonumber(old[2]) then return refuse('3') end\n"
        "local claims, since = string.match(old[3] or '', '^(%d+) (%d+)$')\n"
        "if not claims or math.abs(now - tonumber(since)) >= 60000 then\n"
        "  claims, since = 0, ARGV[4]\n"
        "end\n"
        "if tonumber(claims) >= tonumber(ARGV[6]) then return refuse('4') end\n"
        "if old[4] and now - tonumber(old[4]) < tonumber(ARGV[5]) then return refuse('5') end\n"
        "local left = redis.call('HGETALL', KEYS[3])\n"
        "for i = 1, #left, 2 do\n"
        "  local granted = string.match(redis.call('HGET', key, left[i]) or '', ' (%d+)$')\n"
        "  if granted and tonumber(granted) <= tonumber(left[i + 1]) then\n"
        "    redis.call('HDEL', key, left[i])\n"
        "  end\n"
        "end\n"
        "local all = redis.call('HGETALL', key)\n"
        "local g = string.format('%.0f', math.max(tonumber(old[5]) + 1, now))\n"
        "redis.call('HSET', key, 'g', g, 'e', ARGV[2], 'n', (claims + 1) .. ' ' .. since)\n"
        "redis.call('HDEL', key, 'f', 'm', 'p')\n"
        "all[#all + 1], all[#all + 2] = 'g', g\n"
        "for i = 1, #left, 2 do\n"
        "  if tonumber(left[i + 1]) >= tonumber(old[2]) then\n"
        "    all[#all + 1], all[#all + 2] = 'x' .. left[i], left[i + 1]\n"
        "  end\n"
        "end\n"
        "redis.call('EXPIRE', key, ARGV[3])\n"
        "local answer = {'0', all}\n"
        "for i = 4, #KEYS do answer[i - 1] = redis.call('GET', KEYS[i]) or '0-0' end\n"
        "return answer\n",
    // ARGV: position, expiry. The greatest position stays.
    [SCRIPT_LOSE] =
        "local old = redis.call('GET', KEYS[1])\n"
        "if old then\n"
        "  local epoch, seq = string.match(old, '^(%d+)-(%d+)$')\n"
        "  local e, s = string.match(ARGV[1], '^(%d+)-(%d+)$')\n"
        "  if tonumber(epoch) > tonumber(e) or\n"
        "    (tonumber(epoch) == tonumber(e) and tonumber(seq) >= tonumber(s)) then return "
        "'0' end\n"
        "end\n"
        "redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n"
        "return '0'\n",
};

static void on_loaded(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct script_loading *loading = (struct script_loading *)tag;
    struct session_scripts *scripts = loading->scripts;
    struct span sha = redis_value_text(value);

    (void)arg;
    if (sha.len == 0 || sha.len >= SCRIPT_SHA_MAX) {
        log_error("Redis takes no scripts; clients cannot recover reason=%s",
                  redis_value_error(value) ? redis_value_error(value) : "no text");
        sha = SPAN_LIT("0"); // EVALSHA is refused with NOSCRIPT, and EVAL follows
    }
    memcpy(loading->sha, sha.ptr, sha.len);
    loading->sha[sha.len] = '\0';
    if (++scripts->loaded == SESSION_SCRIPTS)
        scripts->on_loaded(scripts->on_loaded_arg);
}

void session_scripts_load(struct session_scripts *scripts, struct redis_connection *connection,
                          void (*when_loaded)(void *arg), void *arg)
{
    scripts->loaded = 0;
    scripts->on_loaded = when_loaded;
    scripts->on_loaded_arg = arg;
    for (enum session_script script = 0; script < SESSION_SCRIPTS; script++) {
        scripts->loading[script].scripts = scripts;
        redis_connection_send(connection, on_loaded, (uintptr_t)&scripts->loading[script],
                              "SCRIPT LOAD %s", texts[script]);
    }
}

bool session_scripts_are_loaded(const struct session_scripts *scripts)
{
    return scripts->loaded == SESSION_SCRIPTS;
}

struct span session_script_sha(const struct session_scripts *scripts, enum session_script script)
{
    return span_of(scripts->loading[script].sha);
}

struct span session_script_text(enum session_script script)
{
    return span_of(texts[script]);
}
