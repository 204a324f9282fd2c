#define LOG_MODULE "log_follower"

#include "edge/gateway/delivery/shard_follower.h"

#include <assert.h>

#include "common/log.h"

#define PAGE_ENTRIES 64
#define FIRST_PAGES  500 // entries of a page while the log is read from its beginning

static const struct position nowhere = {0, 0};

static bool is_above(struct position a, struct position b)
{
    return position_compare(a, b) > 0;
}

static struct position greater(struct position a, struct position b)
{
    return is_above(a, b) ? a : b;
}

static void report_loss(struct shard_follower *shard, struct position next, const char *reason)
{
    char last_text[POSITION_TEXT_MAX], next_text[POSITION_TEXT_MAX];

    position_print(shard->position, last_text);
    position_print(next, next_text);
    log_warn("events were lost; clients are told to reconnect shard=%u last=%s next=%s "
             "reason=%s",
             shard->number, last_text, next_text, reason);
    metric_add(&shard->shared->metrics->losses, 1);
    shard->shared->handlers.on_loss(shard->number, reason, shard->shared->handlers.arg);
}

// The entry goes to on_entry before it is delivered, so that the tail has everything that a client
// was sent. on_loss comes before the position moves: what it reports ends at the old one.
static void deliver_next(struct shard_follower *shard, const struct envelope *envelope,
                         struct position position)
{
    if (shard->located && position_compare(envelope->prev, shard->position) != 0)
        report_loss(shard, position, "the log no longer has what came before");
    shard->position = position;
    if (shard->shared->handlers.on_entry)
        shard->shared->handlers.on_entry(shard->number, envelope, position,
                                         shard->shared->handlers.delivery);
    if (shard->located)
        shard->shared->handlers.deliver(envelope, shard->shared->handlers.delivery);
}

static size_t page_of(const struct shard_follower *shard)
{
    return shard->located ? PAGE_ENTRIES : FIRST_PAGES;
}

// Reads the next page. What is known now must be in the log by the end of this read, except for a
// heartbeat that was early; check_goal() compares.
static void read_on(struct shard_follower *shard)
{
    shard->state = READING;
    shard->goal = shard->known;
    metric_add(&shard->shared->metrics->log_reads, 1);
    bus_read(shard->shared->bus, shard->number, shard->position, page_of(shard));
}

static void pause(struct shard_follower *shard)
{
    shard->state = PAUSED;
    metric_add(&shard->shared->metrics->log_pauses, 1);
    deadline_arm(&shard->shared->look, &shard->shared->looks);
}

static void read_on_or_pause(struct shard_follower *shard)
{
    if (replay_pace_must_wait(&shard->shared->pace))
        pause(shard);
    else
        read_on(shard);
}

static void locate(struct shard_follower *shard)
{
    shard->state = LOCATING;
    bus_read_newest(shard->shared->bus, shard->number);
}

static void deliver_held(struct shard_follower *shard, struct held_envelope *held)
{
    const struct envelope *envelope =
        envelope_decode(shard->shared->decoder, (struct span){held->bytes, held->len});

    assert(envelope); // on_envelope() has decoded these bytes
    deliver_next(shard, envelope, held->position);
    held_envelopes_drop(&shard->shared->held, held);
}

// Delivers held envelopes as long as each one's prev is the position. Returns false if the log must
// be read first or clients are behind; the remaining ones are then read from the log as well. The
// last read should have returned every envelope up to the goal. One that it did not return is no
// longer in the stream, so it is delivered from here although its prev does not match.
static bool release_held(struct shard_follower *shard)
{
    while (!list_empty(&shard->held)) {
        struct held_envelope *held = list_entry(shard->held.next, struct held_envelope, node);
        if (!is_above(held->position, shard->position)) {
            held_envelopes_drop(&shard->shared->held, held);
        } else if ((position_compare(held->prev, shard->position) == 0 ||
                    !is_above(held->position, shard->goal)) &&
                   !replay_pace_must_wait(&shard->shared->pace)) {
            deliver_held(shard, held);
        } else {
            shard->known = greater(shard->known, held->position);
            return false;
        }
    }
    return true;
}

// The log may not have the entry that a heartbeat names yet. So an entry counts as lost only if a
// second read does not find it either.
static void check_goal(struct shard_follower *shard)
{
    if (is_above(shard->unmet, shard->position)) {
        report_loss(shard, shard->unmet, "the log does not have what was reported");
        shard->position = shard->unmet;
    }
    shard->unmet = is_above(shard->goal, shard->position) ? shard->goal : nowhere;
}

static void become_live(struct shard_follower *shard)
{
    shard->state = LIVE;
    replay_pace_reset(&shard->shared->pace);
}

