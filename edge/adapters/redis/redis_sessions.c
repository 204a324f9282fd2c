#define LOG_MODULE "redis_sessions"

#include "edge/adapters/redis/redis_sessions.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "proto/redis_keys.h"

#define ARRAY_OF(n) ((n) > 0 ? (n) : 1)
#define SHA_MAX     64

enum script { PUT = 0, JOIN, LEAVE, TOUCH, DROP, CLAIM, LOSE, SCRIPTS };

// What a command of one generation begins with.
#define MINE                                                                                       \
    "local g = redis.call('HGET', KEYS[1], 'g')\n"                                                 \
    "if not g then return '1' end\n"                                                               \
    "if g ~= ARGV[1] then return '2' end\n"

static const char *const scripts[SCRIPTS] = {
    // generation, expiry, when it was restored or '', field, value, …
    [PUT] =
        "local old = redis.call('HMGET', KEYS[1], 'g', 'p')\n"
        "if old[1] and tonumber(old[1]) > tonumber(ARGV[1]) then return '2' end\n"
        "redis.call('DEL', KEYS[1])\n"
        "redis.call('HSET', KEYS[1], 'g', ARGV[1])\n"
        "for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end\n"
        "if old[2] then redis.call('HSET', KEYS[1], 'p', old[2])\n"
        "elseif not old[1] and ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'p', ARGV[3]) end\n"
        "redis.call('EXPIRE', KEYS[1], ARGV[2])\n"
        "return '0'\n",
    // generation, field, value
    [JOIN] = MINE "redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])\n"
                  "return '0'\n",
    // generation, field
    [LEAVE] = MINE "redis.call('HDEL', KEYS[1], ARGV[2])\n"
                   "return '0'\n",
    // generation, expiry, freshness, '1' when the others are told that it left
    [TOUCH] = MINE "local fresh = ARGV[3]\n"
                   "if string.sub(fresh, 1, 1) == ' ' then\n"
                   "  local before = redis.call('HGET', KEYS[1], 'f')\n"
                   "  fresh = before and string.match(before, '^[^ ]+') .. fresh or ''\n"
                   "end\n"
                   "if fresh == '' then redis.call('HDEL', KEYS[1], 'f')\n"
                   "else redis.call('HSET', KEYS[1], 'f', fresh) end\n"
                   "if ARGV[4] == '1' then redis.call('HSET', KEYS[1], 'l', '1')\n"
                   "else redis.call('HDEL', KEYS[1], 'l') end\n"
                   "redis.call('EXPIRE', KEYS[1], ARGV[2])\n"
                   "return '0'\n",
    [DROP] = MINE "redis.call('DEL', KEYS[1])\n"
                  "return '0'\n",
    // user, edge, expiry, now, how long a restored one is not taken, claims within a minute;
    // keys: the session, when its user was kicked, what each shard has lost
    [CLAIM] =
        "local key, now = KEYS[1], tonumber(ARGV[4])\n"
        "local old = redis.call('HMGET', key, 'u', 'c', 'n', 'p')\n"
        "if not old[1] then return {'1'} end\n"
        "if old[1] ~= ARGV[1] then return {'2'} end\n"
        "local function refuse(why) redis.call('DEL', key) return {why} end\n"
        "local kicked = redis.call('GET', KEYS[2])\n"
        "if kicked and tonumber(kicked) >= tonumber(old[2]) then return refuse('3') end\n"
        "local claims, since = string.match(old[3] or '', '^(%d+) (%d+)$')\n"
        "if not claims or now - tonumber(since) >= 60000 then claims, since = 0, ARGV[4] end\n"
        "if tonumber(claims) >= tonumber(ARGV[6]) then return refuse('4') end\n"
        "if old[4] and now - tonumber(old[4]) < tonumber(ARGV[5]) then return refuse('5') end\n"
        "local all = redis.call('HGETALL', key)\n"
        "redis.call('HINCRBY', key, 'g', 1)\n"
        "redis.call('HSET', key, 'e', ARGV[2], 'n', (claims + 1) .. ' ' .. since)\n"
        "redis.call('HDEL', key, 'f', 'p')\n"
        "redis.call('EXPIRE', key, ARGV[3])\n"
        "local answer = {'0', all}\n"
        "for i = 3, #KEYS do answer[i] = redis.call('GET', KEYS[i]) or '0-0' end\n"
        "return answer\n",
    // The greatest wins. position, expiry, and its two numbers padded so that they compare as texts
    [LOSE] = "local old = redis.call('GET', KEYS[1])\n"
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

struct redis_sessions {
    struct session_store interface;
    struct redis_connection *connection; // NULL: none
    bool up;
    unsigned loaded; // scripts
    struct loading {
        struct redis_sessions *sessions;
        char sha[SHA_MAX];
    } loading[SCRIPTS];
    void (*on_loaded)(void *arg);
    void *on_loaded_arg;
    struct list pending; // of struct pending, in the order of sending
    char expiry[16];
    const char *edge_id;
    unsigned shards;
    bool refusal_told; // that Redis does not do what it is asked
};

// A command that has no answer yet. Its arguments are kept for the case that Redis has forgotten
// the script.
struct pending {
    struct list node;
    struct redis_sessions *sessions;
    enum script script;
    struct session_request *request; // NULL: nobody wants to hear
    bool claims;
    size_t key_count, arg_count; // arguments with the keys in front
    size_t *ends;
    char *bytes;
};

static struct redis_sessions *sessions_of(const struct session_store *store)
{
    return container_of((struct session_store *)store, struct redis_sessions, interface);
}

// ---- arguments

struct command {
    struct buffer bytes;
    size_t *ends;
    size_t count, cap, keys;
};

static void end_arg(struct command *command)
{
    if (command->count == command->cap) {
        command->cap = command->cap > 0 ? 2 * command->cap : 16;
        command->ends = mem_realloc(command->ends, command->cap * sizeof(command->ends[0]));
    }
    command->ends[command->count++] = command->bytes.len;
}

static void add_span(struct command *command, struct span arg)
{
    buffer_append(&command->bytes, arg);
    end_arg(command);
}

static void add_text(struct command *command, const char *arg)
{
    add_span(command, span_of(arg));
}

static void add_number(struct command *command, uint64_t n)
{
    buffer_append_uint(&command->bytes, n);
    end_arg(command);
}

static void add_key(struct command *command, const char *prefix, struct span name)
{
    buffer_append(&command->bytes, span_of(prefix));
    add_span(command, name);
    command->keys++;
}

static void add_room_name(struct command *command, struct span room)
{
    buffer_append(&command->bytes, SPAN_LIT("r:"));
    add_span(command, room);
}

static void add_room(struct command *command, const struct session_room *room)
{
    char position[POSITION_TEXT_MAX];

    add_room_name(command, room->name);
    position_print(room->joined, position);
    buffer_printf(&command->bytes, "%s %" PRIu64, position, room->granted_ms);
    end_arg(command);
}

static void add_session(struct command *command, struct session_key key)
{
    add_key(command, REDIS_SESSION_KEY, key.id);
    add_number(command, key.generation);
}

// ---- sending

static void on_answer(const struct redis_value *value, uintptr_t tag, void *arg);

static void free_pending(struct pending *pending)
{
    list_unlink(&pending->node);
    if (pending->request)
        pending->request->pending = NULL;
    free(pending->ends);
    free(pending->bytes);
    free(pending);
}

static void send_pending(struct pending *pending, const char *command, struct span script)
{
    size_t argc = 3 + pending->arg_count, start = 0;
    const char **args = mem_alloc(argc * sizeof(args[0]));
    size_t *lens = mem_alloc(argc * sizeof(lens[0]));
    char keys[24];

    args[0] = command;
    lens[0] = strlen(command);
    args[1] = script.ptr;
    lens[1] = script.len;
    args[2] = keys;
    lens[2] = (size_t)snprintf(keys, sizeof(keys), "%zu", pending->key_count);
    for (size_t i = 0; i < pending->arg_count; i++) {
        args[3 + i] = pending->bytes + start;
        lens[3 + i] = pending->ends[i] - start;
        start = pending->ends[i];
    }
    redis_connection_send_argv(pending->sessions->connection, on_answer, (uintptr_t)pending, argc,
                               args, lens);
    free(args);
    free(lens);
}

// Takes the command over.
static void send_command(struct redis_sessions *sessions, enum script script,
                         struct command *command, struct session_request *request)
{
    struct pending *pending = mem_alloc(sizeof(*pending));

    assert(sessions->up);
    *pending = (struct pending){
        .sessions = sessions,
        .script = script,
        .request = request,
        .key_count = command->keys,
        .arg_count = command->count,
        .ends = command->ends,
        .bytes = command->bytes.ptr,
    };
    if (request)
        request->pending = pending;
    list_append(&sessions->pending, &pending->node);
    send_pending(pending, "EVALSHA", span_of(sessions->loading[script].sha));
}

// ---- answers

static enum session_result read_result(const struct redis_value *value)
{
    struct span text = redis_value_text(value);

    if (span_is(text, "0"))
        return SESSION_OK;
    return span_is(text, "1") ? SESSION_GONE : SESSION_TAKEN;
}

static uint64_t read_number(struct span text)
{
    uint64_t n = 0;

    return span_take_uint(&text, UINT64_MAX, &n) ? n : 0;
}

static bool read_room(struct span name, struct span value, struct session_room *room)
{
    struct span position;

    room->name = name;
    if (!span_take_until(&value, ' ', &position) || !position_parse(position, &room->joined))
        return false;
    room->granted_ms = read_number(value);
    return true;
}

static void read_field(struct session_record *record, struct session_room *rooms, struct span name,
                       struct span value)
{
    if (name.len > 2 && span_starts_with(name, SPAN_LIT("r:"))) {
        if (read_room(span_skip(name, 2), value, &rooms[record->room_count]))
            record->room_count++;
    } else if (span_is(name, "g")) {
        record->key.generation = (uint32_t)read_number(value) + 1;
    } else if (span_is(name, "u")) {
        record->user = value;
    } else if (span_is(name, "s")) {
        record->socket_id = value;
    } else if (span_is(name, "e")) {
        record->edge = value;
    } else if (span_is(name, "c")) {
        record->created_ms = read_number(value);
    } else if (span_is(name, "l")) {
        record->left = span_is(value, "1");
    } else if (span_is(name, "o")) {
        record->stale = value;
    } else if (span_is(name, "f") && span_take_until(&value, ' ', &record->sent)) {
        record->had = value;
    }
}

static void finish_claim(struct session_claiming *claiming, const struct redis_value *value)
{
    const struct redis_value *fields;
    struct session_record record = {0};

    if (redis_value_count(value) < 2) {
        bool one = redis_value_count(value) == 1;
        uint64_t why = one ? read_number(redis_value_text(redis_value_item(value, 0))) : 1;
        claiming->on_claimed(claiming, (enum session_claim)why, NULL);
        return;
    }
    fields = redis_value_item(value, 1);
    size_t count = redis_value_count(fields);
    struct session_room *rooms = mem_alloc(ARRAY_OF(count) * sizeof(rooms[0]));
    for (size_t i = 0; i + 1 < count; i += 2)
        read_field(&record, rooms, redis_value_text(redis_value_item(fields, i)),
                   redis_value_text(redis_value_item(fields, i + 1)));
    record.rooms = rooms;
    for (size_t i = 2; i < redis_value_count(value) && i - 2 < ARRAY_LEN(record.lost); i++)
        if (!position_parse(redis_value_text(redis_value_item(value, i)), &record.lost[i - 2]))
            record.lost[i - 2] = (struct position){0, 0};
    claiming->on_claimed(claiming, CLAIM_OK, &record);
    free(rooms);
}

// `value` is NULL when there is no answer.
static void finish(struct pending *pending, const struct redis_value *value)
{
    struct session_request *request = pending->request;
    bool claims = pending->claims;

    free_pending(pending);
    if (!request)
        return;
    if (!claims)
        request->on_done(request, value ? read_result(value) : SESSION_AWAY);
    else if (value)
        finish_claim(container_of(request, struct session_claiming, request), value);
    else
        container_of(request, struct session_claiming, request)
            ->on_claimed(container_of(request, struct session_claiming, request), CLAIM_AWAY, NULL);
}

static void on_answer(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct pending *pending = (struct pending *)tag;
    const char *error = redis_value_error(value);

    (void)arg;
    if (!error) {
        pending->sessions->refusal_told = false;
        finish(pending, value);
    } else if (strncmp(error, "NOSCRIPT", 8) == 0) {
        // It goes behind what was sent since. Whoever waits has sent nothing that depends on it.
        send_pending(pending, "EVAL", span_of(scripts[pending->script]));
    } else {
        if (!pending->sessions->refusal_told)
            log_warn("Redis does not keep sessions; clients cannot recover reason=\"%s\"", error);
        pending->sessions->refusal_told = true;
        finish(pending, NULL);
    }
}

// ---- commands

static bool is_up(const struct session_store *store)
{
    return sessions_of(store)->up;
}

static void add_field(struct command *command, const char *name, struct span value)
{
    add_text(command, name);
    add_span(command, value);
}

static void put(struct session_store *store, const struct session_record *record, bool restored,
                struct session_request *request)
{
    struct redis_sessions *sessions = sessions_of(store);
    struct command command = {0};

    if (!sessions->up)
        return;
    add_session(&command, record->key);
    add_text(&command, sessions->expiry);
    if (restored)
        add_number(&command, clock_wall_ms());
    else
        add_text(&command, "");
    add_field(&command, "u", record->user);
    add_field(&command, "s", record->socket_id);
    add_field(&command, "e", record->edge);
    add_text(&command, "c");
    add_number(&command, record->created_ms);
    if (record->stale.len > 0)
        add_field(&command, "o", record->stale);
    for (size_t i = 0; i < record->room_count; i++)
        add_room(&command, &record->rooms[i]);
    send_command(sessions, PUT, &command, request);
}

static void join(struct session_store *store, struct session_key key,
                 const struct session_room *room, struct session_request *request)
{
    struct command command = {0};

    if (!sessions_of(store)->up)
        return;
    add_session(&command, key);
    add_room(&command, room);
    send_command(sessions_of(store), JOIN, &command, request);
}

static void leave(struct session_store *store, struct session_key key, struct span room,
                  struct session_request *request)
{
    struct command command = {0};

    if (!sessions_of(store)->up)
        return;
    add_session(&command, key);
    add_room_name(&command, room);
    send_command(sessions_of(store), LEAVE, &command, request);
}

static void send_touch(struct session_store *store, struct session_key key, struct span freshness,
                       bool ends, struct session_request *request)
{
    struct redis_sessions *sessions = sessions_of(store);
    struct command command = {0};

    if (!sessions->up)
        return;
    add_session(&command, key);
    add_text(&command, sessions->expiry);
    add_span(&command, freshness);
    add_text(&command, ends ? "1" : "");
    send_command(sessions, TOUCH, &command, request);
}

static void touch(struct session_store *store, struct session_key key, struct span freshness,
                  struct session_request *request)
{
    send_touch(store, key, freshness, false, request);
}

static void end(struct session_store *store, struct session_key key, struct span freshness,
                struct session_request *request)
{
    send_touch(store, key, freshness, true, request);
}

static void drop(struct session_store *store, struct session_key key)
{
    struct command command = {0};

    if (!sessions_of(store)->up)
        return;
    add_session(&command, key);
    send_command(sessions_of(store), DROP, &command, NULL);
}

static void claim(struct session_store *store, struct span id, struct span user, uint64_t now_ms,
                  struct session_claiming *claiming)
{
    struct redis_sessions *sessions = sessions_of(store);
    struct command command = {0};
    char lost[REDIS_SHARD_KEY_MAX];

    if (!sessions->up)
        return;
    add_key(&command, REDIS_SESSION_KEY, id);
    add_key(&command, REDIS_KICKED_KEY, user);
    for (unsigned i = 0; i < sessions->shards; i++) {
        redis_lost_key(i, lost);
        add_key(&command, lost, (struct span){0});
    }
    add_span(&command, user);
    add_text(&command, sessions->edge_id);
    add_text(&command, sessions->expiry);
    add_number(&command, now_ms);
    add_number(&command, RESTORED_FOR_MS);
    add_number(&command, CLAIMS_A_MINUTE);
    send_command(sessions, CLAIM, &command, &claiming->request);
    ((struct pending *)claiming->request.pending)->claims = true;
}

static void on_told(const struct redis_value *value, uintptr_t tag, void *arg)
{
    (void)value, (void)tag, (void)arg; // an edge that does not hear it finds out by itself
}

static void take_over(struct session_store *store, struct span edge, struct span control)
{
    struct redis_sessions *sessions = sessions_of(store);

    if (sessions->up)
        redis_connection_send(sessions->connection, on_told, 0,
                              "PUBLISH " REDIS_EDGE_CHANNEL "%b %b", edge.ptr, edge.len,
                              control.ptr, control.len);
}

static void report_loss(struct session_store *store, unsigned shard, struct position position)
{
    struct redis_sessions *sessions = sessions_of(store);
    struct command command = {0};
    char key[REDIS_SHARD_KEY_MAX], text[POSITION_TEXT_MAX];

    if (!sessions->up)
        return;
    redis_lost_key(shard, key);
    add_key(&command, key, (struct span){0});
    position_print(position, text);
    add_text(&command, text);
    add_text(&command, sessions->expiry);
    send_command(sessions, LOSE, &command, NULL);
}

static void withdraw(struct session_store *store, struct session_request *request)
{
    (void)store;
    if (request->pending)
        ((struct pending *)request->pending)->request = NULL;
    request->pending = NULL;
}

static const struct session_store_ops ops = {
    .is_up = is_up,
    .put = put,
    .join = join,
    .leave = leave,
    .touch = touch,
    .end = end,
    .drop = drop,
    .claim = claim,
    .take_over = take_over,
    .report_loss = report_loss,
    .withdraw = withdraw,
};

// ---- the connection

static void on_loaded(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct loading *loading = (struct loading *)tag;
    struct redis_sessions *sessions = loading->sessions;
    struct span sha = redis_value_text(value);

    (void)arg;
    if (sha.len == 0 || sha.len >= SHA_MAX) {
        log_error("Redis takes no scripts; clients cannot recover reason=\"%s\"",
                  redis_value_error(value) ? redis_value_error(value) : "no text");
        sha = SPAN_LIT("0"); // commands are refused one by one, and sent whole
    }
    memcpy(loading->sha, sha.ptr, sha.len);
    loading->sha[sha.len] = '\0';
    if (++sessions->loaded == SCRIPTS)
        sessions->on_loaded(sessions->on_loaded_arg);
}

void redis_sessions_load(struct redis_sessions *sessions, struct redis_connection *connection,
                         void (*when_loaded)(void *arg), void *arg)
{
    sessions->connection = connection;
    sessions->loaded = 0;
    sessions->on_loaded = when_loaded;
    sessions->on_loaded_arg = arg;
    for (enum script script = 0; script < SCRIPTS; script++) {
        sessions->loading[script].sessions = sessions;
        redis_connection_send(connection, on_loaded, (uintptr_t)&sessions->loading[script],
                              "SCRIPT LOAD %s", scripts[script]);
    }
}

bool redis_sessions_is_loaded(const struct redis_sessions *sessions)
{
    return sessions->loaded == SCRIPTS;
}

void redis_sessions_on_up(struct redis_sessions *sessions)
{
    sessions->up = true;
    sessions->refusal_told = false;
    sessions->interface.on_up(sessions->interface.arg);
}

void redis_sessions_on_down(struct redis_sessions *sessions)
{
    sessions->up = false;
    sessions->connection = NULL;
    while (!list_empty(&sessions->pending))
        finish(list_entry(sessions->pending.next, struct pending, node), NULL);
}

struct redis_sessions *redis_sessions_new(uint32_t expiry_s, const char *edge_id, unsigned shards)
{
    struct redis_sessions *sessions = mem_zalloc(sizeof(*sessions));

    sessions->interface.ops = &ops;
    sessions->edge_id = edge_id;
    sessions->shards = shards;
    snprintf(sessions->expiry, sizeof(sessions->expiry), "%" PRIu32, expiry_s);
    list_init(&sessions->pending);
    return sessions;
}

void redis_sessions_free(struct redis_sessions *sessions)
{
    if (!sessions)
        return;
    redis_sessions_on_down(sessions);
    free(sessions);
}

struct session_store *redis_sessions_interface(struct redis_sessions *sessions)
{
    return &sessions->interface;
}
