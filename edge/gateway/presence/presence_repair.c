#include "edge/gateway/presence/presence_repair.h"

#include "common/buffer.h"
#include "edge/gateway/presence/presence_entry.h"
#include "proto/presence_script.h"

static const struct span user_mark = SPAN_INIT(GATEWAY_USER_ROOMS);

// What the store has as told may be older than what the members have heard, and by chance the very
// number that is right by now: who has a change tells it in any case.
static void write_again(struct presence *presence, struct presence_entry *entry)
{
    entry->lacks = true;
    entry->joined |= entry->tells_later || entry->size != entry->written;
    if (entry->state == PRESENCE_SENT)
        return;
    if (entry->state == PRESENCE_DIRTY)
        presence_take_from_dirty(presence, entry);
    deadline_cancel(&entry->due);
    presence_settle(presence, entry);
}

// An edge that a relay has taken for dead is PRESENCE_SWEPT for PRESENCE_EXPIRY_S, and then nothing
// is known of it. So one that was away for so long has been taken out, or nobody has anything.
static bool is_forgotten(const struct presence *presence)
{
    uint64_t away_ms = deadlines_now(presence->ticks.clock) - presence->heard_ms;

    return presence->introduced && away_ms >= PRESENCE_EXPIRY_S * 1000 - PRESENCE_DOUBT_MS;
}

// In a store that has nothing, a user who left here looks offline as long as the other edges have
// not written theirs: services would be told so, and of those online for long, nothing else later.
// `swept`: services were told that all are gone.
static void rewrite_all(struct presence *presence, bool swept)
{
    struct presence_entry *entry, *next;

    if (presence->options.file->users.exchange)
        presence_be_patient(presence);
    HASH_ITER (hh, presence->by_name, entry, next) {
        entry->told_ms = swept ? 0 : entry->told_ms;
        metric_add(&presence->metrics->rewritten, 1);
        write_again(presence, entry);
    }
}

static void list_written(struct presence *presence)
{
    presence->options.store->ops->list(presence->options.store);
}

void presence_repair_on_up(bool may_lack, void *arg)
{
    struct presence *presence = arg;

    deadline_cancel(&presence->tick);
    if (may_lack) {
        rewrite_all(presence, is_forgotten(presence));
        list_written(presence);
    }
    presence_schedule(presence);
}

// What an edge with this id has written in an earlier life, it takes out again; of users once they
// had the time to come back.
void presence_repair_on_beat(enum presence_beat beat, void *arg)
{
    struct presence *presence = arg;
    bool is_first = !presence->introduced;

    presence->introduced = true;
    if (is_first && beat != PRESENCE_FIRST) {
        presence_be_patient(presence);
        list_written(presence);
    } else if (!is_first && beat != PRESENCE_KNOWN) {
        rewrite_all(presence, beat == PRESENCE_SWEPT || is_forgotten(presence));
    }
    presence->heard_ms = deadlines_now(presence->ticks.clock);
}

void presence_repair_on_listed(bool is_user, struct span name, void *arg)
{
    struct presence *presence = arg;
    struct buffer room = {0};

    buffer_append(&room, is_user ? user_mark : (struct span){0});
    buffer_append(&room, name);
    if (!presence_find(presence, buffer_span(&room))) {
        struct presence_entry *entry = presence_add(presence, buffer_span(&room), is_user);
        entry->written = PRESENCE_UNKNOWN;
        presence_settle(presence, entry);
    }
    buffer_fini(&room);
}
