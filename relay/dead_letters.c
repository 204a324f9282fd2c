#include "relay/dead_letters.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/list.h"
#include "common/mem.h"
#include "relay/outage.h"

#define LOG_MODULE "dead_letters"
#include "common/log.h"

#define IDLE_MS 10000 // an unused connection is closed after so long

struct letter {
    struct list node;
    uint64_t tag;     // of the event
    uint64_t confirm; // number of its publication on the present connection; 0: not published
    const char *reason;
    char failed_at[ISO8601_LEN + 1];
    struct span exchange, routing_key, message_id, content_type, body; // in `bytes`
    size_t len;
    char bytes[];
};

struct dead_letters {
    struct rabbit_options options;
    const char *queue;
    struct rabbit *rabbit; // NULL: not connected
    struct list letters;   // oldest first
    size_t count, bytes, max_bytes;
    uint64_t published; // on the present connection
    uint64_t used_ms;
    bool blocked; // the broker reads nothing now; more publications would only fill the socket
    struct outage outage;
};

struct dead_letters *dead_letters_new(const struct rabbit_options *options, const char *queue,
                                      size_t max_bytes)
{
    struct dead_letters *d = mem_zalloc(sizeof(*d));

    d->options = *options;
    d->queue = queue;
    d->max_bytes = max_bytes;
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

// What was published and not confirmed goes out again on the next connection.
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

bool dead_letters_full(const struct dead_letters *d)
{
    return d->bytes > d->max_bytes;
}

static struct span keep(char **at, struct span bytes)
{
    struct span kept = {*at, bytes.len};

    if (bytes.len > 0)
        memcpy(*at, bytes.ptr, bytes.len);
    *at += bytes.len;
    return kept;
}

void dead_letters_add(struct dead_letters *d, const struct event *event, const char *reason)
{
    size_t len = event->exchange.len + event->routing_key.len + event->message_id.len +
                 event->content_type.len + event->body.len;
    struct letter *letter = mem_alloc(sizeof(*letter) + len);
    char *at = letter->bytes;

    *letter = (struct letter){.tag = event->tag, .reason = reason, .len = len};
    clock_iso8601(event->received_ms, letter->failed_at);
    letter->exchange = keep(&at, event->exchange);
    letter->routing_key = keep(&at, event->routing_key);
    letter->message_id = keep(&at, event->message_id);
    letter->content_type = keep(&at, event->content_type);
    letter->body = keep(&at, event->body);
    list_append(&d->letters, &letter->node);
    d->count++;
    bool was_full = dead_letters_full(d);
    d->bytes += len;
    if (!was_full && dead_letters_full(d))
        log_warn("too many dead letters wait: no further events are taken until RabbitMQ has "
                 "confirmed some letters=%zu bytes=%zu",
                 d->count, d->bytes);
}

void dead_letters_forget(struct dead_letters *d)
{
    list_for_each (node, &d->letters)
        free_letter(d, list_entry(node, struct letter, node));
}

static bool lose(struct dead_letters *d, const char *reason)
{
    outage_begin(&d->outage, reason);
    disconnect(d);
    return false;
}

static bool ensure_connected(struct dead_letters *d)
{
    char why[RABBIT_REASON_MAX];

    if (d->rabbit)
        return true;
    d->rabbit = rabbit_open(&d->options, why);
    if (!d->rabbit)
        return lose(d, why);
    if (rabbit_declare_queue(d->rabbit, d->queue) != RABBIT_OK ||
        rabbit_enable_confirms(d->rabbit) != RABBIT_OK)
        return lose(d, rabbit_reason(d->rabbit));
    return true;
}

static bool publish(struct dead_letters *d, struct letter *letter)
{
    struct rabbit_message message = {
        .body = letter->body,
        .content_type = letter->content_type,
        .message_id = letter->message_id,
    };
    struct rabbit_header headers[] = {
        {"x-reason", span_of(letter->reason)},
        {"x-original-routing-key", letter->routing_key},
        {"x-original-exchange", letter->exchange},
        {"x-failed-at", span_of(letter->failed_at)},
    };

    if (!rabbit_publish(d->rabbit, d->queue, &message, headers, ARRAY_LEN(headers)))
        return lose(d, rabbit_reason(d->rabbit));
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

static void take_confirm(struct dead_letters *d, const struct rabbit_message *confirm,
                         dead_letter_safe_fn safe, void *arg)
{
    list_for_each (node, &d->letters) {
        struct letter *letter = list_entry(node, struct letter, node);
        bool meant =
            confirm->multiple ? letter->confirm <= confirm->tag : letter->confirm == confirm->tag;
        if (!meant || letter->confirm == 0)
            continue;
        safe(letter->tag, arg);
        free_letter(d, letter);
    }
}

static bool take_confirms(struct dead_letters *d, uint32_t wait_ms, dead_letter_safe_fn safe,
                          void *arg)
{
    struct rabbit_message confirm;

    while (d->count > 0) {
        switch (rabbit_next(d->rabbit, wait_ms, &confirm)) {
        case RABBIT_CONFIRMED:
            take_confirm(d, &confirm, safe, arg);
            break;
        case RABBIT_NOTHING:
            if (!d->blocked)
                outage_begin(&d->outage, "the broker does not confirm them");
            return false;
        case RABBIT_BLOCKED:
            d->blocked = true;
            outage_begin(&d->outage, "RabbitMQ is short of memory or disk and takes none");
            return false;
        case RABBIT_UNBLOCKED:
            d->blocked = false;
            break;
        case RABBIT_REJECTED:
            return lose(d, "the broker refused one, or its queue is gone");
        case RABBIT_CANCELLED:
        case RABBIT_GONE:
            return lose(d, rabbit_reason(d->rabbit));
        default:
            break;
        }
    }
    outage_end(&d->outage);
    return true;
}

bool dead_letters_flush(struct dead_letters *d, uint32_t wait_ms, dead_letter_safe_fn safe,
                        void *arg)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (d->count == 0) {
        if (d->rabbit && now_ms - d->used_ms > IDLE_MS)
            disconnect(d);
        return true;
    }
    d->used_ms = now_ms;
    return ensure_connected(d) && publish_all(d) && take_confirms(d, wait_ms, safe, arg);
}
