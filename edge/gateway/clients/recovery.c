#define LOG_MODULE "recovery"

#include "edge/gateway/clients/recovery.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/json_string.h"
#include "common/json_view.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/gateway/clients/client.h"
#include "edge/gateway/rooms/room_name.h"
#include "edge/socketio/connect.h"
#include "edge/socketio/middleware.h"
#include "edge/socketio/namespace.h"
#include "proto/redis_keys.h"

#define RETRY_MS       20
#define OFFSET_MAX     1024 // of a text that is looked at at all
#define AUTH_DEPTH_MAX 64

// One client's way to its session. What was claimed is kept in one block.
struct recovery_attempt {
    struct list node;
    struct recovery *recovery;
    struct client *client;
    struct session_claiming claiming;
    struct deadline patience, retry;
    struct buffer id, offset; // as the client sent them
    bool has_offset;          // good or not
    bool wants;               // it is still to be decided
    bool claimed, ready;
    struct session_key key; // once claimed; its id is ours
    uint64_t created_ms;
    bool left;
    struct buffer socket_id;
    bool offset_good, fresh_good;
    struct cut offset_cut, sent, had, start;
    bool sent_nothing;
    bool is_stale;
    struct position lost[OFFSET_SHARDS_MAX];
    struct buffer room_names;
    struct session_room *rooms; // names point into room_names
    size_t room_count;
    struct replay replay;
};

static struct session_store *store_of(const struct recovery *recovery)
{
    return recovery->sessions->store;
}

static void count(struct recovery *recovery, enum recovery_result result)
{
    metric_add(&recovery->metrics->recoveries[result], 1);
}

// ---- what the client asks for

static void read_text(struct json_view value, size_t max, struct buffer *out)
{
    buffer_clear(out);
    if (value.kind == JSON_KIND_STRING && value.raw.len <= max + 2)
        json_string_decode(json_view_inside(value), JSON_HALF_PAIR_REPLACED, out);
}

static void read_auth(struct recovery_attempt *attempt, struct span auth)
{
    struct json_view object, value;
    struct json_fault fault;
    struct span name;

    if (!json_view_parse(auth, AUTH_DEPTH_MAX, &object, &fault) || object.kind != JSON_KIND_OBJECT)
        return;
    struct json_walk walk = json_walk_into(object);
    while (json_walk_member(&walk, &name, &value)) {
        if (span_is(name, "pid") && value.kind != JSON_KIND_NULL) {
            attempt->wants = true;
            read_text(value, SESSION_ID_LEN, &attempt->id);
        } else if (span_is(name, "offset")) {
            attempt->has_offset = true;
            read_text(value, OFFSET_MAX, &attempt->offset);
        }
    }
}

// ---- the outcome

static void settle(struct recovery_attempt *attempt)
{
    struct recovery *recovery = attempt->recovery;

    deadline_cancel(&attempt->patience);
    deadline_cancel(&attempt->retry);
    list_unlink(&attempt->node);
    store_of(recovery)->ops->withdraw(store_of(recovery), &attempt->claiming.request);
    attempt->wants = false;
}

// The client gets a fresh session. The old one is given up, so that nobody asks for it again,
// unless it is somebody else's.
static void give_up(struct recovery_attempt *attempt, enum recovery_result why, bool drops)
{
    struct recovery *recovery = attempt->recovery;
    struct sio_socket *socket = attempt->client->socket;

    count(recovery, why);
    log_debug("not recovered sid=%s reason=%d", sio_socket_id(socket), (int)why);
    settle(attempt);
    if (attempt->claimed && drops)
        store_of(recovery)->ops->drop(store_of(recovery), attempt->key);
    sio_socket_next(socket);
}

static void refuse(struct recovery_attempt *attempt, enum recovery_result why)
{
    give_up(attempt, why, true);
}

// ---- where the client stands

// Up to where the client has everything, by its own word and by what its last edge noted: one that
// has all that it was sent lacks nothing until then.
static void find_start(struct recovery_attempt *attempt)
{
    struct cut *start = &attempt->start;
    bool has_all = attempt->fresh_good &&
                   (attempt->sent_nothing ||
                    (attempt->offset_good && cut_covers(&attempt->offset_cut, &attempt->sent)));

    *start = (struct cut){.shards = attempt->recovery->delivery->shards};
    if (attempt->offset_good)
        *start = attempt->offset_cut;
    for (unsigned i = 0; has_all && i < start->shards; i++)
        if (position_compare(attempt->had.at[i], start->at[i]) > 0)
            start->at[i] = attempt->had.at[i];
}

