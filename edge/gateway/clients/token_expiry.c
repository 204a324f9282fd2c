#include "edge/gateway/clients/token_expiry.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"

#define SLOTS   1024 // seconds of one turn; a power of two
#define TICK_MS 250

struct token_expiry {
    struct token_expiry_handlers handlers;
    struct deadline_queue ticks;
    struct deadline tick;
    int64_t looked_at_s; // the last second whose slot was looked at
    struct list slots[SLOTS];
    struct list over; // alarms whose token has ended; a few of them at a time are told so
    struct deadline_queue paces;
    struct deadline pace;
};

static struct list *slot_of(struct token_expiry *expiry, int64_t second)
{
    return &expiry->slots[(uint64_t)second % SLOTS];
}

// That of a token that does not expire is in a slot too, for token_expiry_review().
static void set_alarm(struct token_expiry *expiry, struct token_alarm *alarm, int64_t due_s)
{
    alarm->due_s = due_s;
    list_append(slot_of(expiry, due_s), &alarm->node);
}

static bool is_void(const struct token_expiry *expiry, const struct token_alarm *alarm)
{
    const struct token_expiry_handlers *handlers = &expiry->handlers;

    return handlers->is_void && handlers->is_void(alarm, handlers->arg);
}

static bool is_over(const struct token_expiry *expiry, const struct token_alarm *alarm,
                    int64_t now_s)
{
    return now_s >= alarm->life.expires_at_s || is_void(expiry, alarm);
}

static void ring(struct token_expiry *expiry, struct token_alarm *alarm, int64_t now_s)
{
    const struct token_expiry_handlers *handlers = &expiry->handlers;

    if (now_s >= alarm->life.expires_at_s) {
        list_append(&expiry->over, &alarm->node);
        return;
    }
    set_alarm(expiry, alarm, alarm->life.expires_at_s);
    handlers->on_expiring(alarm, alarm->life.expires_at_s - now_s, handlers->arg);
}

static void ring_or_wait(struct token_expiry *expiry, struct token_alarm *alarm, int64_t now_s)
{
    if (alarm->due_s > now_s)
        set_alarm(expiry, alarm, alarm->due_s);
    else
        ring(expiry, alarm, now_s);
}

// A token may have been replaced while its alarm waited for its turn, or its key have come back.
static void end_some(struct token_expiry *expiry, int64_t now_s)
{
    const struct token_expiry_handlers *handlers = &expiry->handlers;

    for (unsigned i = 0; i < TOKEN_ENDS_EACH && !list_empty(&expiry->over); i++) {
        struct token_alarm *alarm = list_entry(expiry->over.next, struct token_alarm, node);
        list_unlink(&alarm->node);
        if (is_over(expiry, alarm, now_s))
            handlers->on_expired(alarm, handlers->arg);
        else
            ring_or_wait(expiry, alarm, now_s);
    }
    if (!list_empty(&expiry->over) && !deadline_is_armed(&expiry->pace))
        deadline_arm(&expiry->pace, &expiry->paces);
}

// A handler may stop or restart any alarm. So the alarms are moved to a list of their own first,
// from which token_expiry_stop() can unlink them too, and are taken from it one by one.
static void ring_slot(struct token_expiry *expiry, struct list *slot, int64_t now_s)
{
    struct list waiting;

    list_move_all(slot, &waiting);
    while (!list_empty(&waiting)) {
        struct token_alarm *alarm = list_entry(waiting.next, struct token_alarm, node);
        list_unlink(&alarm->node);
        ring_or_wait(expiry, alarm, now_s);
    }
}

static int64_t time_of_day_s(void)
{
    return (int64_t)(clock_wall_ms() / 1000);
}

static void on_tick(struct deadline *tick, void *arg)
{
    struct token_expiry *expiry = arg;

    deadline_arm(tick, &expiry->ticks);
    token_expiry_advance(expiry, time_of_day_s());
}

static void on_pace(struct deadline *pace, void *arg)
{
    (void)pace;
    end_some(arg, time_of_day_s());
}

