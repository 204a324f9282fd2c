#include "relay/rabbitmq/dead_letters.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/list.h"
#include "common/mem.h"
#include "common/outage_log.h"
#include "proto/letter_headers.h"
#include "relay/rabbitmq/declare.h"
#include "relay/rabbitmq/incoming.h"
#include "relay/rabbitmq/publish.h"

#define LOG_MODULE "dead_letters"
#include "common/log.h"

#define IDLE_MS      10000 // after which an unused connection is closed
#define SLOW_MS      2000  // without a confirm, after which the queue counts as failing
#define RECONNECT_MS 10000 // without a confirm, after which another connection is tried
#define GRACE_MS     2000  // of failing, before a letter is given up
#define LOST_LOG_MS  10000 // between two lines about letters that are given up, or stripped

struct letter {
    struct list node;
    uint64_t tag;     // delivery tag of the event
    uint64_t confirm; // number of its publication on this connection; 0: not published
    bool stripped;    // is published without its event's headers
    const char *reason;
    char failed_at[ISO8601_LEN + 1];
    struct span exchange, routing_key, properties, body; // in `bytes`
    uint64_t missing_bytes;                              // of the event's body, behind `body`
    size_t len;
    char bytes[];
};

struct dead_letters {
    struct dead_letters_options options;
    struct rabbit *rabbit; // NULL: not connected
    struct list letters;   // oldest first
    size_t count, bytes;
    uint64_t published; // on this connection
    uint64_t used_ms;
    uint64_t moved_ms;   // last confirm, or when the first of the waiting letters came
    uint64_t retry_ms;   // no attempt before
    uint64_t failing_ms; // when it began to fail
    struct backoff backoff;
    bool blocked; // RabbitMQ reads nothing: more publications would only fill the socket
    bool failing;
    uint64_t lost, lost_logged_ms;
    uint64_t stripped, stripped_logged_ms;
    struct outage_log outage;
};

struct dead_letters *dead_letters_new(const struct dead_letters_options *options)
{
    struct dead_letters *d = mem_zalloc(sizeof(*d));

    d->options = *options;
    d->outage.module = "relay";
    d->outage.what = "dead letters";
    list_init(&d->letters);
    return d;
}

static void free_letter(struct dead_letters *d, struct letter *letter)
{
    list_unlink(&letter->node);
    d->count--;
    d->bytes -= letter->len;
    free(letter);
}

// A letter that was published and not confirmed is published again on the next connection.
static void disconnect(struct dead_letters *d)
{
    rabbit_close(d->rabbit);
    d->rabbit = NULL;
    d->published = 0;
    d->blocked = false;
    list_for_each (node, &d->letters)
        list_entry(node, struct letter, node)->confirm = 0;
}

void dead_letters_free(struct dead_letters *d)
{
    if (!d)
        return;
    disconnect(d);
    dead_letters_forget(d);
    free(d);
}

size_t dead_letters_count(const struct dead_letters *d)
{
    return d->count;
}

static bool is_over(const struct dead_letters *d)
{
    return d->count > d->options.max_count || d->bytes > d->options.max_bytes;
}

bool dead_letters_full(const struct dead_letters *d)
{
    return is_over(d);
}

bool dead_letters_failing(const struct dead_letters *d)
{
    return d->failing;
}

static void log_lost(struct dead_letters *d, uint64_t now_ms)
{
    if (d->lost_logged_ms != 0 && now_ms - d->lost_logged_ms < LOST_LOG_MS)
        return;
    d->lost_logged_ms = now_ms;
    log_error("dead letters are given up; RabbitMQ drops their events unless their queues have a "
              "dead-letter exchange queue=%s lost=%" PRIu64 " waiting=%zu reason=%s remedy=%s",
              d->options.queue, d->lost, d->count, d->outage.reason,
              "make the queue take them: more wait than may");
}

// The oldest are given up: perhaps RabbitMQ refuses one of them, and then the others can be
// published.
static void give_up_excess(struct dead_letters *d)
{
    uint64_t lost_before = d->lost, now_ms = clock_monotonic_ms();

    if (!d->failing || now_ms - d->failing_ms < GRACE_MS)
        return;
    while (is_over(d)) {
        struct letter *oldest = list_entry(d->letters.next, struct letter, node);
        d->options.on_lost(oldest->tag, d->options.arg);
        free_letter(d, oldest);
        d->lost++;
    }
    if (d->lost > lost_before)
        log_lost(d, now_ms);
}