// From now on no entry of this shard is missed. Clients that have connected before may have missed
// some, so they are reported like a loss and have to reconnect.
static void become_located(struct shard_follower *shard)
{
    shard->located = true;
    shard->shared->handlers.on_loss(shard->number, "connected before the log was found",
                                    shard->shared->handlers.arg);
}

// Called when the log was read to its end, or its newest entry was located. `known` may have grown
// meanwhile, by a heartbeat or by publications that were dropped over the limit: then the log is
// read once more, up to there.
static void settle(struct shard_follower *shard)
{
    if (!release_held(shard)) {
        read_on_or_pause(shard);
        return;
    }
    check_goal(shard);
    if (!shard->located)
        become_located(shard);
    if (is_above(shard->known, shard->goal) && is_above(shard->known, shard->position))
        read_on(shard);
    else
        become_live(shard);
}

static void take_entry(struct shard_follower *shard, const struct bus_entry *entry)
{
    const struct envelope *envelope;

    metric_add(&shard->shared->metrics->log_entries, 1);
    if (!is_above(entry->position, shard->position))
        return;
    envelope = envelope_decode(shard->shared->decoder, entry->envelope);
    if (envelope) {
        deliver_next(shard, envelope, entry->position);
        return;
    }
    metric_add(&shard->shared->metrics->envelopes_malformed, 1);
    log_warn("skipping a malformed entry of the log shard=%u", shard->number);
    shard->position = entry->position;
}

static void on_gap(struct shard_follower *shard)
{
    metric_add(&shard->shared->metrics->gaps, 1);
    read_on(shard);
}

// A publication with another prev is held and the log is read: publications may get lost in Redis,
// but the log has what came between.
static void take_live(struct shard_follower *shard, const struct envelope *envelope,
                      struct span bytes)
{
    if (!is_above(envelope->position, shard->position)) {
        metric_add(&shard->shared->metrics->duplicates, 1);
        return;
    }
    shard->known = greater(shard->known, envelope->position);
    if (position_compare(envelope->prev, shard->position) == 0) {
        deliver_next(shard, envelope, envelope->position);
        return;
    }
    held_envelopes_add(&shard->shared->held, &shard->held, envelope, bytes);
    on_gap(shard);
}

// Without heartbeats the loss of the last publication before a quiet time would go unnoticed. A
// heartbeat below the position comes from a log that was reset or from a relay that was just
// replaced; the newest entry of the log decides which.
void shard_follower_take_heartbeat(struct shard_follower *shard, struct position top)
{
    int order = position_compare(top, shard->position);

    if (shard->state != LIVE || order > 0)
        shard->known = greater(shard->known, top);
    if (shard->state != LIVE)
        return;
    if (order > 0)
        on_gap(shard);
    else if (order < 0)
        locate(shard);
}

void shard_follower_take_page(struct shard_follower *shard, const struct bus_entry *entries,
                              size_t count)
{
    assert(shard->state == READING);
    size_t page = page_of(shard);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && replay_pace_must_wait(&shard->shared->pace)) {
            pause(shard); // the rest of the page is read again later
            return;
        }
        take_entry(shard, &entries[i]);
    }
    if (count == page)
        read_on_or_pause(shard);
    else
        settle(shard);
}

// If the newest entry is below the position, the log was reset: that is a loss, and the follower
// goes on from there. Otherwise the low heartbeat came from a relay that was just replaced.
void shard_follower_take_newest(struct shard_follower *shard, struct position newest)
{
    bool reset = shard->located && is_above(shard->position, newest);

    assert(shard->state == LOCATING);
    if (reset) {
        report_loss(shard, newest, "the log was reset");
        shard->known = newest;
    }
    if (reset || !shard->located)
        shard->position = newest;
    shard->goal = shard->unmet = nowhere;
    if (!shard->located)
        become_located(shard);
    settle(shard);
}

void shard_follower_take_publication(struct shard_follower *shard, const struct envelope *envelope,
                                     struct span bytes)
{
    if (shard->state == LIVE) {
        take_live(shard, envelope, bytes);
        return;
    }
    shard->known = greater(shard->known, envelope->position);
    held_envelopes_add(&shard->shared->held, &shard->held, envelope, bytes);
}

void shard_follower_start(struct shard_follower *shard)
{
    if (shard->located || shard->shared->handlers.on_entry)
        read_on(shard);
    else
        locate(shard);
}

void shard_follower_resume(struct shard_follower *shard)
{
    if (shard->state == PAUSED)
        read_on(shard);
}

void shard_follower_stop(struct shard_follower *shard)
{
    held_envelopes_drop_all(&shard->shared->held, &shard->held);
    shard->state = OFFLINE;
}