static unsigned shard_of(const struct recovery_attempt *attempt, const struct session_room *room)
{
    return shard_of_room(room->name, attempt->recovery->delivery->shards);
}

// Nobody hears in a room what was said before it came in.
static struct position start_of(const struct recovery_attempt *attempt,
                                const struct session_room *room)
{
    struct position start = attempt->start.at[shard_of(attempt, room)];

    return position_compare(room->joined, start) > 0 ? room->joined : start;
}

// This edge may have got less far than the one that the client comes from. Then what the client has
// would come again, and what was said before a join would come at all.
static bool is_behind(const struct recovery_attempt *attempt)
{
    const struct delivery *delivery = attempt->recovery->delivery;
    struct cut had;

    delivery_cut(delivery, &had);
    if (!log_follower_is_following(delivery->follower) || !cut_covers(&had, &attempt->start))
        return true;
    for (size_t i = 0; i < attempt->room_count; i++) {
        const struct session_room *room = &attempt->rooms[i];
        if (position_compare(room->joined, had.at[shard_of(attempt, room)]) > 0)
            return true;
    }
    return false;
}

static bool remembers(const struct recovery_attempt *attempt, const struct session_room *room)
{
    const struct log_tail *tail = attempt->recovery->delivery->tail;
    unsigned shard = shard_of(attempt, room);
    struct position start = start_of(attempt, room);

    if (attempt->offset_good && !log_tail_knows(tail, shard, attempt->start.at[shard]))
        return false;
    return log_tail_knows(tail, shard, start) && position_compare(start, attempt->lost[shard]) >= 0;
}

static bool remembers_all(const struct recovery_attempt *attempt)
{
    const struct delivery *delivery = attempt->recovery->delivery;

    for (unsigned i = 0; i < delivery->shards; i++)
        log_tail_align(delivery->tail, i, delivery_position(delivery, i));
    for (size_t i = 0; i < attempt->room_count; i++)
        if (!remembers(attempt, &attempt->rooms[i]))
            return false;
    return true;
}

static bool make_replay(struct recovery_attempt *attempt)
{
    const struct recovery *recovery = attempt->recovery;
    size_t count_of_rooms = attempt->room_count;
    struct replay_room *rooms = mem_alloc((count_of_rooms + 1) * sizeof(rooms[0]));

    for (size_t i = 0; i < count_of_rooms; i++)
        rooms[i] =
            (struct replay_room){attempt->rooms[i].name, shard_of(attempt, &attempt->rooms[i]),
                                 start_of(attempt, &attempt->rooms[i])};
    bool made =
        replay_make(recovery->delivery->tail, sio_namespace_name(recovery->delivery->nsp), rooms,
                    count_of_rooms, &attempt->start, &recovery->limits, &attempt->replay);
    free(rooms);
    return made;
}

static void proceed(struct recovery_attempt *attempt)
{
    if (is_behind(attempt)) {
        deadline_arm(&attempt->retry, &attempt->recovery->retries);
        return;
    }
    if (!remembers_all(attempt)) {
        refuse(attempt, RECOVERY_REACH);
        return;
    }
    if (!make_replay(attempt)) {
        refuse(attempt, RECOVERY_TOO_MUCH);
        return;
    }
    settle(attempt);
    attempt->ready = true;
    sio_socket_next(attempt->client->socket);
}

// ---- other holders of the session

struct search {
    struct span socket_id;
    struct client *found;
};

static void look_at(struct sio_socket *socket, void *arg)
{
    struct search *search = arg;

    if (span_is(search->socket_id, sio_socket_id(socket)))
        search->found = sio_socket_data(socket);
}

static struct client *find_client(struct recovery *recovery, struct span user,
                                  struct span socket_id)
{
    struct search search = {.socket_id = socket_id};

    if (user.len > 0)
        sio_namespace_each_in(recovery->delivery->nsp, room_name_of_user(user, &recovery->text),
                              look_at, &search);
    return search.found;
}