void dead_letters_add(struct dead_letters *d, const struct event *event, const char *reason)
{
    size_t len =
        event->exchange.len + event->routing_key.len + event->properties.len + event->body.len;
    struct letter *letter = mem_alloc(sizeof(*letter) + len);
    char *at = letter->bytes;

    *letter = (struct letter){
        .tag = event->tag, .reason = reason, .missing_bytes = event->missing_bytes, .len = len};
    clock_iso8601(event->received_ms, letter->failed_at);
    letter->exchange = span_store(&at, event->exchange);
    letter->routing_key = span_store(&at, event->routing_key);
    letter->properties = span_store(&at, event->properties);
    letter->body = span_store(&at, event->body);
    if (d->count == 0)
        d->moved_ms = clock_monotonic_ms();
    list_append(&d->letters, &letter->node);
    d->count++;
    d->bytes += len;
    give_up_excess(d);
}

void dead_letters_forget(struct dead_letters *d)
{
    list_for_each (node, &d->letters)
        free_letter(d, list_entry(node, struct letter, node));
}

static void fail(struct dead_letters *d, const char *reason)
{
    uint64_t now_ms = clock_monotonic_ms();

    outage_log_begin(&d->outage, reason);
    if (!d->failing)
        d->failing_ms = now_ms;
    d->failing = true;
    d->retry_ms = now_ms + backoff_next_ms(&d->backoff, false);
}

static void recover(struct dead_letters *d)
{
    outage_log_end(&d->outage);
    backoff_reset(&d->backoff);
    d->failing = false;
}

static bool lose(struct dead_letters *d, const char *reason)
{
    fail(d, reason);
    rabbit_abandon(d->rabbit);
    disconnect(d);
    return false;
}

static bool ensure_connected(struct dead_letters *d)
{
    char why[RABBIT_REASON_MAX];

    if (d->rabbit)
        return true;
    d->rabbit = rabbit_open(&d->options.rabbit, why);
    if (!d->rabbit)
        return lose(d, why);
    d->moved_ms = clock_monotonic_ms();
    if (rabbit_ensure_queue(d->rabbit, d->options.queue, d->options.queue_type, false) !=
            RABBIT_OK ||
        rabbit_enable_confirms(d->rabbit) != RABBIT_OK)
        return lose(d, rabbit_reason(d->rabbit));
    return true;
}

static void log_stripped(struct dead_letters *d, const struct letter *letter, uint64_t now_ms)
{
    if (d->stripped_logged_ms != 0 && now_ms - d->stripped_logged_ms < LOST_LOG_MS)
        return;
    d->stripped_logged_ms = now_ms;
    log_warn("a dead letter is without the headers of its event, which leave no room in a frame of "
             "AMQP or cannot be decoded queue=%s exchange=" SPAN_FMT " routing_key=" SPAN_FMT
             " bytes=%zu stripped=%" PRIu64,
             d->options.queue, SPAN_ARG(letter->exchange), SPAN_ARG(letter->routing_key),
             letter->properties.len, d->stripped);
}

// A letter may be published again, on the next connection. It is counted once.
static void note_stripped(struct dead_letters *d, struct letter *letter)
{
    if (letter->stripped)
        return;
    letter->stripped = true;
    d->stripped++;
    d->options.on_stripped(d->options.arg);
    log_stripped(d, letter, clock_monotonic_ms());
}

static bool publish(struct dead_letters *d, struct letter *letter)
{
    struct rabbit_header headers[] = {
        {.name = LETTER_REASON, .text = span_of(letter->reason)},
        {.name = LETTER_ROUTING_KEY, .text = letter->routing_key},
        {.name = LETTER_EXCHANGE, .text = letter->exchange},
        {.name = LETTER_FAILED_AT, .text = span_of(letter->failed_at)},
        {.name = LETTER_SIZE,
         .is_number = true,
         .number = letter->body.len + letter->missing_bytes},
    };
    struct rabbit_letter message = {
        .properties = letter->properties,
        .body = letter->body,
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
    };
    bool stripped;

    if (!rabbit_publish_letter(d->rabbit, d->options.queue, &message, &stripped))
        return lose(d, rabbit_reason(d->rabbit));
    if (stripped)
        note_stripped(d, letter);
    letter->confirm = ++d->published;
    return true;
}

