#define LOG_MODULE "keys"

#include "edge/gateway/clients/jwks_refresh.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/random.h"

#define TOO_LATE    "no whole answer within 5 s"
#define JITTER_PART 10 // a refresh comes up to a tenth earlier: edges must not fetch together

struct jwks_refresh {
    struct jwks_refresh_options options;
    struct jwks_refresh_handlers handlers;
    struct jwks_metrics *metrics;
    struct deadline_queue dues, timeouts; // of one deadline each
    struct deadline due, timeout;
    bool fetching, has_set;
    bool was_asked; // since the start; then `asked_at_ms` says when last
    uint64_t asked_at_ms;
    struct buffer last; // the text of the last good set
    struct backoff backoff;
    struct outage_log outage;
    char cause[128]; // of the outage; "" while all is well
};

// ---- when

static void arm_in(struct jwks_refresh *refresh, uint32_t wait_ms)
{
    refresh->dues.length_ms = wait_ms;
    deadline_arm(&refresh->due, &refresh->dues);
}

static void arm_refresh(struct jwks_refresh *refresh)
{
    uint32_t wait_ms = refresh->options.refresh_s * 1000;

    arm_in(refresh, wait_ms - random_below(wait_ms / JITTER_PART + 1));
}

// Without a set no client can be let in, so that is tried more often.
static void arm_retry(struct jwks_refresh *refresh)
{
    uint32_t longest_ms = refresh->options.refresh_s * 1000;

    if (!refresh->has_set)
        arm_in(refresh, backoff_next_ms(&refresh->backoff, false));
    else if (longest_ms < JWKS_RETRY_MS)
        arm_refresh(refresh);
    else
        arm_in(refresh, JWKS_RETRY_MS / 2 + random_below(JWKS_RETRY_MS / 2));
}

// ---- answers

static void fail(struct jwks_refresh *refresh, enum jwks_fetch result, const char *cause,
                 const char *reason)
{
    metric_add(&refresh->metrics->fetches[result], 1);
    if (strncmp(refresh->cause, cause, sizeof(refresh->cause) - 1) != 0)
        outage_log_begin(&refresh->outage, reason);
    snprintf(refresh->cause, sizeof(refresh->cause), "%s", cause);
    arm_retry(refresh);
}

static void hand_on(struct jwks_refresh *refresh, struct jwks *set, const struct buffer *unusable)
{
    size_t count = set->count;

    if (unusable->len > 0)
        log_warn("keys of JWT_JWKS_URL are passed over keys=%s", unusable->ptr);
    log_info("new keys of JWT_JWKS_URL keys=%zu", count);
    metric_set(&refresh->metrics->keys, count);
    refresh->has_set = true;
    refresh->handlers.on_set(set, refresh->handlers.arg);
}

static void succeed(struct jwks_refresh *refresh)
{
    metric_add(&refresh->metrics->fetches[JWKS_FETCH_GOOD], 1);
    metric_set(&refresh->metrics->fetched_s, clock_wall_ms() / 1000);
    outage_log_end(&refresh->outage);
    refresh->cause[0] = '\0';
    backoff_reset(&refresh->backoff);
    arm_refresh(refresh);
}

static void take_set(struct jwks_refresh *refresh, struct span text)
{
    struct buffer reason = {0}, unusable = {0};
    struct jwks *set = jwks_parse(text, &reason, &unusable);

    if (set && !jwks_has_key_for(set, refresh->options.algorithms)) {
        jwks_free(set);
        set = NULL;
        buffer_append(&reason, SPAN_LIT("has no key for JWT_ALGORITHMS"));
    }
    if (set) {
        buffer_clear(&refresh->last);
        buffer_append(&refresh->last, text);
        succeed(refresh);
        hand_on(refresh, set, &unusable);
    } else {
        fail(refresh, JWKS_FETCH_UNUSABLE, reason.ptr, reason.ptr);
    }
    buffer_fini(&reason);
    buffer_fini(&unusable);
}

static void on_answer(const struct jwks_answer *answer, void *arg)
{
    struct jwks_refresh *refresh = arg;
    char text[32];

    refresh->fetching = false;
    deadline_cancel(&refresh->timeout);
    snprintf(text, sizeof(text), "HTTP status %u", answer->status);
    if (answer->status == 0)
        fail(refresh, JWKS_FETCH_UNREACHABLE, answer->cause, answer->reason);
    else if (answer->status != 200)
        fail(refresh, JWKS_FETCH_STATUS, text, text);
    else if (refresh->has_set && span_eq(answer->body, buffer_span(&refresh->last)))
        succeed(refresh);
    else
        take_set(refresh, answer->body);
    refresh->handlers.on_over(refresh->handlers.arg);
}

static void on_timeout(struct deadline *timeout, void *arg)
{
    struct jwks_refresh *refresh = arg;

    (void)timeout;
    refresh->fetching = false;
    refresh->options.service->ops->cancel(refresh->options.service);
    fail(refresh, JWKS_FETCH_TIMEOUT, TOO_LATE, TOO_LATE);
    refresh->handlers.on_over(refresh->handlers.arg);
}

// ---- asking

static void fetch(struct jwks_refresh *refresh)
{
    struct jwks_service *service = refresh->options.service;

    deadline_cancel(&refresh->due);
    deadline_arm(&refresh->timeout, &refresh->timeouts);
    refresh->fetching = true;
    service->ops->fetch(service, on_answer, refresh);
}

static void on_due(struct deadline *due, void *arg)
{
    (void)due;
    fetch(arg);
}

bool jwks_refresh_ask(struct jwks_refresh *refresh)
{
    if (!refresh || refresh->fetching)
        return refresh != NULL;

    uint64_t now_ms = deadlines_now(refresh->dues.clock);
    if (refresh->was_asked && now_ms - refresh->asked_at_ms < JWKS_ASK_MS)
        return false;
    refresh->was_asked = true;
    refresh->asked_at_ms = now_ms;
    fetch(refresh);
    return true;
}

struct jwks_refresh *jwks_refresh_new(const struct jwks_refresh_options *options,
                                      const struct jwks_refresh_handlers *handlers,
                                      struct deadlines *clock, struct jwks_metrics *metrics)
{
    struct jwks_refresh *refresh = mem_zalloc(sizeof(*refresh));

    refresh->options = *options;
    refresh->handlers = *handlers;
    refresh->metrics = metrics;
    refresh->outage = (struct outage_log){
        .module = LOG_MODULE,
        .what = "JWT_JWKS_URL",
        .remedy = "check the identity provider, JWT_JWKS_URL and JWT_JWKS_CA_FILE"};
    deadline_queue_init(&refresh->dues, clock, 0, on_due, refresh);
    deadline_queue_init(&refresh->timeouts, clock, JWKS_TIMEOUT_MS, on_timeout, refresh);
    deadline_init(&refresh->due);
    deadline_init(&refresh->timeout);
    arm_in(refresh, 0);
    return refresh;
}

void jwks_refresh_free(struct jwks_refresh *refresh)
{
    if (!refresh)
        return;
    deadline_queue_fini(&refresh->dues);
    deadline_queue_fini(&refresh->timeouts);
    buffer_fini(&refresh->last);
    free(refresh);
}
