#define LOG_MODULE "log_follower"

#include "edge/gateway/delivery/log_follower.h"

#include <assert.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/gateway/delivery/held_envelopes.h"

#define PAGE_ENTRIES 64
#define LOOK_MS      100 // between two looks whether what paused may go on
#define FIRST_PAGES  500 // entries of each page while the log is read from its beginning

static const struct position nowhere = {0, 0};

enum state { OFFLINE = 0, LOCATING, READING, PAUSED, LIVE };

struct shard {
    enum state state;
    bool located;             // `position` means something
    struct position position; // the last delivered
    struct position known;    // the greatest that is known to exist
    struct position goal;     // `known` when the current read began: it should come that far
    struct position unmet;    // a goal that the last complete read did not reach
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
    bool was_following; // on_following was called
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

    assert(envelope); // it was decoded before
    deliver_next(follower, shard, envelope, held->position);
    held_envelopes_drop(&follower->held, held);
}

// Delivers held envelopes as far as they continue at the position. False if the log has to be read
// first, or if clients are behind; the rest is then read from the log as well. If the last read
// should have passed an envelope's position and did not, the stream no longer has what came before
// it, so the envelope is delivered all the same.
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

// The entry at a heartbeat's position may not be in the log yet, so it counts as lost only if a
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

// From now on nothing of this shard is missed. Clients that are connected already came too early
// and have to come again.
static void become_located(struct log_follower *follower, struct shard *shard)
{
    shard->located = true;
    follower->handlers.on_loss(number_of(follower, shard), "connected before the log was found",
                               follower->handlers.arg);
    update_following(follower);
}

// The log was read to its end, or its newest entry was located.
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
            pause(follower, shard); // the rest is read again
            return;
        }
        take_entry(follower, shard, &entries[i]);
    }
    if (count == page)
        read_on_or_pause(follower, shard);
    else
        settle(follower, shard);
}

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

// Reading is what locates shards, so this is looked at after each answer.
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