static bool publish_all(struct dead_letters *d)
{
    list_for_each (node, &d->letters) {
        struct letter *letter = list_entry(node, struct letter, node);
        if (letter->confirm == 0 && !d->blocked && !publish(d, letter))
            return false;
    }
    return true;
}

static bool is_confirmed_by(const struct letter *letter, const struct rabbit_message *confirm)
{
    return letter->confirm != 0 &&
           (confirm->multiple ? letter->confirm <= confirm->tag : letter->confirm == confirm->tag);
}

static void take_confirm(struct dead_letters *d, const struct rabbit_message *confirm)
{
    d->moved_ms = clock_monotonic_ms();
    list_for_each (node, &d->letters) {
        struct letter *letter = list_entry(node, struct letter, node);
        if (!is_confirmed_by(letter, confirm))
            continue;
        d->options.on_safe(letter->tag, d->options.arg);
        free_letter(d, letter);
    }
}

// Rejected letters are published again after a while.
static void take_rejection(struct dead_letters *d, const struct rabbit_message *rejection)
{
    list_for_each (node, &d->letters) {
        struct letter *letter = list_entry(node, struct letter, node);
        if (is_confirmed_by(letter, rejection))
            letter->confirm = 0;
    }
    fail(d, "their queue refuses them; is it full?");
}

static void take_block(struct dead_letters *d)
{
    d->blocked = true;
    fail(d, "RabbitMQ is short of memory or disk and takes none");
    d->retry_ms = 0; // RabbitMQ says when it reads again
}

// Handles what RabbitMQ has sent so far. Returns false if the connection was closed over it.
static bool take_answers(struct dead_letters *d)
{
    struct rabbit_message confirm;

    while (true) {
        switch (rabbit_next(d->rabbit, 0, &confirm)) {
        case RABBIT_CONFIRMED:
            take_confirm(d, &confirm);
            break;
        case RABBIT_REJECTED:
            take_rejection(d, &confirm);
            break;
        case RABBIT_BLOCKED:
            take_block(d);
            break;
        case RABBIT_UNBLOCKED:
            d->blocked = false;
            d->moved_ms = clock_monotonic_ms();
            break;
        case RABBIT_RETURNED:
            return lose(d, "their queue is gone");
        case RABBIT_CANCELLED:
        case RABBIT_GONE:
            return lose(d, rabbit_reason(d->rabbit));
        default:
            return true;
        }
    }
}

// RabbitMQ has confirmed nothing for a while: the queue counts as failing first; then another
// connection is tried.
static void check_silence(struct dead_letters *d)
{
    uint64_t still_ms = clock_monotonic_ms() - d->moved_ms;

    if (still_ms > RECONNECT_MS)
        lose(d, "the broker does not confirm them");
    else if (still_ms > SLOW_MS && !d->failing)
        fail(d, "the broker does not confirm them");
}

// One turn: connects if necessary, publishes the letters that wait, and handles what has come.
static void exchange(struct dead_letters *d)
{
    bool may_publish = clock_monotonic_ms() >= d->retry_ms;

    if (!d->rabbit && (!may_publish || !ensure_connected(d)))
        return;
    if ((may_publish && !publish_all(d)) || !take_answers(d))
        return;
    if (d->count == 0)
        recover(d);
    else if (!d->blocked)
        check_silence(d);
}

// Closes the unused connection. From then on it is not known whether the queue takes letters, so it
// does not count as failing.
static void rest(struct dead_letters *d)
{
    if (d->blocked)
        rabbit_abandon(d->rabbit);
    disconnect(d);
    recover(d);
}

void dead_letters_flush(struct dead_letters *d)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (d->count > 0)
        d->used_ms = now_ms;
    else if (now_ms - d->used_ms > IDLE_MS && (d->rabbit || d->failing))
        rest(d);
    if (d->count > 0 || d->rabbit)
        exchange(d);
    give_up_excess(d);
}
