#define LOG_MODULE "log_follower"

#include "edge/gateway/delivery/log_follower.h"

#include <assert.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/gateway/delivery/held_envelopes.h"

#define PAGE_ENTRIES 64
#define LOOK_MS      100 // between two checks whether a paused read may go on
#define FIRST_PAGES  500 // entries of a page while the log is read from its beginning

static const struct position nowhere = {0, 0};

enum state { OFFLINE = 0, LOCATING, READING, PAUSED, LIVE };

struct shard {
    enum state state;
    bool located;             // the end of the log was reached once; entries are delivered since
    struct position position; // delivered last, or, before `located`, read last
    struct position known;    // the greatest that a publication or heartbeat has named
    struct position goal;     // `known` when the current read began: the read should get there
    struct position unmet;    // the goal of the last complete read, if it was not reached
    struct list held;         // of struct held_envelope, in the order of publication
};

struct log_follower {
    struct bus *bus;
    struct log_follower_handlers handlers;
    struct delivery_metrics *metrics;
    struct envelope_decoder *decoder;
    struct replay_pace pace;
    struct deadline_queue looks;
    struct deadline look; // armed while a shard is paused
    bool up;
    bool was_following; // on_following() has been called
    struct held_envelopes held;
    unsigned shard_count;
    struct shard shards[];
};

static bool is_above(struct position a, struct position b)
{
    return position_compare(a, b) > 0;
}

static struct position greater(struct position a, struct position b)
{
    return is_above(a, b) ? a : b;
}

static unsigned number_of(const struct log_follower *follower, const struct shard *shard)
{
    return (unsigned)(shard - follower->shards);
}

bool log_follower_is_following(const struct log_follower *follower)
{
    for (unsigned i = 0; i < follower->shard_count; i++)
        if (!follower->shards[i].located)
            return false;
    return follower->up;
}

static void update_following(struct log_follower *follower)
{
    metric_set(&follower->metrics->following, log_follower_is_following(follower));
}

static void report_loss(struct log_follower *follower, struct shard *shard, struct position next,
                        const char *reason)
{
    char last_text[POSITION_TEXT_MAX], next_text[POSITION_TEXT_MAX];

    position_print(shard->position, last_text);
    position_print(next, next_text);
    log_warn("events were lost; clients are told to reconnect shard=%u last=%s next=%s "
             "reason=\"%s\"",
             number_of(follower, shard), last_text, next_text, reason);
    metric_add(&follower->metrics->losses, 1);
    follower->handlers.on_loss(number_of(follower, shard), reason, follower->handlers.arg);
}

// The entry goes to on_entry before it is delivered, so that the tail has everything that a client
// was sent. on_loss comes before the position moves: what it reports ends at the old one.
static void deliver_next(struct log_follower *follower, struct shard *shard,
                         const struct envelope *envelope, struct position position)
{
    if (shard->located && position_compare(envelope->prev, shard->position) != 0)
        report_loss(follower, shard, position, "the log no longer has what came before");
    shard->position = position;
    if (follower->handlers.on_entry)
        follower->handlers.on_entry(number_of(follower, shard), envelope, position,
                                    follower->handlers.delivery);
    if (shard->located)
        follower->handlers.deliver(envelope, follower->handlers.delivery);
}

static size_t page_of(const struct shard *shard)
{
    return shard->located ? PAGE_ENTRIES : FIRST_PAGES;
}

// Reads the next page. What is known now must be in the log by the end of this read, except for a
// heartbeat that was early; check_goal() compares.
static void read_on(struct log_follower *follower, struct shard *shard)
{
    shard->state = READING;
    shard->goal = shard->known;
    metric_add(&follower->metrics->log_reads, 1);
    bus_read(follower->bus, number_of(follower, shard), shard->position, page_of(shard));
}

static void pause(struct log_follower *follower, struct shard *shard)
{
    shard->state = PAUSED;
    metric_add(&follower->metrics->log_pauses, 1);
    deadline_arm(&follower->look, &follower->looks);
}

static void read_on_or_pause(struct log_follower *follower, struct shard *shard)
{
    if (replay_pace_must_wait(&follower->pace))
        pause(follower, shard);
    else
        read_on(follower, shard);
}

static void locate(struct log_follower *follower, struct shard *shard)
{
    shard->state = LOCATING;
    bus_read_newest(follower->bus, number_of(follower, shard));
}

static void deliver_held(struct log_follower *follower, struct shard *shard,
                         struct held_envelope *held)
{
    const struct envelope *envelope =
        envelope_decode(follower->decoder, (struct span){held->bytes, held->len});

    assert(envelope); // on_envelope() has decoded these bytes
    deliver_next(follower, shard, envelope, held->position);
    held_envelopes_drop(&follower->held, held);
}

