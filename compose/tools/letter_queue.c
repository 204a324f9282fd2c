#include "compose/tools/letter_queue.h"

#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <sodium.h>
#include <stdlib.h>

#include "common/mem.h"
#include "compose/tools/tool.h"
#include "proto/letter_headers.h"

#define NOT_FOUND   404
#define NAME_PREFIX "letter-"
#define HASH_BYTES  16
#define POOL_PAGE   4096

struct letter_queue {
    amqp_connection_state_t link;
    const char *name;
    size_t count;
    size_t removed;
    uint64_t tag;     // delivery tag of the present letter
    amqp_pool_t pool; // memory of its properties
    struct buffer properties, body;
    char made_id[sizeof(NAME_PREFIX) + 2 * (size_t)HASH_BYTES];
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

// Counts the letters. The relay declares the queue with the first letter, so it may not exist yet.
static bool count_letters(struct letter_queue *queue)
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

struct letter_queue *letter_queue_open(const struct rabbitmq_settings *rabbitmq, const char *name)
{
    struct letter_queue *queue = mem_zalloc(sizeof(*queue));

    if (sodium_init() < 0)
        abort();
    init_amqp_pool(&queue->pool, POOL_PAGE);
    queue->name = name;
    queue->link = rabbit_link_open(rabbitmq);
    if (queue->link && count_letters(queue))
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
    recycle_amqp_pool(&queue->pool);
    buffer_clear(&queue->properties);
    buffer_clear(&queue->body);
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

static uint64_t find_number(const amqp_table_t *headers, const char *name)
{
    for (int i = 0; i < headers->num_entries; i++) {
        const amqp_table_entry_t *entry = &headers->entries[i];
        if (span_is(span_of_bytes(entry->key), name) && entry->value.kind == AMQP_FIELD_KIND_I64)
            return entry->value.value.i64 > 0 ? (uint64_t)entry->value.value.i64 : 0;
    }
    return 0;
}

// The id of a letter whose event has no message-id. Two letters that are equal in everything have
// one id.
static void make_id(const struct letter *letter, char *out, size_t size)
{
    const struct span parts[] = {letter->failed_at, letter->reason, letter->routing_key,
                                 letter->exchange, letter->body};
    unsigned char hash[HASH_BYTES];
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        uint64_t len = parts[i].len;
        crypto_generichash_update(&state, (const unsigned char *)&len, sizeof(len));
        crypto_generichash_update(&state, (const unsigned char *)parts[i].ptr, parts[i].len);
    }
    crypto_generichash_final(&state, hash, sizeof(hash));
    memcpy(out, NAME_PREFIX, sizeof(NAME_PREFIX));
    sodium_bin2hex(out + sizeof(NAME_PREFIX) - 1, size - (sizeof(NAME_PREFIX) - 1), hash,
                   sizeof(hash));
}

static struct letter read_letter(const amqp_basic_properties_t *p, struct span body)
{
    struct letter letter = {.body = body};

    if (p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG)
        letter.id = span_of_bytes(p->message_id);
    letter.properties = p;
    if (p->_flags & AMQP_BASIC_HEADERS_FLAG) {
        letter.failed_at = find_header(&p->headers, LETTER_FAILED_AT);
        letter.reason = find_header(&p->headers, LETTER_REASON);
        letter.routing_key = find_header(&p->headers, LETTER_ROUTING_KEY);
        letter.exchange = find_header(&p->headers, LETTER_EXCHANGE);
        letter.size = find_number(&p->headers, LETTER_SIZE);
    }
    return letter;
}

static bool read_frames(struct letter_queue *queue, const amqp_basic_properties_t **properties)
{
    amqp_frame_t frame;
    void *decoded;

    if (!rabbit_link_next_frame(queue->link, "reading a letter", AMQP_FRAME_HEADER, &frame))
        return false;
    uint64_t size = frame.payload.properties.body_size;
    buffer_append(&queue->properties, span_of_bytes(frame.payload.properties.raw));
    while (queue->body.len < size) {
        amqp_maybe_release_buffers(queue->link);
        if (!rabbit_link_next_frame(queue->link, "reading a letter", AMQP_FRAME_BODY, &frame))
            return false;
        buffer_append(&queue->body, span_of_bytes(frame.payload.body_fragment));
    }
    int rc = amqp_decode_properties(AMQP_BASIC_CLASS, &queue->pool,
                                    (amqp_bytes_t){queue->properties.len, queue->properties.ptr},
                                    &decoded);
    *properties = decoded;
    return rc >= 0 || rabbit_link_fail("reading a letter", rc);
}

enum letter_take letter_queue_take(struct letter_queue *queue, struct letter *out)
{
    const amqp_basic_properties_t *properties;

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
    if (!read_frames(queue, &properties))
        return LETTER_LOST;
    *out = read_letter(properties, buffer_span(&queue->body));
    if (out->id.len == 0) {
        make_id(out, queue->made_id, sizeof(queue->made_id));
        out->id = span_of(queue->made_id);
    }
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
        ok = rabbit_link_close(queue->link) || queue->removed == 0;
    }
    empty_amqp_pool(&queue->pool);
    buffer_fini(&queue->properties);
    buffer_fini(&queue->body);
    free(queue);
    return ok || tool_fail("RabbitMQ did not say that it has handled the last removals: some of "
                           "these letters may still be there");
}
