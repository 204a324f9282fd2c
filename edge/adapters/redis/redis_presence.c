#define LOG_MODULE "redis_presence"

#include "edge/adapters/redis/redis_presence.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/redis/presence_scripts.h"
#include "edge/adapters/redis/redis_command.h"

#define SHA_MAX    64
#define LISTED_MAX "500" // of one step

enum listing { NO_LIST, LIST_OWED, LISTS_USERS, LISTS_ROOMS };

struct redis_presence {
    struct presence_store interface;
    struct redis_presence_options options;
    const struct users *users;           // borrowed; set before the first write
    bool begun;                          // somebody wants presence, or wanted it
    struct redis_connection *connection; // NULL: none that is used; answers may still come
    char write_sha[SHA_MAX];             // name of the script; "": not loaded
    int64_t *told;                       // of the changes under way
    size_t count;                        // how many they are
    bool refusal_logged;                 // and none was written since
    enum listing list;                   // a page is under way in the last two states
};

static struct redis_presence *presence_of(const struct presence_store *store)
{
    return container_of((struct presence_store *)store, struct redis_presence, interface);
}

static bool is_up(const struct presence_store *store)
{
    return presence_of(store)->connection != NULL;
}

// ---- writing

static void load_script(struct redis_presence *presence);

// The changes are parsed whole before they are reported: a report may write the next ones.
static bool read_told(struct redis_presence *presence, struct span text, uint64_t *lost)
{
    for (size_t i = 0; i < presence->count; i++) {
        struct span word;
        uint64_t n;
        (void)span_take_until(&text, ' ', &word);
        bool negative = span_take_before(&word, SPAN_LIT("-"), &(struct span){0});
        if (!span_take_uint(&word, INT64_MAX, &n) || word.len > 0)
            return false;
        presence->told[i] = negative ? -(int64_t)n : (int64_t)n;
    }
    return span_take_uint(&text, UINT64_MAX, lost) && text.len == 0;
}

static void report(struct redis_presence *presence, enum presence_outcome outcome, uint64_t lost)
{
    const struct presence_store_handlers *handlers = &presence->interface.handlers;
    int64_t *told = presence->told;

    presence->told = NULL;
    presence->count = 0;
    handlers->on_written(outcome, told, lost, handlers->arg);
    free(told);
}

static void note_refusal(struct redis_presence *presence, const char *error)
{
    if (!presence->refusal_logged)
        log_warn("Redis does not keep who is online; it is tried again reason=%s", error);
    presence->refusal_logged = true;
}

static void on_write_answer(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_presence *presence = (struct redis_presence *)tag;
    const char *error = redis_value_error(value);
    bool is_unknown = error && strncmp(error, "NOSCRIPT", 8) == 0;
    uint64_t lost = 0;

    (void)arg;
    if (!presence->connection)
        return; // it was reported when the connection went
    if (is_unknown)
        load_script(presence);
    else if (error)
        note_refusal(presence, error);
    else
        presence->refusal_logged = false;
    if (!error && read_told(presence, redis_value_text(value), &lost))
        report(presence, PRESENCE_WRITTEN, lost);
    else
        report(presence, is_unknown ? PRESENCE_NOT_WRITTEN : PRESENCE_IN_DOUBT, 0);
}

static const char *word_of(const struct presence_change *change)
{
    if (change->is_user)
        return change->is_asked ? "X" : change->is_told ? "U" : "u";
    return change->is_asked ? "T" : change->is_told ? "t" : "r";
}

static void add_keys(const struct redis_presence *presence, struct redis_command *command,
                     const struct presence_change *changes, size_t count)
{
    const struct redis_names *names = presence->options.names;
    struct span edge = span_of(presence->options.edge_id);

    redis_command_add_key(command, names->edge_users, edge);
    redis_command_add_key(command, names->edge_rooms, edge);
    redis_command_add_key(command, names->uplink, (struct span){0});
    redis_command_add_key(command, names->uplink_bytes, (struct span){0});
    for (size_t i = 0; i < count; i++)
        redis_command_add_key(command, changes[i].is_user ? names->user : names->room_count,
                              changes[i].name);
}

static void add_options(const struct redis_presence *presence, struct redis_command *command)
{
    const struct redis_presence_options *options = &presence->options;
    const struct users *users = presence->users;
    char now[ISO8601_LEN + 1];

    clock_iso8601(clock_wall_ms(), now);
    redis_command_add_text(command, options->edge_id);
    redis_command_add_text(command, options->names->edges);
    redis_command_add_number(command, options->uplink_max_len);
    redis_command_add_number(command, options->uplink_max_bytes);
    redis_command_add_text(command, users->exchange ? users->exchange : "");
    redis_command_add_text(command, users->exchange ? users->connected : "");
    redis_command_add_text(command, users->exchange ? users->disconnected : "");
    redis_command_add_text(command, now);
}

static void write_changes(struct presence_store *store, const struct presence_change *changes,
                          size_t count)
{
    struct redis_presence *presence = presence_of(store);
    struct redis_command command = {0};
    bool is_loaded = presence->write_sha[0] != '\0';

    assert(presence->count == 0);
    presence->told = mem_alloc(count * sizeof(presence->told[0]));
    presence->count = count;
    add_keys(presence, &command, changes, count);
    add_options(presence, &command);
    for (size_t i = 0; i < count; i++) {
        redis_command_add(&command, changes[i].name);
        redis_command_add_number(&command, changes[i].count);
        redis_command_add_text(&command, word_of(&changes[i]));
    }
    redis_command_run_script(&command, presence->connection, is_loaded ? "EVALSHA" : "EVAL",
                             span_of(is_loaded ? presence->write_sha : presence_write_script),
                             on_write_answer, (uintptr_t)presence);
    redis_command_fini(&command);
}

