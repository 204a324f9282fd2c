// A fake of the session store: records what it is told, and answers when the test says so.
#pragma once

#include "common/buffer.h"
#include "common/list.h"
#include "common/mem.h"
#include "edge/gateway/clients/session_store.h"
#include "tests/unit/unit.h"

struct fake_sessions {
    struct session_store store;
    bool up;
    struct buffer told;  // "put u1 user:u1@1-5; join conversation:c1@1-5; "
    struct list waiting; // struct fake_request, oldest first
};

struct fake_request {
    struct list node;
    struct session_request *request; // NULL: withdrawn
};

static inline struct fake_sessions *fake_sessions_of(const struct session_store *store)
{
    return container_of((struct session_store *)store, struct fake_sessions, store);
}

static inline bool fake_is_up(const struct session_store *store)
{
    return fake_sessions_of(store)->up;
}

static inline void fake_wait(struct session_store *store, struct session_request *request)
{
    struct fake_request *fake;

    if (!request)
        return;
    fake = mem_alloc(sizeof(*fake));
    fake->request = request;
    request->pending = fake;
    list_append(&fake_sessions_of(store)->waiting, &fake->node);
}

static inline void fake_tell_room(struct buffer *out, const struct session_room *room)
{
    char position[POSITION_TEXT_MAX];

    buffer_printf(out, " " SPAN_FMT, SPAN_ARG(room->name));
    for (unsigned i = 0; i < room->joined.shards; i++) {
        position_print(room->joined.at[i], position);
        buffer_printf(out, "%c%s", i == 0 ? '@' : ',', position);
    }
    if (room->by_action)
        buffer_append(out, SPAN_LIT("!"));
}

static inline void fake_tell_acted(struct buffer *out, struct position acted)
{
    char position[POSITION_TEXT_MAX];

    if (position_is_none(acted))
        return;
    position_print(acted, position);
    buffer_printf(out, " acted=%s", position);
}

static inline void fake_put(struct session_store *store, const struct session_record *record,
                            bool restored, struct session_request *request)
{
    struct buffer *told = &fake_sessions_of(store)->told;

    buffer_printf(told, "%s " SPAN_FMT, restored ? "restore" : "put", SPAN_ARG(record->user));
    if (record->stale.len > 0)
        buffer_printf(told, " stale=" SPAN_FMT, SPAN_ARG(record->stale));
    if (record->noted > 0)
        buffer_printf(told, " #%u", (unsigned)record->noted);
    fake_tell_acted(told, record->acted);
    for (size_t i = 0; i < record->room_count; i++)
        fake_tell_room(told, &record->rooms[i]);
    buffer_append(told, SPAN_LIT("; "));
    fake_wait(store, request);
}

static inline void fake_store_join(struct session_store *store, struct session_key key,
                                   const struct session_room *room, struct session_request *request)
{
    struct buffer *told = &fake_sessions_of(store)->told;

    buffer_printf(told, "join %u", (unsigned)key.generation);
    fake_tell_room(told, room);
    buffer_append(told, SPAN_LIT("; "));
    fake_wait(store, request);
}

static inline void fake_store_leave(struct session_store *store, struct session_key key,
                                    struct span room, struct position acted,
                                    struct session_request *request)
{
    struct buffer *told = &fake_sessions_of(store)->told;

    buffer_printf(told, "leave %u " SPAN_FMT, (unsigned)key.generation, SPAN_ARG(room));
    fake_tell_acted(told, acted);
    buffer_append(told, SPAN_LIT("; "));
    fake_wait(store, request);
}

static inline void fake_touch(struct session_store *store, struct session_key key,
                              struct session_freshness freshness, struct session_request *request)
{
    buffer_printf(&fake_sessions_of(store)->told, "touch %u [" SPAN_FMT "]#%u; ",
                  (unsigned)key.generation, SPAN_ARG(freshness.text), (unsigned)freshness.number);
    fake_wait(store, request);
}

static inline void fake_end(struct session_store *store, struct session_key key,
                            struct session_freshness freshness, struct session_request *request)
{
    buffer_printf(&fake_sessions_of(store)->told, "end %u [" SPAN_FMT "]#%u; ",
                  (unsigned)key.generation, SPAN_ARG(freshness.text), (unsigned)freshness.number);
    fake_wait(store, request);
}

static inline void fake_drop(struct session_store *store, struct session_key key)
{
    buffer_printf(&fake_sessions_of(store)->told, "drop %u; ", (unsigned)key.generation);
}

static inline void fake_claim(struct session_store *store, struct span id, struct span user,
                              uint64_t now_ms, struct session_claiming *claiming)
{
    (void)now_ms;
    if (!fake_is_up(store))
        return;
    buffer_printf(&fake_sessions_of(store)->told, "claim " SPAN_FMT " " SPAN_FMT "; ", SPAN_ARG(id),
                  SPAN_ARG(user));
    fake_wait(store, &claiming->request);
}

static inline void fake_take_over(struct session_store *store, struct span edge,
                                  struct span control)
{
    (void)control;
    buffer_printf(&fake_sessions_of(store)->told, "takeover " SPAN_FMT "; ", SPAN_ARG(edge));
}

static inline void fake_report_loss(struct session_store *store, unsigned shard,
                                    struct position position)
{
    char text[POSITION_TEXT_MAX];

    if (!fake_is_up(store))
        return;
    position_print(position, text);
    buffer_printf(&fake_sessions_of(store)->told, "lost %u %s; ", shard, text);
}

static inline void fake_withdraw(struct session_store *store, struct session_request *request)
{
    (void)store;
    if (request->pending)
        ((struct fake_request *)request->pending)->request = NULL;
    request->pending = NULL;
}

static const struct session_store_ops fake_session_ops = {
    .is_up = fake_is_up,
    .put = fake_put,
    .join = fake_store_join,
    .leave = fake_store_leave,
    .touch = fake_touch,
    .end = fake_end,
    .drop = fake_drop,
    .claim = fake_claim,
    .take_over = fake_take_over,
    .report_loss = fake_report_loss,
    .withdraw = fake_withdraw,
};

static inline void fake_sessions_init(struct fake_sessions *self)
{
    *self = (struct fake_sessions){.store = {.ops = &fake_session_ops}, .up = true};
    list_init(&self->waiting);
}

// Takes the oldest request that waits for its answer; NULL if there is none.
static inline struct session_request *fake_take_request(struct fake_sessions *self)
{
    struct session_request *request = NULL;

    while (!request && !list_empty(&self->waiting)) {
        struct fake_request *fake = list_entry(self->waiting.next, struct fake_request, node);
        request = fake->request;
        list_unlink(&fake->node);
        free(fake);
    }
    if (request)
        request->pending = NULL;
    return request;
}

static inline void fake_sessions_fini(struct fake_sessions *self)
{
    while (fake_take_request(self))
        continue;
    buffer_fini(&self->told);
}