// Delivers held envelopes as long as each one's prev is the position. Returns false if the log must
// be read first or clients are behind; the remaining ones are then read from the log as well. The
// last read should have returned every envelope up to the goal. One that it did not return is no
// longer in the stream, so it is delivered from here although its prev does not match.
static bool release_held(struct log_follower *follower, struct shard *shard)
{
    while (!list_empty(&shard->held)) {
        struct held_envelope *held = list_entry(shard->held.next, struct held_envelope, node);
        if (!is_above(held->position, shard->position)) {
            held_envelopes_drop(&follower->held, held);
        } else if ((position_compare(held->prev, shard->position) == 0 ||
                    !is_above(held->position, shard->goal)) &&
                   !replay_pace_must_wait(&follower->pace)) {
            deliver_held(follower, shard, held);
        } else {
            shard->known = greater(shard->known, held->position);
            return false;
        }
    }
    return true;
}

// The log may not have the entry that a heartbeat names yet. So an entry counts as lost only if a
// second read does not find it either.
static void check_goal(struct log_follower *follower, struct shard *shard)
{
    if (is_above(shard->unmet, shard->position)) {
        report_loss(follower, shard, shard->unmet, "the log does not have what was reported");
        shard->position = shard->unmet;
    }
    shard->unmet = is_above(shard->goal, shard->position) ? shard->goal : nowhere;
}

static void become_live(struct log_follower *follower, struct shard *shard)
{
    shard->state = LIVE;
    replay_pace_reset(&follower->pace);
}

// From now on no entry of this shard is missed. Clients that have connected before may have missed
// some, so they are reported like a loss and have to reconnect.
static void become_located(struct log_follower *follower, struct shard *shard)
{
    shard->located = true;
    follower->handlers.on_loss(number_of(follower, shard), "connected before the log was found",
                               follower->handlers.arg);
    update_following(follower);
}

// Called when the log was read to its end, or its newest entry was located. `known` may have grown
// meanwhile, by a heartbeat or by publications that were dropped over the limit: then the log is
// read once more, up to there.
static void settle(struct log_follower *follower, struct shard *shard)
{
    if (!release_held(follower, shard)) {
        read_on_or_pause(follower, shard);
        return;
    }
    check_goal(follower, shard);
    if (!shard->located)
        become_located(follower, shard);
    if (is_above(shard->known, shard->goal) && is_above(shard->known, shard->position))
        read_on(follower, shard);
    else
        become_live(follower, shard);
}

static void take_entry(struct log_follower *follower, struct shard *shard,
                       const struct bus_entry *entry)
{
    const struct envelope *envelope;

    metric_add(&follower->metrics->log_entries, 1);
    if (!is_above(entry->position, shard->position))
        return;
    envelope = envelope_decode(follower->decoder, entry->envelope);
    if (envelope) {
        deliver_next(follower, shard, envelope, entry->position);
        return;
    }
    metric_add(&follower->metrics->envelopes_malformed, 1);
    log_warn("skipping a malformed entry of the log shard=%u", number_of(follower, shard));
    shard->position = entry->position;
}

static void on_gap(struct log_follower *follower, struct shard *shard)
{
    metric_add(&follower->metrics->gaps, 1);
    read_on(follower, shard);
}

// A publication with another prev is held and the log is read: publications may get lost in Redis,
// but the log has what came between.
static void take_live(struct log_follower *follower, struct shard *shard,
                      const struct envelope *envelope, struct span bytes)
{
    if (!is_above(envelope->position, shard->position)) {
        metric_add(&follower->metrics->duplicates, 1);
        return;
    }
    shard->known = greater(shard->known, envelope->position);
    if (position_compare(envelope->prev, shard->position) == 0) {
        deliver_next(follower, shard, envelope, envelope->position);
        return;
    }
    held_envelopes_add(&follower->held, &shard->held, envelope, bytes);
    on_gap(follower, shard);
}

// Without heartbeats the loss of the last publication before a quiet time would go unnoticed. A
// heartbeat below the position comes from a log that was reset or from a relay that was just
// replaced; the newest entry of the log decides which.
static void take_heartbeat(struct log_follower *follower, struct shard *shard, struct position top)
{
    int order = position_compare(top, shard->position);

    if (shard->state != LIVE || order > 0)
        shard->known = greater(shard->known, top);
    if (shard->state != LIVE)
        return;
    if (order > 0)
        on_gap(follower, shard);
    else if (order < 0)
        locate(follower, shard);
}

void log_follower_go_on(struct log_follower *follower)
{
    if (!deadline_is_armed(&follower->look) || replay_pace_must_wait(&follower->pace))
        return;
    deadline_cancel(&follower->look);
    for (unsigned i = 0; i < follower->shard_count; i++)
        if (follower->shards[i].state == PAUSED)
            read_on(follower, &follower->shards[i]);
}

static void on_look(struct deadline *look, void *arg)
{
    struct log_follower *follower = arg;

    deadline_arm(look, &follower->looks);
    log_follower_go_on(follower);
}

// Publications were missed while the bus was down, so every shard that has a position reads on from
// there. A shard without one is read from the oldest entry if there is a tail to fill.
static void on_up(void *arg)
{
    struct log_follower *follower = arg;

    follower->up = true;
    for (unsigned i = 0; i < follower->shard_count; i++) {
        struct shard *shard = &follower->shards[i];
        if (shard->located || follower->handlers.on_entry)
            read_on(follower, shard);
        else
            locate(follower, shard);
    }
    update_following(follower);
}

