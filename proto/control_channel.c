#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/time.h>

#include "common/clock.h"
#include "common/json_string.h"
#include "common/mem.h"
#include "common/redis_error.h"
#include "proto/control_channel_internal.h"

#define ANSWER_MS         5000
#define ANSWERS_MS        2000
#define KEPT_S            3720 // longer than RECOVERY_WINDOW can be
#define LEFT_ROOMS_MAX    1000 // of a user
#define CLOCK_TOLERANCE_S 3600 // the largest JWT_CLOCK_TOLERANCE: so much longer are tokens valid

PRINTF(2, 3) static bool fail(struct control_channel *channel, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(channel->reason, sizeof(channel->reason), format, args);
    va_end(args);
    return false;
}

const char *control_channel_reason(const struct control_channel *channel)
{
    return channel->reason;
}

static bool lose(struct control_channel *channel, const char *doing)
{
    return fail(channel, "%s: %s", doing, redis_error_explain(channel->redis->errstr));
}

bool control_channel_granted(struct control_channel *channel, redisReply *reply, const char *doing)
{
    bool ok = reply && reply->type != REDIS_REPLY_ERROR;

    if (!reply)
        lose(channel, doing);
    else if (!ok)
        fail(channel, "%s: Redis says: %s", doing, reply->str);
    if (reply)
        freeReplyObject(reply);
    return ok;
}

static bool log_in(struct control_channel *channel, const struct redis_settings *settings)
{
    redisContext *redis = channel->redis;
    redisReply *reply = NULL;

    if (settings->username)
        reply = redisCommand(redis, "AUTH %s %s", settings->username, settings->password);
    else if (settings->password)
        reply = redisCommand(redis, "AUTH %s", settings->password);
    if (settings->password && !control_channel_granted(channel, reply, "login")) {
        size_t len = strlen(channel->reason);
        snprintf(channel->reason + len, sizeof(channel->reason) - len, "; %s",
                 redis_settings_remedy(settings));
        return false;
    }
    return control_channel_granted(channel, redisCommand(redis, "SELECT %d", (int)settings->db),
                                   "choosing the database");
}

// Asks all Sentinels in turn, if there are any.
static bool connect_anywhere(struct control_channel *channel)
{
    const struct redis_settings *settings = &channel->settings;
    char place[REDIS_PLACE_MAX];

    for (size_t i = 0; i == 0 || i < settings->sentinels.count; i++) {
        channel->redis = redis_dial(&channel->dialer);
        if (channel->redis)
            return true;
    }
    return fail(channel, "Redis cannot be reached (%s) %s; %s",
                redis_error_explain(channel->dialer.reason),
                redis_settings_place(settings, redis_dialed_primary(&channel->dialer), place),
                redis_settings_remedy(settings));
}

struct control_channel *control_channel_open(const struct redis_settings *settings,
                                             char why[CONTROL_REASON_MAX])
{
    struct control_channel *channel = mem_zalloc(sizeof(*channel));

    channel->given = settings;
    channel->settings = redis_settings_of_node(settings, 0);
    resolver_init(&channel->host, channel->settings.host);
    redis_dialer_init(&channel->dialer, &channel->settings, &channel->host, ANSWER_MS, ANSWER_MS);
    redis_names_init(&channel->names, settings->key_prefix, (unsigned)settings->db);
    if (connect_anywhere(channel) && log_in(channel, settings))
        return channel;
    memcpy(why, channel->reason, sizeof(channel->reason));
    control_channel_close(channel);
    return NULL;
}

void control_channel_close(struct control_channel *channel)
{
    if (!channel)
        return;
    if (channel->redis)
        redisFree(channel->redis);
    redis_dialer_fini(&channel->dialer);
    resolver_fini(&channel->host);
    free(channel);
}

static uint64_t field_of(const redisReply *hash, const char *name)
{
    for (size_t i = 0; i + 1 < hash->elements; i += 2)
        if (hash->element[i]->type == REDIS_REPLY_STRING &&
            hash->element[i + 1]->type == REDIS_REPLY_STRING &&
            strcmp(hash->element[i]->str, name) == 0)
            return strtoull(hash->element[i + 1]->str, NULL, 10);
    return 0;
}

static bool visit_edge(struct control_channel *channel, struct span id,
                       void (*visit)(const struct edge_notice *edge, void *arg), void *arg)
{
    redisReply *hash =
        redisCommand(channel->redis, "HGETALL %s%b", channel->names.edges, id.ptr, id.len);

    if (hash && hash->type == REDIS_REPLY_ARRAY && hash->elements > 0) // else it has died
        visit(
            &(struct edge_notice){
                .id = id,
                .sockets = field_of(hash, REDIS_EDGE_SOCKETS_FIELD),
                .rooms = field_of(hash, REDIS_EDGE_ROOMS_FIELD),
                .at_ms = field_of(hash, REDIS_EDGE_AT_FIELD),
            },
            arg);
    return control_channel_granted(channel, hash, "reading an edge");
}

