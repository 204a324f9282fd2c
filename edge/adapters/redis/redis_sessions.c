#include "edge/adapters/redis/redis_sessions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "edge/adapters/redis/session_calls.h"
#include "edge/adapters/redis/session_hash.h"

struct redis_sessions {
    struct session_store interface;
    struct session_calls calls;
    bool up;
    char expiry[16];
    const struct redis_names *names;
    const char *edge_id;
    unsigned shards;
};

static struct redis_sessions *sessions_of(const struct session_store *store)
{
    return container_of((struct session_store *)store, struct redis_sessions, interface);
}

static bool is_up(const struct session_store *store)
{
    return sessions_of(store)->up;
}

static void add_session(const struct redis_sessions *sessions, struct redis_command *command,
                        struct session_key key)
{
    redis_command_add_key(command, sessions->names->session, key.id);
    redis_command_add_number(command, key.generation);
}

static void put(struct session_store *store, const struct session_record *record, bool restored,
                struct session_request *request)
{
    struct redis_sessions *sessions = sessions_of(store);
    struct redis_command command = {0};

    if (!sessions->up)
        return;
    add_session(sessions, &command, record->key);
    redis_command_add_text(&command, sessions->expiry);
    if (restored)
        redis_command_add_number(&command, clock_wall_ms());
    else
        redis_command_add_text(&command, "");
    redis_command_add_number(&command, record->noted);
    session_hash_add(&command, record);
    session_calls_send(&sessions->calls, SCRIPT_PUT, &command, request);
}

static void join(struct session_store *store, struct session_key key,
                 const struct session_room *room, struct session_request *request)
{
    struct redis_command command = {0};

    if (!sessions_of(store)->up)
        return;
    add_session(sessions_of(store), &command, key);
    session_hash_add_room(&command, room);
    session_calls_send(&sessions_of(store)->calls, SCRIPT_JOIN, &command, request);
}

static void leave(struct session_store *store, struct session_key key, struct span room,
                  struct position acted, struct session_request *request)
{
    struct redis_command command = {0};

    if (!sessions_of(store)->up)
        return;
    add_session(sessions_of(store), &command, key);
    session_hash_add_room_name(&command, room);
    session_hash_add_position(&command, acted);
    session_calls_send(&sessions_of(store)->calls, SCRIPT_LEAVE, &command, request);
}

static void send_touch(struct session_store *store, struct session_key key,
                       struct session_freshness freshness, bool ends,
                       struct session_request *request)
{
    struct redis_sessions *sessions = sessions_of(store);
    struct redis_command command = {0};

    if (!sessions->up)
        return;
    add_session(sessions_of(store), &command, key);
    redis_command_add_text(&command, sessions->expiry);
    redis_command_add(&command, freshness.text);
    redis_command_add_text(&command, ends ? "1" : "");
    redis_command_add_number(&command, freshness.number);
    session_calls_send(&sessions->calls, SCRIPT_TOUCH, &command, request);
}

static void touch(struct session_store *store, struct session_key key,
                  struct session_freshness freshness, struct session_request *request)
{
    send_touch(store, key, freshness, false, request);
}

static void end(struct session_store *store, struct session_key key,
                struct session_freshness freshness, struct session_request *request)
{
    send_touch(store, key, freshness, true, request);
}

static void drop(struct session_store *store, struct session_key key)
{
    struct redis_command command = {0};

    if (!sessions_of(store)->up)
        return;
    add_session(sessions_of(store), &command, key);
    session_calls_send(&sessions_of(store)->calls, SCRIPT_DROP, &command, NULL);
}

static void claim(struct session_store *store, struct span id, struct span user, uint64_t now_ms,
                  struct session_claiming *claiming)
{
    struct redis_sessions *sessions = sessions_of(store);
    struct redis_command command = {0};
    char lost[REDIS_SHARD_KEY_MAX];

    if (!sessions->up)
        return;
    redis_command_add_key(&command, sessions->names->session, id);
    redis_command_add_key(&command, sessions->names->kicked, user);
    redis_command_add_key(&command, sessions->names->left, user);
    for (unsigned i = 0; i < sessions->shards; i++) {
        redis_lost_key(sessions->names, i, lost);
        redis_command_add_key(&command, lost, (struct span){0});
    }
    redis_command_add(&command, user);
    redis_command_add_text(&command, sessions->edge_id);
    redis_command_add_text(&command, sessions->expiry);
    redis_command_add_number(&command, now_ms);
    redis_command_add_number(&command, RESTORED_FOR_MS);
    redis_command_add_number(&command, CLAIMS_A_MINUTE);
    session_calls_send(&sessions->calls, SCRIPT_CLAIM, &command, &claiming->request);
}

static void ignore_reply(const struct redis_value *value, uintptr_t tag, void *arg)
{
    (void)value, (void)tag, (void)arg; // an edge that misses it learns it from its next write
}

static void take_over(struct session_store *store, struct span edge, struct span control)
{
    struct redis_sessions *sessions = sessions_of(store);

    if (sessions->up)
        redis_connection_send(sessions->calls.connection, ignore_reply, 0, "PUBLISH %s%b %b",
                              sessions->names->edge_channel, edge.ptr, edge.len, control.ptr,
                              control.len);
}

static void report_loss(struct session_store *store, unsigned shard, struct position position)
{
    struct redis_sessions *sessions = sessions_of(store);
    struct redis_command command = {0};
    char key[REDIS_SHARD_KEY_MAX], text[POSITION_TEXT_MAX];

    if (!sessions->up)
        return;
    redis_lost_key(sessions->names, shard, key);
    redis_command_add_key(&command, key, (struct span){0});
    position_print(position, text);
    redis_command_add_text(&command, text);
    redis_command_add_text(&command, sessions->expiry);
    session_calls_send(&sessions->calls, SCRIPT_LOSE, &command, NULL);
}

static void withdraw(struct session_store *store, struct session_request *request)
{
    (void)store;
    session_calls_withdraw(request);
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

void redis_sessions_load(struct redis_sessions *sessions, struct redis_connection *connection,
                         void (*when_loaded)(void *arg), void *arg)
{
    session_calls_connect(&sessions->calls, connection, when_loaded, arg);
}

bool redis_sessions_is_loaded(const struct redis_sessions *sessions)
{
    return session_scripts_are_loaded(&sessions->calls.scripts);
}

void redis_sessions_on_up(struct redis_sessions *sessions, bool may_lack)
{
    sessions->up = true;
    sessions->interface.on_up(may_lack, sessions->interface.arg);
}

void redis_sessions_on_down(struct redis_sessions *sessions)
{
    sessions->up = false;
    session_calls_drop(&sessions->calls);
}

struct redis_sessions *redis_sessions_new(const struct redis_names *names, uint32_t expiry_s,
                                          const char *edge_id, unsigned shards)
{
    struct redis_sessions *sessions = mem_zalloc(sizeof(*sessions));

    sessions->interface.ops = &ops;
    sessions->names = names;
    sessions->edge_id = edge_id;
    sessions->shards = shards;
    snprintf(sessions->expiry, sizeof(sessions->expiry), "%" PRIu32, expiry_s);
    session_calls_init(&sessions->calls);
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
