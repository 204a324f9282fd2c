#include "relay/rabbitmq/unconfirmed.h"

#include <assert.h>

#define GIVE_UP_MS 30000 // after its time is over

void unconfirmed_init(struct unconfirmed *unconfirmed)
{
    list_init(&unconfirmed->publications);
    unconfirmed->last_tag = 0;
}

void unconfirmed_begin(struct unconfirmed *unconfirmed)
{
    assert(list_empty(&unconfirmed->publications));
    unconfirmed->last_tag = 0;
}

void unconfirmed_add(struct unconfirmed *unconfirmed, struct publication *p)
{
    list_unlink(&p->node);
    list_append(&unconfirmed->publications, &p->node);
    p->tag = ++unconfirmed->last_tag;
}

void unconfirmed_take_confirm(struct unconfirmed *unconfirmed, const struct rabbit_message *confirm,
                              enum publish_outcome outcome, const char *reason)
{
    list_for_each (node, &unconfirmed->publications) {
        struct publication *p = list_entry(node, struct publication, node);
        if (p->tag > confirm->tag)
            return;
        if (confirm->multiple || p->tag == confirm->tag)
            publication_finish(p, p->returned ? PUBLISH_UNROUTABLE : outcome, reason);
    }
}

struct publication *unconfirmed_take_return(struct unconfirmed *unconfirmed,
                                            const struct rabbit_message *returned)
{
    list_for_each (node, &unconfirmed->publications) {
        struct publication *p = list_entry(node, struct publication, node);
        if (!p->returned && span_is(returned->message_id, p->event.message_id)) {
            p->returned = true;
            return p;
        }
    }
    return NULL;
}

// One queue may withhold its confirms while others give theirs.
static bool is_given_up(const struct publication *p, uint64_t now_ms, bool blocked)
{
    return p->is_late && !blocked && now_ms > p->due_ms + GIVE_UP_MS;
}

static void report_late(struct publication *p, bool blocked)
{
    p->is_late = true;
    p->on_outcome(p, PUBLISH_UNCONFIRMED,
                  blocked ? "RabbitMQ is short of memory or disk" : "RabbitMQ does not confirm it",
                  false);
}

void unconfirmed_check_due(struct unconfirmed *unconfirmed, uint64_t now_ms, bool blocked)
{
    list_for_each (node, &unconfirmed->publications) {
        struct publication *p = list_entry(node, struct publication, node);
        if (is_given_up(p, now_ms, blocked))
            publication_finish(p, PUBLISH_UNCONFIRMED, "RabbitMQ does not confirm it");
        else if (!p->is_late && now_ms >= p->due_ms)
            report_late(p, blocked);
    }
}

uint64_t unconfirmed_next_due_ms(const struct unconfirmed *unconfirmed, uint64_t latest_ms)
{
    uint64_t next_ms = latest_ms;

    list_for_each (node, &unconfirmed->publications) {
        const struct publication *p = list_entry(node, struct publication, node);
        if (!p->is_late && p->due_ms < next_ms)
            next_ms = p->due_ms;
    }
    return next_ms;
}

void unconfirmed_finish_all(struct unconfirmed *unconfirmed, enum publish_outcome outcome,
                            const char *reason)
{
    list_for_each (node, &unconfirmed->publications)
        publication_finish(list_entry(node, struct publication, node), outcome, reason);
}