// Its user's room is left at once: who takes its place may be one socket too many otherwise.
void recovery_end_taken(struct client *client)
{
    struct buffer room = {0};

    if (!sio_socket_is_connected(client->socket))
        return;
    client->silent = true;
    sio_socket_leave(client->socket, room_name_of_user(client->identity->user, &room));
    buffer_fini(&room);
    log_debug("session taken over sid=%s", sio_socket_id(client->socket));
    sio_socket_disconnect(client->socket);
}

// One that still waits for its own reply starts afresh.
static void overtake_attempts(struct recovery *recovery, struct span socket_id, uint32_t generation)
{
    list_for_each (node, &recovery->attempts) {
        struct recovery_attempt *attempt = list_entry(node, struct recovery_attempt, node);
        if (attempt->claimed && attempt->key.generation < generation &&
            span_eq(buffer_span(&attempt->socket_id), socket_id)) {
            give_up(attempt, RECOVERY_OVERTAKEN, false);
            return; // there is no other, as each claim ends the one before it
        }
    }
}

void recovery_on_takeover(struct recovery *recovery, struct span user, struct span socket_id,
                          uint32_t generation)
{
    struct client *client = find_client(recovery, user, socket_id);

    if (client && client->session && client->session->generation < generation)
        recovery_end_taken(client);
    overtake_attempts(recovery, socket_id, generation);
}

// Here that is done at once. Another edge is told; if it cannot be, its next write is refused.
static void take_over(struct recovery_attempt *attempt, const struct session_record *record)
{
    struct recovery *recovery = attempt->recovery;
    const struct control control = {
        .kind = CONTROL_TAKEOVER,
        .user = record->user,
        .socket = record->socket_id,
        .generation = record->key.generation,
    };

    if (span_eq(record->edge, recovery->sessions->edge_id)) {
        recovery_on_takeover(recovery, record->user, record->socket_id, record->key.generation);
    } else if (!record->left) {
        buffer_clear(&recovery->text);
        control_encode(&control, &recovery->text);
        store_of(recovery)->ops->take_over(store_of(recovery), record->edge,
                                           buffer_span(&recovery->text));
    }
}

// ---- claiming

static void keep_rooms(struct recovery_attempt *attempt, const struct session_record *record)
{
    size_t at = 0;

    free(attempt->rooms);
    attempt->rooms = mem_alloc((record->room_count + 1) * sizeof(attempt->rooms[0]));
    attempt->room_count = record->room_count;
    buffer_clear(&attempt->room_names);
    for (size_t i = 0; i < record->room_count; i++)
        buffer_append(&attempt->room_names, record->rooms[i].name);
    for (size_t i = 0; i < record->room_count; i++) {
        attempt->rooms[i] = record->rooms[i];
        attempt->rooms[i].name.ptr = attempt->room_names.ptr + at;
        at += record->rooms[i].name.len;
    }
}

static void keep_freshness(struct recovery_attempt *attempt, const struct session_record *record)
{
    unsigned shards = attempt->recovery->delivery->shards;

    attempt->sent_nothing = span_is(record->sent, "-");
    attempt->fresh_good =
        offset_parse(record->had, shards, &attempt->had) &&
        (attempt->sent_nothing || offset_parse(record->sent, shards, &attempt->sent));
}

static void keep(struct recovery_attempt *attempt, const struct session_record *record)
{
    attempt->claimed = true;
    attempt->key = (struct session_key){buffer_span(&attempt->id), record->key.generation};
    attempt->created_ms = record->created_ms;
    attempt->left = record->left;
    attempt->is_stale =
        record->stale.len > 0 && span_eq(record->stale, buffer_span(&attempt->offset));
    memcpy(attempt->lost, record->lost, sizeof(attempt->lost));
    buffer_clear(&attempt->socket_id);
    buffer_append(&attempt->socket_id, record->socket_id);
    keep_freshness(attempt, record);
    keep_rooms(attempt, record);
}

// What the new token does not list is left behind.
static void drop_unlisted(struct recovery_attempt *attempt)
{
    struct recovery *recovery = attempt->recovery;
    size_t kept = 0;

    for (size_t i = 0; i < attempt->room_count; i++) {
        struct session_room room = attempt->rooms[i];
        if (room_name_is_user(room.name) ||
            authorization_may_stay(recovery->authorization, attempt->client->identity, room.name))
            attempt->rooms[kept++] = room;
        else
            store_of(recovery)->ops->leave(store_of(recovery), attempt->key, room.name, NULL);
    }
    attempt->room_count = kept;
}

