#include "relay/rabbitmq/publish.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "proto/letter_headers.h"
#include "relay/rabbitmq/link.h"

#define HEADERS_MAX  8    // headers of a letter
#define FURTHER_MAX  4    // headers for properties and headers that cannot be kept
#define FRAME_MARGIN 1024 // for what is in the frame besides the properties
#define POOL_PAGE    4096

enum rabbit_status rabbit_enable_confirms(struct rabbit *r)
{
    amqp_confirm_select(r->link, CHANNEL);
    return rabbit_answer(r);
}

static amqp_table_entry_t number_entry(const char *key, uint64_t number)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(key)};

    entry.value.kind = AMQP_FIELD_KIND_I64;
    entry.value.value.i64 = (int64_t)number;
    return entry;
}

static amqp_table_entry_t entry_of(const struct rabbit_header *header)
{
    return header->is_number ? number_entry(header->name, header->number)
                             : rabbit_text_entry(header->name, header->text);
}

static bool has_entry(const amqp_table_t *table, amqp_bytes_t key)
{
    for (int i = 0; i < table->num_entries; i++)
        if (span_eq(rabbit_span(table->entries[i].key), rabbit_span(key)))
            return true;
    return false;
}

// RabbitMQ routes by these: with CC it would put a copy of the letter into other queues.
static bool is_routing_header(amqp_bytes_t key)
{
    return span_is(rabbit_span(key), "CC") || span_is(rabbit_span(key), "BCC");
}

static void append_originals(amqp_table_t *out, const amqp_table_t *originals)
{
    for (int i = 0; i < originals->num_entries; i++) {
        amqp_table_entry_t entry = originals->entries[i];
        if (is_routing_header(entry.key))
            entry.key = amqp_cstring_bytes(LETTER_CC);
        if (!has_entry(out, entry.key))
            out->entries[out->num_entries++] = entry;
    }
}

// Properties on which RabbitMQ acts become headers: a letter must not expire, and RabbitMQ refuses
// the user id of another user.
static void append_acted_on(amqp_table_t *out, amqp_basic_properties_t *p)
{
    if (p->_flags & AMQP_BASIC_EXPIRATION_FLAG)
        out->entries[out->num_entries++] =
            rabbit_text_entry(LETTER_EXPIRATION, rabbit_span(p->expiration));
    if (p->_flags & AMQP_BASIC_USER_ID_FLAG)
        out->entries[out->num_entries++] =
            rabbit_text_entry(LETTER_USER_ID, rabbit_span(p->user_id));
    p->_flags &= ~(amqp_flags_t)(AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_USER_ID_FLAG);
}

// A header frame cannot be split. If the event's own headers fill it, they are dropped for the
// letter's.
static bool fits_frame(const struct rabbit *r, const struct rabbit_letter *letter)
{
    size_t len = letter->properties.len + FRAME_MARGIN;

    for (size_t i = 0; i < letter->header_count; i++)
        len += strlen(letter->headers[i].name) + letter->headers[i].text.len + 16;
    return len <= (size_t)amqp_get_frame_max(r->link);
}

static void write_headers(const struct rabbit_letter *letter, bool stripped,
                          amqp_basic_properties_t *p, amqp_table_t *out)
{
    amqp_table_t originals = p->_flags & AMQP_BASIC_HEADERS_FLAG ? p->headers : amqp_empty_table;

    assert(letter->header_count <= HEADERS_MAX);
    out->entries = mem_alloc(((size_t)originals.num_entries + HEADERS_MAX + FURTHER_MAX) *
                             sizeof(*out->entries));
    for (size_t i = 0; i < letter->header_count; i++)
        out->entries[out->num_entries++] = entry_of(&letter->headers[i]);
    append_acted_on(out, p);
    if (stripped)
        out->entries[out->num_entries++] =
            number_entry(LETTER_HEADERS_DROPPED, letter->properties.len);
    else
        append_originals(out, &originals);
    p->headers = *out;
    p->_flags |= AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
    p->delivery_mode = AMQP_DELIVERY_PERSISTENT;
}

// The properties of the event; those of an empty message if they cannot be decoded. The pool owns
// what they refer to.
static bool decode_properties(struct span encoded, amqp_pool_t *pool, amqp_basic_properties_t *out)
{
    void *decoded;

    *out = (amqp_basic_properties_t){0};
    if (encoded.len == 0)
        return true;
    if (amqp_decode_properties(AMQP_BASIC_CLASS, pool, rabbit_bytes(encoded), &decoded) < 0)
        return false;
    *out = *(amqp_basic_properties_t *)decoded;
    return true;
}

bool rabbit_publish_letter(struct rabbit *r, const char *queue, const struct rabbit_letter *letter,
                           bool *stripped)
{
    amqp_basic_properties_t properties;
    amqp_table_t headers = {0};
    amqp_pool_t pool;

    init_amqp_pool(&pool, POOL_PAGE);
    *stripped =
        !decode_properties(letter->properties, &pool, &properties) || !fits_frame(r, letter);
    write_headers(letter, *stripped, &properties, &headers);
    int status = amqp_basic_publish(r->link, CHANNEL, amqp_empty_bytes, amqp_cstring_bytes(queue),
                                    1, 0, &properties, rabbit_bytes(letter->body));
    free(headers.entries);
    empty_amqp_pool(&pool);
    return status == AMQP_STATUS_OK || rabbit_lose_by(r, status);
}

bool rabbit_publish_event(struct rabbit *r, const char *exchange, const struct rabbit_event *event)
{
    amqp_table_entry_t entries[HEADERS_MAX] = {
        rabbit_text_entry("traceparent", event->traceparent)};
    int count = event->traceparent.len > 0;
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG |
                  AMQP_BASIC_MESSAGE_ID_FLAG,
        .content_type = amqp_cstring_bytes("application/json"),
        .delivery_mode = AMQP_DELIVERY_PERSISTENT,
        .message_id = amqp_cstring_bytes(event->message_id),
    };

    assert(event->header_count <= HEADERS_MAX && (count == 0 || event->header_count == 0));
    for (size_t i = 0; i < event->header_count; i++)
        entries[count++] = entry_of(&event->headers[i]);
    if (count > 0) {
        properties._flags |= AMQP_BASIC_HEADERS_FLAG;
        properties.headers = (amqp_table_t){count, entries};
    }
    int status = amqp_basic_publish(r->link, CHANNEL, amqp_cstring_bytes(exchange),
                                    amqp_cstring_bytes(event->routing_key), 1, 0, &properties,
                                    rabbit_bytes(event->body));
    return status == AMQP_STATUS_OK || rabbit_lose_by(r, status);
}