bool control_channel_each_edge(struct control_channel *channel,
                               void (*visit)(const struct edge_notice *edge, void *arg), void *arg)
{
    redisReply *list = redisCommand(channel->redis, "HKEYS %s", channel->names.edge_list);
    bool ok = list && list->type == REDIS_REPLY_ARRAY;

    for (size_t i = 0; ok && i < list->elements; i++)
        ok = visit_edge(channel, (struct span){list->element[i]->str, list->element[i]->len}, visit,
                        arg);
    return control_channel_granted(channel, list, "looking for edges") && ok;
}

bool control_channel_find_edge(struct control_channel *channel, const char *id, bool *alive)
{
    redisReply *reply = redisCommand(channel->redis, "EXISTS %s%s", channel->names.edges, id);

    *alive = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0;
    return control_channel_granted(channel, reply, "looking for an edge");
}

bool control_channel_publish(struct control_channel *channel, const struct control *message,
                             uint64_t *receivers)
{
    struct buffer bytes = {0};

    control_encode(message, &bytes);
    redisReply *reply =
        redisCommand(channel->redis, "PUBLISH %s %b", channel->names.control, bytes.ptr, bytes.len);
    buffer_fini(&bytes);
    if (reply && reply->type == REDIS_REPLY_INTEGER)
        *receivers = (uint64_t)reply->integer;
    return control_channel_granted(channel, reply, "publishing");
}

// ---- a command and its answers

static void count_edge(const struct edge_notice *edge, void *arg)
{
    (void)edge;
    (*(uint64_t *)arg)++;
}

// Waits until `deadline_ms` (monotonic) for the next message of a subscription. NULL if none came.
static redisReply *take_push(struct control_channel *listener, uint64_t deadline_ms)
{
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    const struct timeval left = {.tv_sec = (time_t)(left_ms / 1000),
                                 .tv_usec = (suseconds_t)(left_ms % 1000 * 1000)};
    void *reply = NULL;

    if (left_ms == 0 || redisSetTimeout(listener->redis, left) != REDIS_OK ||
        redisGetReply(listener->redis, &reply) != REDIS_OK)
        return NULL;
    return reply;
}

static void count_answer(const redisReply *push, uint64_t ask, struct envelope_decoder *decoder,
                         struct command_result *result)
{
    const redisReply *last = push->elements == 3 ? push->element[2] : NULL;

    if (!last || last->type != REDIS_REPLY_STRING)
        return;
    const struct control *said = control_decode(decoder, (struct span){last->str, last->len});
    if (!said || said->kind != CONTROL_KICKED || said->ask != ask)
        return;
    result->answered++;
    result->sockets += said->sockets;
}

// Waits until all edges that are alive and got the command have answered, or until time is up.
// Other programs may be subscribed too, and edges of an earlier version do not answer.
static void gather(struct control_channel *listener, uint64_t ask, struct command_result *result)
{
    uint64_t deadline_ms = clock_monotonic_ms() + ANSWERS_MS;
    uint64_t awaited = result->receivers;
    struct envelope_decoder *decoder = envelope_decoder_new();
    redisReply *push;

    if (result->alive > 0 && result->alive < awaited)
        awaited = result->alive;
    while (result->answered < awaited && (push = take_push(listener, deadline_ms))) {
        count_answer(push, ask, decoder, result);
        freeReplyObject(push);
    }
    envelope_decoder_free(decoder);
}

static bool ask(struct control_channel *channel, struct control_channel *listener,
                struct control *command, struct command_result *result)
{
    if (getrandom(&command->ask, sizeof(command->ask), 0) != sizeof(command->ask) ||
        command->ask == 0)
        command->ask = clock_wall_ms();
    if (!control_channel_granted(
            listener, redisCommand(listener->redis, "SUBSCRIBE %s", listener->names.control),
            "listening for answers"))
        return fail(channel, "%s", listener->reason);
    if (!control_channel_each_edge(channel, count_edge, &result->alive) ||
        !control_channel_publish(channel, command, &result->receivers))
        return false;
    result->receivers -= result->receivers > 0; // without our own subscription
    gather(listener, command->ask, result);
    return true;
}

static bool ask_edges(struct control_channel *channel, struct control *command,
                      struct command_result *result)
{
    struct control_channel *listener = control_channel_open(channel->given, channel->reason);
    bool ok = listener && ask(channel, listener, command, result);

    control_channel_close(listener);
    return ok;
}

// ---- what is stored

static bool store_kick(struct control_channel *channel, struct span user)
{
    redisReply *reply =
        redisCommand(channel->redis, "SET %s%b %llu EX %d", channel->names.kicked, user.ptr,
                     user.len, (unsigned long long)clock_wall_ms(), KEPT_S);

    return control_channel_granted(channel, reply, "storing the kick");
}