static void on_loaded(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_presence *presence = (struct redis_presence *)tag;
    struct span sha = redis_value_text(value);

    (void)arg;
    if (presence->connection && sha.len < SHA_MAX)
        snprintf(presence->write_sha, SHA_MAX, SPAN_FMT, SPAN_ARG(sha));
}

// Until it is loaded, or if it cannot be, the whole script is sent with each write.
static void load_script(struct redis_presence *presence)
{
    presence->write_sha[0] = '\0';
    redis_connection_send(presence->connection, on_loaded, (uintptr_t)presence, "SCRIPT LOAD %s",
                          presence_write_script);
}

// ---- the beat

static void on_beat_answer(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_presence *presence = (struct redis_presence *)tag;
    const struct presence_store_handlers *handlers = &presence->interface.handlers;
    struct span old = redis_value_text(value);
    uint64_t at_ms;

    (void)arg;
    if (!presence->connection)
        return;
    if (redis_value_error(value))
        note_refusal(presence, redis_value_error(value));
    else if (old.len == 0)
        handlers->on_beat(PRESENCE_FIRST, handlers->arg);
    else
        handlers->on_beat(span_take_uint(&old, UINT64_MAX, &at_ms) ? PRESENCE_KNOWN
                                                                   : PRESENCE_SWEPT,
                          handlers->arg);
}

// ---- the list

static void on_page(const struct redis_value *value, uintptr_t tag, void *arg);

static void ask_page(struct redis_presence *presence, struct span cursor)
{
    const struct redis_names *names = presence->options.names;

    redis_connection_send(presence->connection, on_page, (uintptr_t)presence,
                          "SSCAN %s%s %b COUNT " LISTED_MAX,
                          presence->list == LISTS_USERS ? names->edge_users : names->edge_rooms,
                          presence->options.edge_id, cursor.ptr, cursor.len);
}

static void go_on(struct redis_presence *presence, struct span cursor)
{
    if (span_is(cursor, "0")) { // the set has no more
        presence->list = presence->list == LISTS_USERS ? LISTS_ROOMS : NO_LIST;
        if (presence->list == NO_LIST)
            return;
    }
    ask_page(presence, cursor);
}

static void on_page(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct redis_presence *presence = (struct redis_presence *)tag;
    const struct presence_store_handlers *handlers = &presence->interface.handlers;
    bool are_users = presence->list == LISTS_USERS;

    (void)arg;
    if (!presence->connection)
        return;
    if (redis_value_count(value) != 2) {
        note_refusal(presence, redis_value_error(value) ? redis_value_error(value) : "no page");
        presence->list = LIST_OWED;
        return;
    }
    const struct redis_value *names = redis_value_item(value, 1);
    for (size_t i = 0; i < redis_value_count(names); i++)
        handlers->on_listed(are_users, redis_value_text(redis_value_item(names, i)), handlers->arg);
    go_on(presence, redis_value_text(redis_value_item(value, 0)));
}

// A cursor is worth nothing on another connection, nor after a refusal, which may be of a Redis
// that has loaded another state: such a list begins again.
static void begin_list(struct redis_presence *presence)
{
    presence->list = LISTS_USERS;
    ask_page(presence, SPAN_LIT("0"));
}

// A list that is under way has begun on this connection, and so has all that this one would.
static void list_written(struct presence_store *store)
{
    struct redis_presence *presence = presence_of(store);

    if (presence->list == NO_LIST || presence->list == LIST_OWED)
        begin_list(presence);
}

static void beat(struct presence_store *store)
{
    struct redis_presence *presence = presence_of(store);

    redis_connection_send(presence->connection, on_beat_answer, (uintptr_t)presence,
                          "EVAL %s 1 %s %s", presence_beat_script,
                          presence->options.names->presence_edges, presence->options.edge_id);
    if (presence->list == LIST_OWED)
        begin_list(presence);
}

// ---- life

static void begin(struct redis_presence *presence, bool may_lack)
{
    const struct presence_store_handlers *handlers = &presence->interface.handlers;

    load_script(presence);
    beat(&presence->interface);
    handlers->on_up(may_lack, handlers->arg);
}

static void use(struct presence_store *store, const struct users *users, bool begins)
{
    struct redis_presence *presence = presence_of(store);

    presence->users = users;
    if (!begins || presence->begun)
        return;
    presence->begun = true;
    if (presence->connection)
        begin(presence, false);
}

static const struct presence_store_ops ops = {
    .use = use,
    .is_up = is_up,
    .write = write_changes,
    .beat = beat,
    .list = list_written,
};

struct redis_presence *redis_presence_new(const struct redis_presence_options *options)
{
    struct redis_presence *presence = mem_zalloc(sizeof(*presence));

    presence->interface.ops = &ops;
    presence->options = *options;
    return presence;
}

void redis_presence_free(struct redis_presence *presence)
{
    if (!presence)
        return;
    free(presence->told);
    free(presence);
}

struct presence_store *redis_presence_interface(struct redis_presence *presence)
{
    return &presence->interface;
}

void redis_presence_on_up(struct redis_presence *presence, struct redis_connection *connection,
                          bool may_lack)
{
    presence->connection = connection;
    presence->refusal_logged = false;
    if (presence->begun)
        begin(presence, may_lack);
}

void redis_presence_on_down(struct redis_presence *presence)
{
    presence->connection = NULL;
    presence->list = presence->list == NO_LIST ? NO_LIST : LIST_OWED;
    if (presence->count > 0)
        report(presence, PRESENCE_IN_DOUBT, 0);
}
