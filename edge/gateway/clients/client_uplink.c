#include "edge/gateway/clients/client_uplink.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/json_string.h"
#include "common/mem.h"

#define SERVICE     "websocket-gateway"
#define UNAVAILABLE "Service unavailable"
#define OVERLOADED  "Service overloaded"

struct uplink_call {
    struct list node;
    struct list of_client;       // in the client's calls; in no list when the client is gone
    const struct client *client; // NULL: it is gone
    struct ack ack;
    size_t bytes;
};

// ---- calls

static void add_call(struct client_uplink *uplink, struct client *client, struct ack ack,
                     size_t bytes)
{
    struct uplink_call *call = mem_zalloc(sizeof(*call));

    *call = (struct uplink_call){.client = client, .ack = ack, .bytes = bytes};
    list_append(&uplink->calls, &call->node);
    list_append(&client->uplink->calls, &call->of_client);
    client->uplink->count++;
    uplink->bytes += bytes;
    metric_add(&uplink->metrics->pending, 1);
}

static void free_call(struct client_uplink *uplink, struct uplink_call *call)
{
    list_unlink(&call->node);
    list_unlink(&call->of_client);
    if (call->client)
        call->client->uplink->count--;
    uplink->bytes -= call->bytes;
    metric_sub(&uplink->metrics->pending, 1);
    free(call);
}

static struct uplink_call *first_call(const struct client_uplink *uplink)
{
    return list_entry(uplink->calls.next, struct uplink_call, node);
}

// ---- answers

static void answer(struct client_uplink *uplink, const char *error)
{
    const struct uplink_call *call = first_call(uplink);

    if (call->client && error)
        client_ack_error(uplink->acks, call->client, call->ack, error);
    else if (call->client)
        client_ack_success(call->client, call->ack);
    free_call(uplink, first_call(uplink));
}

static void on_told(enum bus_uplink result, void *arg)
{
    struct client_uplink *uplink = arg;

    switch (result) {
    case BUS_UPLINK_ADDED:
        metric_add(&uplink->metrics->added, 1);
        answer(uplink, NULL);
        break;
    case BUS_UPLINK_FULL:
        metric_add(&uplink->metrics->full, 1);
        answer(uplink, OVERLOADED);
        break;
    case BUS_UPLINK_FAILED:
        metric_add(&uplink->metrics->unavailable, 1);
        answer(uplink, UNAVAILABLE);
        break;
    }
}

static void on_down(void *arg)
{
    struct client_uplink *uplink = arg;

    while (!list_empty(&uplink->calls)) {
        metric_add(&uplink->metrics->unavailable, 1);
        answer(uplink, UNAVAILABLE);
    }
}

void client_uplink_init(struct client_uplink *uplink)
{
    list_init(&uplink->calls);
    uplink->bus->uplink =
        (struct bus_uplink_handlers){.on_told = on_told, .on_down = on_down, .arg = uplink};
}

void client_uplink_fini(struct client_uplink *uplink)
{
    while (!list_empty(&uplink->calls))
        free_call(uplink, first_call(uplink));
    buffer_fini(&uplink->body);
}

void client_uplink_forget(struct client *client)
{
    if (!client->uplink)
        return;
    list_for_each (node, &client->uplink->calls) {
        list_unlink(node);
        list_entry(node, struct uplink_call, of_client)->client = NULL;
    }
    free(client->uplink);
    client->uplink = NULL;
}

// ---- events

// All but the data is the gateway's word. The data is valid JSON, and is copied as it came.
static void write_body(struct buffer *body, const struct client *client,
                       const struct client_uplink_event *event)
{
    char timestamp[ISO8601_LEN + 1];

    clock_iso8601(clock_wall_ms(), timestamp);
    buffer_clear(body);
    buffer_append(body, SPAN_LIT("{\"eventName\":"));
    json_string_append(body, span_of(event->type->name));
    buffer_append(body, SPAN_LIT(",\"data\":"));
    buffer_append(body, event->data.len > 0 ? event->data : SPAN_LIT("null"));
    buffer_append(body, SPAN_LIT(",\"userId\":"));
    buffer_append(body, client->identity->user_json);
    buffer_append(body, SPAN_LIT(",\"socketId\":"));
    json_string_append(body, client_id(client));
    if (event->room.len > 0) {
        buffer_append(body, SPAN_LIT(",\"room\":"));
        json_string_append(body, event->room);
    }
    buffer_printf(body, ",\"timestamp\":\"%s\",\"service\":\"" SERVICE "\"}", timestamp);
}

static const char *refuse(metric *counter, const char *why)
{
    metric_add(counter, 1);
    return why;
}

const char *client_uplink_send(struct client_uplink *uplink, struct client *client,
                               const struct client_uplink_event *event)
{
    bool anonymous = identity_is_anonymous(client->identity);
    struct uplink_entry entry = {
        .exchange = span_of(event->type->exchange),
        .routing_key = span_of(event->type->routing_key),
        .owner = anonymous ? client_id(client) : client->identity->user,
    };

    if (client->uplink && client->uplink->count >= UPLINK_CALLS_OF_CLIENT)
        return refuse(&uplink->metrics->too_many, "Too many events");
    if (metric_get(&uplink->metrics->pending) >= UPLINK_CALLS_MAX ||
        uplink->bytes >= UPLINK_CALLS_MAX_BYTES)
        return refuse(&uplink->metrics->too_many, OVERLOADED);
    write_body(&uplink->body, client, event);
    entry.body = buffer_span(&uplink->body);
    if (!bus_tell(uplink->bus, &entry))
        return refuse(&uplink->metrics->unavailable, UNAVAILABLE);
    if (!client->uplink) {
        client->uplink = mem_zalloc(sizeof(*client->uplink));
        list_init(&client->uplink->calls);
    }
    add_call(uplink, client, event->ack, entry.body.len);
    return NULL;
}
