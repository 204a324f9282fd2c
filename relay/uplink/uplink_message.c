#include "relay/uplink/uplink_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "proto/letter_headers.h"

// Returns false if it is no name of AMQP.
static bool copy_name(char out[UPLINK_NAME_MAX + 1], struct span name)
{
    bool ok = name.len > 0 && name.len <= UPLINK_NAME_MAX && !span_has_control(name);

    if (!ok)
        name = SPAN_LIT("?");
    snprintf(out, UPLINK_NAME_MAX + 1, SPAN_FMT, SPAN_ARG(name));
    return ok;
}

struct uplink_message *uplink_message_new(struct uplink_item *item,
                                          const struct uplink_entry *entry)
{
    struct uplink_message *message = mem_zalloc(sizeof(*message) + entry->body.len);
    char *at = message->storage;

    message->item = item;
    snprintf(message->id, sizeof(message->id), SPAN_FMT, SPAN_ARG(entry->id));
    bool has_exchange = copy_name(message->exchange, entry->exchange);
    bool has_key = copy_name(message->routing_key, entry->routing_key);
    message->malformed = !has_exchange || !has_key || entry->body.len == 0;
    message->body = span_store(&at, entry->body);
    list_init(&message->answer_node);
    return message;
}

void uplink_message_free(struct uplink_message *message)
{
    free(message);
}

static void write_headers(struct uplink_message *message, const struct uplink_failure *failure)
{
    clock_iso8601(failure->failed_ms, message->failed_at);
    const struct rabbit_header headers[] = {
        {.name = LETTER_REASON, .text = span_of(failure->reason)},
        {.name = LETTER_ROUTING_KEY, .text = span_of(message->routing_key)},
        {.name = LETTER_EXCHANGE, .text = span_of(message->exchange)},
        {.name = LETTER_FAILED_AT, .text = span_of(message->failed_at)},
        {.name = LETTER_SIZE, .is_number = true, .number = message->body.len},
    };
    memcpy(message->headers, headers, sizeof(headers));
}

void uplink_message_address(struct uplink_message *message, const struct uplink_failure *failure,
                            const char *letter_queue)
{
    message->publication = (struct publication){
        .exchange = failure ? "" : message->exchange,
        .event = {.routing_key = failure ? letter_queue : message->routing_key,
                  .message_id = message->id,
                  .body = message->body},
    };
    if (!failure)
        return;
    write_headers(message, failure);
    message->publication.event.headers = message->headers;
    message->publication.event.header_count = ARRAY_LEN(message->headers);
}

struct uplink_failure *uplink_failure_new(const char *reason)
{
    size_t size = strlen(reason) + 1;
    struct uplink_failure *failure = mem_zalloc(sizeof(*failure) + size);

    failure->failed_ms = clock_wall_ms();
    memcpy(failure->reason, reason, size);
    return failure;
}