// KEYS: the revocations. ARGV: user, at, until, now (ms), the largest number of users.
// Deletes entries that are over. Extends an entry of the same user. Answers 0 if there are too
// many.
static const char revoke_script[] =
    "local entries, count = redis.call('HGETALL', KEYS[1]), 0\n"
    "local now, last = tonumber(ARGV[4]), tonumber(ARGV[3])\n"
    "local till, at = last, tonumber(ARGV[2])\n"
    "for i = 1, #entries, 2 do\n"
    "  local ends = tonumber(string.match(entries[i + 1], ' (%d+)$') or '0')\n"
    "  if ends <= now then redis.call('HDEL', KEYS[1], entries[i])\n"
    "  elseif entries[i] == ARGV[1] then\n"
    "    till = math.max(till, ends)\n"
    "    at = math.max(at, tonumber(string.match(entries[i + 1], '^(%d+)') or '0'))\n"
    "  else count = count + 1 end\n"
    "  last = math.max(last, ends)\n"
    "end\n"
    "if count >= tonumber(ARGV[5]) then return 0 end\n"
    "redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %.0f', at, till))\n"
    "redis.call('EXPIRE', KEYS[1], string.format('%.0f', math.ceil((last - now) / 1000)))\n"
    "return 1\n";

// KEYS: the rooms that the user was taken out of. ARGV: room, at (ms), expiry (s), the largest
// number of rooms. Answers 0 if there are too many.
static const char leave_script[] =
    "local rooms = redis.call('HGETALL', KEYS[1])\n"
    "if #rooms >= 2 * tonumber(ARGV[4]) and not redis.call('HGET', KEYS[1], ARGV[1]) then\n"
    "  return 0\n"
    "end\n"
    "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
    "redis.call('EXPIRE', KEYS[1], ARGV[3])\n"
    "return 1\n";

// Takes the reply of a script that answers 0 if there are too many.
static bool stored(struct control_channel *channel, redisReply *reply, const char *doing,
                   const char *too_many)
{
    bool full = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 0;

    return control_channel_granted(channel, reply, doing) &&
           (!full || fail(channel, "%s: %s", doing, too_many));
}

static bool store_revocation(struct control_channel *channel, const struct control *command)
{
    redisReply *reply =
        redisCommand(channel->redis, "EVAL %s 1 %s %b %llu %llu %llu %d", revoke_script,
                     channel->names.revoked, command->user.ptr, command->user.len,
                     (unsigned long long)command->at_ms, (unsigned long long)command->until_ms,
                     (unsigned long long)clock_wall_ms(), REDIS_REVOKED_MAX);

    return stored(channel, reply, "storing the revocation",
                  "there are 10000 already; to refuse the tokens of so many users, change the key "
                  "that signs them");
}

static bool store_leave(struct control_channel *channel, const struct control *command)
{
    redisReply *reply = redisCommand(
        channel->redis, "EVAL %s 1 %s%b " REDIS_ROOM_FIELD "%b %llu %d %d", leave_script,
        channel->names.left, command->user.ptr, command->user.len, command->room.ptr,
        command->room.len, (unsigned long long)command->at_ms, KEPT_S, LEFT_ROOMS_MAX);

    return stored(channel, reply, "storing the leave",
                  "the user was taken out of 1000 rooms within an hour; disconnect the user "
                  "instead");
}

// ---- commands

bool control_channel_kick(struct control_channel *channel, struct span user,
                          struct command_result *result)
{
    struct control command = {.kind = CONTROL_KICK, .user = user};

    *result = (struct command_result){0};
    return store_kick(channel, user) && ask_edges(channel, &command, result);
}

bool control_channel_revoke(struct control_channel *channel, struct span user, uint64_t seconds,
                            struct command_result *result)
{
    uint64_t now_ms = clock_wall_ms();
    struct control command = {.kind = CONTROL_REVOKE,
                              .user = user,
                              .at_ms = now_ms,
                              .until_ms = now_ms + 1000 * (seconds + CLOCK_TOLERANCE_S)};

    *result = (struct command_result){0};
    return store_kick(channel, user) && store_revocation(channel, &command) &&
           ask_edges(channel, &command, result);
}

bool control_channel_leave(struct control_channel *channel, struct span user, struct span room,
                           struct command_result *result)
{
    struct control command = {
        .kind = CONTROL_LEAVE, .user = user, .room = room, .at_ms = clock_wall_ms()};

    *result = (struct command_result){0};
    return store_leave(channel, &command) && ask_edges(channel, &command, result);
}

void edge_notice_print(const struct edge_notice *edge, struct buffer *out)
{
    uint64_t now_ms = clock_wall_ms();

    buffer_append(out, SPAN_LIT("{\"edge\":"));
    json_string_append(out, edge->id);
    buffer_printf(out, ",\"sockets\":%" PRIu64 ",\"rooms\":%" PRIu64 ",\"heardMsAgo\":%" PRIu64 "}",
                  edge->sockets, edge->rooms, now_ms > edge->at_ms ? now_ms - edge->at_ms : 0);
}