// Reads get no answer any more. Held envelopes are dropped, since the read after the next on_up
// returns them too.
static void on_down(void *arg)
{
    struct log_follower *follower = arg;

    follower->up = false;
    deadline_cancel(&follower->look);
    replay_pace_reset(&follower->pace);
    for (unsigned i = 0; i < follower->shard_count; i++) {
        held_envelopes_drop_all(&follower->held, &follower->shards[i].held);
        follower->shards[i].state = OFFLINE;
    }
    update_following(follower);
}

static void on_envelope(unsigned shard_number, struct span bytes, void *arg)
{
    struct log_follower *follower = arg;
    struct shard *shard = &follower->shards[shard_number];
    const struct envelope *envelope = envelope_decode(follower->decoder, bytes);

    metric_add(&follower->metrics->envelopes, 1);
    if (!envelope) {
        metric_add(&follower->metrics->envelopes_malformed, 1);
        log_warn("dropping a malformed publication shard=%u bytes=%zu", shard_number, bytes.len);
        return;
    }
    if (position_is_none(envelope->position)) {
        follower->handlers.deliver(envelope, follower->handlers.delivery);
        return;
    }
    if (shard->state == LIVE) {
        take_live(follower, shard, envelope, bytes);
        return;
    }
    shard->known = greater(shard->known, envelope->position);
    held_envelopes_add(&follower->held, &shard->held, envelope, bytes);
}

static void take_page(struct log_follower *follower, unsigned shard_number,
                      const struct bus_entry *entries, size_t count)
{
    struct shard *shard = &follower->shards[shard_number];

    assert(shard->state == READING);
    size_t page = page_of(shard);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && replay_pace_must_wait(&follower->pace)) {
            pause(follower, shard); // the rest of the page is read again later
            return;
        }
        take_entry(follower, shard, &entries[i]);
    }
    if (count == page)
        read_on_or_pause(follower, shard);
    else
        settle(follower, shard);
}

// If the newest entry is below the position, the log was reset: that is a loss, and the follower
// goes on from there. Otherwise the low heartbeat came from a relay that was just replaced.
static void take_newest(struct log_follower *follower, unsigned shard_number,
                        struct position newest)
{
    struct shard *shard = &follower->shards[shard_number];
    bool reset = shard->located && is_above(shard->position, newest);

    assert(shard->state == LOCATING);
    if (reset) {
        report_loss(follower, shard, newest, "the log was reset");
        shard->known = newest;
    }
    if (reset || !shard->located)
        shard->position = newest;
    shard->goal = shard->unmet = nowhere;
    if (!shard->located)
        become_located(follower, shard);
    settle(follower, shard);
}

// Called after each answer of the bus, since only answers locate a shard.
static void report_following(struct log_follower *follower)
{
    if (follower->was_following || !log_follower_is_following(follower))
        return;
    follower->was_following = true;
    if (follower->handlers.on_following)
        follower->handlers.on_following(follower->handlers.arg);
}

static void on_page(unsigned shard, const struct bus_entry *entries, size_t count, void *arg)
{
    take_page(arg, shard, entries, count);
    report_following(arg);
}

static void on_newest(unsigned shard, struct position newest, void *arg)
{
    take_newest(arg, shard, newest);
    report_following(arg);
}

struct log_follower *log_follower_new(unsigned shards, struct bus *bus, struct deadlines *clock,
                                      const struct log_follower_handlers *handlers,
                                      struct delivery_metrics *metrics)
{
    struct log_follower *follower =
        mem_zalloc(sizeof(*follower) + shards * sizeof(follower->shards[0]));

    follower->bus = bus;
    bus->handlers = (struct bus_handlers){
        .on_up = on_up,
        .on_down = on_down,
        .on_envelope = on_envelope,
        .on_page = on_page,
        .on_newest = on_newest,
        .arg = follower,
    };
    follower->handlers = *handlers;
    follower->metrics = metrics;
    follower->held.metrics = metrics;
    follower->decoder = envelope_decoder_new();
    follower->pace =
        (struct replay_pace){.clock = clock, .look = handlers->backlog, .arg = handlers->arg};
    deadline_queue_init(&follower->looks, clock, LOOK_MS, on_look, follower);
    deadline_init(&follower->look);
    follower->shard_count = shards;
    for (unsigned i = 0; i < shards; i++)
        list_init(&follower->shards[i].held);
    return follower;
}

void log_follower_free(struct log_follower *follower)
{
    if (!follower)
        return;
    for (unsigned i = 0; i < follower->shard_count; i++)
        held_envelopes_drop_all(&follower->held, &follower->shards[i].held);
    deadline_queue_fini(&follower->looks);
    envelope_decoder_free(follower->decoder);
    free(follower);
}

void log_follower_on_heartbeat(struct log_follower *follower, const struct heartbeat *heartbeat)
{
    for (unsigned i = 0; i < follower->shard_count && i < heartbeat->shard_count; i++)
        take_heartbeat(follower, &follower->shards[i], heartbeat->tops[i]);
}

struct position log_follower_position(const struct log_follower *follower, unsigned shard)
{
    return follower->shards[shard].position;
}