struct token_expiry *token_expiry_new(struct deadlines *clock,
                                      const struct token_expiry_handlers *handlers)
{
    struct token_expiry *expiry = mem_zalloc(sizeof(*expiry));

    expiry->handlers = *handlers;
    for (size_t i = 0; i < SLOTS; i++)
        list_init(&expiry->slots[i]);
    list_init(&expiry->over);
    deadline_queue_init(&expiry->paces, clock, TOKEN_ENDS_MS, on_pace, expiry);
    deadline_init(&expiry->pace);
    deadline_queue_init(&expiry->ticks, clock, TICK_MS, on_tick, expiry);
    deadline_init(&expiry->tick);
    deadline_arm(&expiry->tick, &expiry->ticks);
    return expiry;
}

void token_expiry_free(struct token_expiry *expiry)
{
    if (!expiry)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        assert(list_empty(&expiry->slots[i]));
    assert(list_empty(&expiry->over));
    deadline_queue_fini(&expiry->paces);
    deadline_queue_fini(&expiry->ticks);
    free(expiry);
}

void token_alarm_init(struct token_alarm *alarm)
{
    list_init(&alarm->node);
    alarm->life = (struct token_life){TOKEN_UNDATED, TOKEN_ENDLESS};
}

// Returns when to warn of the token; TOKEN_ENDLESS if it does not expire.
static int64_t begin(struct token_alarm *alarm, struct token_life life, int64_t now_s)
{
    token_expiry_stop(alarm);
    alarm->life = life;
    if (life.expires_at_s == TOKEN_ENDLESS)
        return TOKEN_ENDLESS;
    return life.expires_at_s - token_life_warning_s(life, now_s);
}

void token_expiry_start(struct token_expiry *expiry, struct token_alarm *alarm,
                        struct token_life life, int64_t now_s)
{
    const struct token_expiry_handlers *handlers = &expiry->handlers;
    int64_t warn_s = begin(alarm, life, now_s);

    if (is_over(expiry, alarm, now_s))
        handlers->on_expired(alarm, handlers->arg);
    else if (warn_s <= now_s)
        ring(expiry, alarm, now_s);
    else
        set_alarm(expiry, alarm, warn_s);
}

void token_expiry_swap(struct token_expiry *expiry, struct token_alarm *alarm,
                       struct token_life life, int64_t now_s)
{
    if (token_life_eq(life, alarm->life))
        return;
    int64_t warn_s = begin(alarm, life, now_s);
    set_alarm(expiry, alarm, warn_s > now_s ? warn_s : life.expires_at_s);
}

void token_expiry_stop(struct token_alarm *alarm)
{
    list_unlink(&alarm->node);
}

void token_expiry_advance(struct token_expiry *expiry, int64_t now_s)
{
    int64_t from = expiry->looked_at_s + 1;

    // After the start, or when the clock was set forward by more than one turn, each slot is looked
    // at once. If the clock was set back, looked_at_s goes back too, for alarms that are set now.
    if (now_s - from >= SLOTS)
        from = now_s - SLOTS + 1;
    expiry->looked_at_s = now_s;
    for (int64_t second = from; second <= now_s; second++)
        ring_slot(expiry, slot_of(expiry, second), now_s);
    end_some(expiry, now_s);
}

static size_t review_slot(struct token_expiry *expiry, struct list *slot)
{
    size_t count = 0;

    list_for_each (node, slot) {
        struct token_alarm *alarm = list_entry(node, struct token_alarm, node);
        if (!is_void(expiry, alarm))
            continue;
        list_unlink(&alarm->node);
        list_append(&expiry->over, &alarm->node);
        count++;
    }
    return count;
}

size_t token_expiry_review(struct token_expiry *expiry)
{
    size_t count = 0;

    for (size_t i = 0; i < SLOTS; i++)
        count += review_slot(expiry, &expiry->slots[i]);
    if (count > 0)
        end_some(expiry, time_of_day_s());
    return count;
}
