#include "compose/tools/letter_properties.h"

#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>

#include "common/mem.h"
#include "common/span.h"
#include "proto/letter_headers.h"

#define PERSISTENT 2

static struct span key_of(const amqp_table_entry_t *entry)
{
    return (struct span){entry->key.bytes, entry->key.len};
}

static bool is_added_by_relay(struct span key)
{
    static const char *const names[] = {
        LETTER_REASON,   LETTER_FAILED_AT, LETTER_ROUTING_KEY,
        LETTER_EXCHANGE, LETTER_SIZE,      LETTER_EXPIRATION,
        LETTER_USER_ID,  LETTER_CC,        LETTER_HEADERS_DROPPED,
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (span_is(key, names[i]))
            return true;
    return false;
}

static bool is_further(struct span key, const struct message_header *further, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_is(key, further[i].name))
            return true;
    return false;
}

static bool is_text(const amqp_table_entry_t *entry)
{
    return entry->value.kind == AMQP_FIELD_KIND_UTF8 || entry->value.kind == AMQP_FIELD_KIND_BYTES;
}

// Restores what the relay had turned into a header, if `entry` is such a header.
static void restore_one(const amqp_table_entry_t *entry, bool routed, const char *user,
                        amqp_basic_properties_t *out)
{
    struct span key = key_of(entry);
    amqp_bytes_t text = entry->value.value.bytes;

    if (span_is(key, LETTER_CC) && routed) {
        out->headers.entries[out->headers.num_entries] = *entry;
        out->headers.entries[out->headers.num_entries++].key = amqp_cstring_bytes("CC");
    } else if (span_is(key, LETTER_EXPIRATION) && is_text(entry)) {
        out->_flags |= AMQP_BASIC_EXPIRATION_FLAG;
        out->expiration = text;
    } else if (span_is(key, LETTER_USER_ID) && is_text(entry) &&
               span_is((struct span){text.bytes, text.len}, user)) {
        out->_flags |= AMQP_BASIC_USER_ID_FLAG;
        out->user_id = text;
    }
}

void letter_properties_restore(const void *of_letter, bool routed, const char *user,
                               const struct message_header *further, size_t further_count,
                               void *result)
{
    const amqp_basic_properties_t *from = of_letter;
    amqp_basic_properties_t *out = result;
    amqp_table_t had = from->_flags & AMQP_BASIC_HEADERS_FLAG ? from->headers : amqp_empty_table;

    *out = *from;
    out->_flags |= AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
    out->_flags &= ~(amqp_flags_t)(AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_USER_ID_FLAG);
    out->delivery_mode = PERSISTENT;
    out->headers =
        (amqp_table_t){.entries = mem_alloc(((size_t)had.num_entries + further_count + 1) *
                                            sizeof(*out->headers.entries))};
    for (size_t i = 0; i < further_count; i++) {
        amqp_table_entry_t *entry = &out->headers.entries[out->headers.num_entries++];
        *entry = (amqp_table_entry_t){.key = amqp_cstring_bytes(further[i].name)};
        entry->value.kind = AMQP_FIELD_KIND_UTF8;
        entry->value.value.bytes = amqp_cstring_bytes(further[i].value);
    }
    for (int i = 0; i < had.num_entries; i++) {
        struct span key = key_of(&had.entries[i]);
        if (is_added_by_relay(key))
            restore_one(&had.entries[i], routed, user, out);
        else if (!is_further(key, further, further_count))
            out->headers.entries[out->headers.num_entries++] = had.entries[i];
    }
}