static enum recovery_result result_of(enum session_claim claim)
{
    static const enum recovery_result results[] = {
        [CLAIM_UNKNOWN] = RECOVERY_UNKNOWN,   [CLAIM_FOREIGN] = RECOVERY_FOREIGN,
        [CLAIM_KICKED] = RECOVERY_KICKED,     [CLAIM_TOO_OFTEN] = RECOVERY_TOO_OFTEN,
        [CLAIM_RESTORED] = RECOVERY_RESTORED,
    };

    return results[claim];
}

static void on_claimed(struct session_claiming *claiming, enum session_claim result,
                       const struct session_record *record)
{
    struct recovery_attempt *attempt = container_of(claiming, struct recovery_attempt, claiming);

    if (result == CLAIM_AWAY)
        return; // claimed again when the store is back, within the patience
    if (result != CLAIM_OK) {
        give_up(attempt, result_of(result), false);
        return;
    }
    keep(attempt, record);
    take_over(attempt, record);
    if (attempt->is_stale) {
        refuse(attempt, RECOVERY_STALE);
    } else if (attempt->has_offset && !attempt->offset_good) {
        refuse(attempt, RECOVERY_OFFSET);
    } else {
        drop_unlisted(attempt);
        find_start(attempt);
        proceed(attempt);
    }
}

static void claim(struct recovery_attempt *attempt)
{
    struct session_store *store = store_of(attempt->recovery);

    store->ops->claim(store, buffer_span(&attempt->id), attempt->client->identity->user,
                      clock_wall_ms(), &attempt->claiming);
}

static void on_retry(struct deadline *deadline, void *arg)
{
    (void)arg;
    proceed(container_of(deadline, struct recovery_attempt, retry));
}

static void on_patience_over(struct deadline *deadline, void *arg)
{
    struct recovery_attempt *attempt = container_of(deadline, struct recovery_attempt, patience);

    (void)arg;
    refuse(attempt, attempt->claimed ? RECOVERY_AHEAD : RECOVERY_AWAY);
}

// ---- the step

static struct recovery_attempt *attempt_new(struct recovery *recovery, struct client *client)
{
    struct recovery_attempt *attempt = mem_zalloc(sizeof(*attempt));

    attempt->recovery = recovery;
    attempt->client = client;
    attempt->claiming.on_claimed = on_claimed;
    list_init(&attempt->node);
    deadline_init(&attempt->patience);
    deadline_init(&attempt->retry);
    client->attempt = attempt;
    return attempt;
}

static bool is_eligible(const struct recovery *recovery, const struct sio_socket *socket)
{
    const struct client *client = sio_socket_data(socket);
    struct sio_handshake handshake = sio_socket_handshake(socket);

    return recovery->sessions && !identity_is_anonymous(client->identity) &&
           recovery_clients_include(recovery->clients, sio_socket_version(socket), &handshake);
}

void recovery_ask(struct sio_socket *socket, struct span auth, void *arg)
{
    struct recovery *recovery = arg;
    struct recovery_attempt *attempt;

    if (!is_eligible(recovery, socket)) {
        sio_socket_next(socket);
        return;
    }
    attempt = attempt_new(recovery, sio_socket_data(socket));
    read_auth(attempt, auth);
    attempt->offset_good = offset_parse(buffer_span(&attempt->offset), recovery->delivery->shards,
                                        &attempt->offset_cut);
    if (!attempt->wants) {
        sio_socket_next(socket);
        return;
    }
    list_append(&recovery->attempts, &attempt->node);
    if (attempt->id.len != SESSION_ID_LEN) {
        give_up(attempt, RECOVERY_UNKNOWN, false);
        return;
    }
    deadline_arm(&attempt->patience, &recovery->patience);
    claim(attempt);
}

void recovery_forget(struct recovery_attempt *attempt)
{
    if (!attempt)
        return;
    settle(attempt);
    attempt->client->attempt = NULL;
    replay_fini(&attempt->replay);
    buffer_fini(&attempt->id);
    buffer_fini(&attempt->offset);
    buffer_fini(&attempt->socket_id);
    buffer_fini(&attempt->room_names);
    free(attempt->rooms);
    free(attempt);
}

