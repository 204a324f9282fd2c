#include "compose/tools/letter_queue.h"

#include <amqp.h>
#include <stdlib.h>

#include "common/mem.h"
#include "compose/tools/tool.h"

#define NOT_FOUND 404

struct letter_queue {
    amqp_connection_state_t link;
    const char *name;
    size_t count;
    size_t removed;
    uint64_t tag; // of the letter at hand
    bool has_letter;
    amqp_message_t letter;
};

static struct span span_of_bytes(amqp_bytes_t bytes)
{
    return (struct span){bytes.bytes, bytes.len};
}

static bool is_not_found(const amqp_rpc_reply_t *reply)
{
    return reply->reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
           reply->reply.id == AMQP_CHANNEL_CLOSE_METHOD &&
           ((amqp_channel_close_t *)reply->reply.decoded)->reply_code == NOT_FOUND;
}

// The relay declares the queue for the first letter; until then there is none.
static bool look_at(struct letter_queue *queue)
{
    const int passive = 1;
    amqp_queue_declare_ok_t *found =
        amqp_queue_declare(queue->link, RABBIT_CHANNEL, amqp_cstring_bytes(queue->name), passive, 1,
                           0, 0, amqp_empty_table);
    amqp_rpc_reply_t reply = amqp_get_rpc_reply(queue->link);

    if (is_not_found(&reply)) {
        tool_say("there is no queue %s: no letter was written since RabbitMQ was set up, or "
                 "RABBITMQ_VHOST or QUEUE_PREFIX is another",
                 queue->name);
        return true;
    }
    if (!rabbit_link_granted(queue->link, "looking at the queue"))
        return false;
    queue->count = found->message_count;
    return true;
}

struct letter_queue *letter_queue_open(const struct rabbit_target *target, const char *name)
{
    struct letter_queue *queue = mem_zalloc(sizeof(*queue));

    queue->name = name;
    queue->link = rabbit_link_open(target);
    if (queue->link && look_at(queue))
        return queue;
    letter_queue_close(queue);
    return NULL;
}

size_t letter_queue_count(const struct letter_queue *queue)
{
    return queue->count;
}

static void drop_letter(struct letter_queue *queue)
{
    if (queue->has_letter)
        amqp_destroy_message(&queue->letter);
    queue->has_letter = false;
    amqp_maybe_release_buffers(queue->link);
}

static struct span find_header(const amqp_table_t *headers, const char *name)
{
    for (int i = 0; i < headers->num_entries; i++) {
        const amqp_table_entry_t *entry = &headers->entries[i];
        if (span_is(span_of_bytes(entry->key), name) &&
            (entry->value.kind == AMQP_FIELD_KIND_UTF8 ||
             entry->value.kind == AMQP_FIELD_KIND_BYTES))
            return span_of_bytes(entry->value.value.bytes);
    }
    return (struct span){0};
}

static struct letter read_letter(const amqp_message_t *message)
{
    const amqp_basic_properties_t *p = &message->properties;
    struct letter letter = {.body = span_of_bytes(message->body)};

    if (p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG)
        letter.id = span_of_bytes(p->message_id);
    if (p->_flags & AMQP_BASIC_CONTENT_TYPE_FLAG)
        letter.content_type = span_of_bytes(p->content_type);
    if (p->_flags & AMQP_BASIC_HEADERS_FLAG) {
        letter.failed_at = find_header(&p->headers, "x-failed-at");
        letter.reason = find_header(&p->headers, "x-reason");
        letter.routing_key = find_header(&p->headers, "x-original-routing-key");
        letter.exchange = find_header(&p->headers, "x-original-exchange");
    }
    return letter;
}

enum letter_take letter_queue_take(struct letter_queue *queue, struct letter *out)
{
    drop_letter(queue);
    amqp_rpc_reply_t reply =
        amqp_basic_get(queue->link, RABBIT_CHANNEL, amqp_cstring_bytes(queue->name), 0);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
        if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION)
            rabbit_link_fail_with("taking a letter", &reply.reply);
        else
            rabbit_link_fail("taking a letter", reply.library_error);
        return LETTER_LOST;
    }
    if (reply.reply.id == AMQP_BASIC_GET_EMPTY_METHOD)
        return LETTER_NONE;
    queue->tag = ((amqp_basic_get_ok_t *)reply.reply.decoded)->delivery_tag;
    reply = amqp_read_message(queue->link, RABBIT_CHANNEL, &queue->letter, 0);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
        rabbit_link_fail("reading a letter", reply.library_error);
        return LETTER_LOST;
    }
    queue->has_letter = true;
    *out = read_letter(&queue->letter);
    return LETTER_TAKEN;
}

bool letter_queue_remove(struct letter_queue *queue)
{
    int rc = amqp_basic_ack(queue->link, RABBIT_CHANNEL, queue->tag, 0);

    queue->removed++;
    return rc == AMQP_STATUS_OK || rabbit_link_fail("removing a letter", rc);
}

bool letter_queue_close(struct letter_queue *queue)
{
    bool ok = true;

    if (!queue)
        return true;
    if (queue->link) {
        drop_letter(queue);
        ok = rabbit_link_close(queue->link) || queue->removed == 0;
    }
    free(queue);
    return ok || tool_fail("RabbitMQ did not say that it has handled the last removals: some of "
                           "these letters may still be there");
}