// ---- letting in

// An offset that this edge has not come to must never be taken for one of the new session.
static struct span stale_offset(const struct recovery_attempt *attempt)
{
    struct cut had;

    delivery_cut(attempt->recovery->delivery, &had);
    if (!attempt->offset_good || cut_covers(&had, &attempt->offset_cut))
        return (struct span){0};
    return buffer_span(&attempt->offset);
}

bool recovery_accept(struct recovery *recovery, struct client *client)
{
    struct recovery_attempt *attempt = client->attempt;
    struct span id = {0};

    if (!attempt) {
        sio_socket_accept(client->socket);
        return false;
    }
    if (attempt->ready) {
        id = buffer_span(&attempt->socket_id);
        client->session =
            client_session_resume(recovery->sessions, client, attempt->key, attempt->created_ms);
    } else {
        client->session = client_session_begin(recovery->sessions, client, stale_offset(attempt));
    }
    sio_socket_accept_recoverable(client->socket, id,
                                  (struct span){client->session->id, SESSION_ID_LEN});
    if (attempt->ready)
        return true;
    recovery_forget(attempt);
    return false;
}

void recovery_begin(struct recovery *recovery, struct client *client)
{
    struct room_note *note;

    if (!client->session)
        return;
    struct span room = room_name_of_user(client->identity->user, &recovery->text);
    note = sio_socket_room_note(client->socket, room);
    *note = client_session_note(recovery->sessions, room);
    client_session_put(recovery->sessions, client->session);
}

struct span recovery_offset(const struct client *client)
{
    return buffer_span(&client->attempt->offset);
}

static void rejoin(struct recovery *recovery, struct client *client,
                   const struct recovery_attempt *attempt)
{
    for (size_t i = 0; i < attempt->room_count; i++) {
        const struct session_room *room = &attempt->rooms[i];
        if (sio_socket_join(client->socket, room->name) != ROOMS_JOINED)
            continue; // MAX_ROOMS_PER_SOCKET was lowered
        *(struct room_note *)sio_socket_room_note(client->socket, room->name) =
            (struct room_note){room->joined, room->granted_ms};
        if (attempt->left && !room_name_is_user(room->name))
            room_events_emit(recovery->room_events, client, room->name, "user_joined");
        regrants_check(recovery->regrants, client, room->name);
    }
}

void recovery_replay(struct recovery *recovery, struct client *client)
{
    struct recovery_attempt *attempt = client->attempt;
    char text[OFFSET_TEXT_MAX];
    struct span sent = buffer_span(&attempt->offset);

    for (size_t i = 0; i < attempt->replay.count; i++)
        sio_socket_send(client->socket, attempt->replay.frames[i]);
    if (attempt->replay.count > 0)
        sent = (struct span){text, offset_print(&attempt->replay.last, text)};
    sio_socket_set_moment(client->socket, 0);
    client_session_freshen(recovery->sessions, client->session,
                           sent.len > 0 ? sent : SPAN_LIT("-"));
    rejoin(recovery, client, attempt);
    count(recovery, RECOVERY_DONE);
    metric_add(&recovery->metrics->replayed, attempt->replay.count);
    log_debug("recovered sid=%s rooms=%zu events=%zu", sio_socket_id(client->socket),
              attempt->room_count, attempt->replay.count);
    recovery_forget(attempt);
}

void recovery_init(struct recovery *recovery, struct deadlines *clock)
{
    list_init(&recovery->attempts);
    deadline_queue_init(&recovery->patience, clock, RECOVERY_WAIT_MS, on_patience_over, recovery);
    deadline_queue_init(&recovery->retries, clock, RETRY_MS, on_retry, recovery);
}

void recovery_fini(struct recovery *recovery)
{
    deadline_queue_fini(&recovery->patience);
    deadline_queue_fini(&recovery->retries);
    buffer_fini(&recovery->text);
}

void recovery_on_up(struct recovery *recovery)
{
    list_for_each (node, &recovery->attempts) {
        struct recovery_attempt *attempt = list_entry(node, struct recovery_attempt, node);
        if (!attempt->claimed && !attempt->claiming.request.pending)
            claim(attempt);
    }
}
