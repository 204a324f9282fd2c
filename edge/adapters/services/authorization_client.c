#include "edge/adapters/services/authorization_client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/service_url.h"
#include "edge/adapters/services/host_lookup.h"
#include "edge/adapters/services/http_client.h"

#define ADDRESS_GOOD_MS 30000

struct service {
    struct authorization_client *client;
    struct span url; // without a slash at its end
    struct buffer host;
    struct host_lookup lookup;
    char address[INET6_ADDRSTRLEN]; // empty: not known yet
    uint64_t good_until_ms;
    unsigned failures;   // each makes the next lookup take the next address
    struct list waiting; // calls that wait for an address
    struct list asked;   // calls whose request was sent
};

struct authorization_client {
    struct authorization_service interface;
    struct event_loop *loop;
    struct http_client *http;
    struct service services[ROOM_TYPES_MAX]; // by type
    bool closing;
    unsigned open_parts; // while closing: the HTTP client, and lookups under way
    void (*on_closed)(void *arg);
    void *closed_arg;
};

struct authorization_call {
    struct list node; // of its service
    struct service *service;
    struct http_fetch *http; // NULL: waits for an address
    char *url, *token;
    service_answer_fn on_answer;
    void *arg;
};

static enum service_answer answer_for(unsigned status)
{
    if (status >= 200 && status < 300)
        return SERVICE_ANSWER_YES;
    switch (status) {
    case 0:
        return SERVICE_ANSWER_UNREACHABLE;
    case 401:
        return SERVICE_ANSWER_BAD_TOKEN;
    case 403:
    case 404:
        return SERVICE_ANSWER_NO;
    default:
        return SERVICE_ANSWER_ERROR;
    }
}

static void remove_call(struct authorization_call *call)
{
    list_unlink(&call->node);
    free(call->url);
    free(call->token);
    free(call);
}

static void finish_call(struct authorization_call *call, enum service_answer given,
                        const char *reason)
{
    service_answer_fn on_answer = call->on_answer;
    void *arg = call->arg;

    remove_call(call);
    on_answer(given, reason, arg);
}

// The service may have moved: the next call looks its address up again, and takes another one if
// the host has several.
static void doubt_address(struct service *service)
{
    service->good_until_ms = 0;
    service->failures++;
}

static void on_http_answer(const struct http_answer *answer, void *arg)
{
    struct authorization_call *call = arg;
    enum service_answer given = answer_for(answer->status);
    char text[32];

    if (answer->status == 0)
        doubt_address(call->service);
    snprintf(text, sizeof(text), "HTTP status %u", answer->status);
    finish_call(call, given, given == SERVICE_ANSWER_ERROR ? text : answer->reason);
}

static void start_call(struct authorization_call *call)
{
    struct service *service = call->service;

    list_unlink(&call->node);
    list_append(&service->asked, &call->node);
    call->http = http_client_get(
        service->client->http,
        &(struct http_get){.url = call->url, .address = service->address, .token = call->token},
        on_http_answer, call);
}

// ---- addresses

static void count_closed(void *arg)
{
    struct authorization_client *client = arg;

    if (--client->open_parts == 0)
        client->on_closed(client->closed_arg);
}

static void on_looked_up(const char *address, const char *reason, void *arg)
{
    struct service *service = arg;
    struct list waiting;

    if (service->client->closing) {
        count_closed(service->client);
        return;
    }
    if (address) {
        snprintf(service->address, sizeof(service->address), "%s", address);
        service->good_until_ms = uv_now(&service->client->loop->uv) + ADDRESS_GOOD_MS;
    }
    list_move_all(&service->waiting, &waiting);
    while (!list_empty(&waiting)) {
        struct authorization_call *call = list_entry(waiting.next, struct authorization_call, node);
        if (service->address[0] != '\0')
            start_call(call);
        else
            finish_call(call, SERVICE_ANSWER_UNREACHABLE, reason);
    }
}

// A lookup that cannot even be started is tried again with the next call. This call waits for that
// lookup, or until it is cancelled.
static void look_up_if_old(struct service *service)
{
    struct event_loop *loop = service->client->loop;

    if (service->lookup.busy || uv_now(&loop->uv) < service->good_until_ms)
        return;
    const char *fault =
        host_lookup_start(&service->lookup, loop, service->host.ptr, service->failures);
    (void)fault;
}

// ---- the interface

static struct authorization_call *ask(struct authorization_service *interface,
                                      const struct authorization_query *question,
                                      service_answer_fn on_answer, void *arg)
{
    struct authorization_client *client =
        container_of(interface, struct authorization_client, interface);
    struct service *service = &client->services[question->type];
    struct authorization_call *call = mem_zalloc(sizeof(*call));
    struct buffer url = {0};

    buffer_append(&url, service->url);
    buffer_append(&url, question->path);
    call->service = service;
    call->url = url.ptr;
    call->token = span_dup(question->token);
    call->on_answer = on_answer;
    call->arg = arg;
    list_append(&service->waiting, &call->node);
    if (client->closing)
        return call;
    look_up_if_old(service);
    if (service->address[0] != '\0')
        start_call(call);
    return call;
}

// Called when the call took too long, or when the edge ends.
static void cancel(struct authorization_service *interface, struct authorization_call *call)
{
    (void)interface;
    if (call->http)
        http_fetch_cancel(call->http);
    doubt_address(call->service);
    remove_call(call);
}

static const struct authorization_service_ops ops = {.ask = ask, .cancel = cancel};

static void init_service(struct service *service, struct authorization_client *client,
                         const struct room_type *type)
{
    list_init(&service->waiting);
    list_init(&service->asked);
    service->client = client;
    if (type->join != ROOM_JOIN_SERVICE)
        return;
    const char *fault = service_url_check(type->url, &service->host);
    assert(!fault);
    (void)fault;
    service->url = span_of(type->url);
    while (service->url.ptr[service->url.len - 1] == '/')
        service->url.len--;
    service->lookup.on_done = on_looked_up;
    service->lookup.arg = service;
}

struct authorization_client *
authorization_client_new(const struct authorization_client_options *options,
                         struct event_loop *loop)
{
    struct authorization_client *client = mem_zalloc(sizeof(*client));

    client->interface.ops = &ops;
    client->loop = loop;
    client->http =
        http_client_new(&(struct http_client_options){.tls = options->tls,
                                                      .max_connections = options->max_connections},
                        loop);
    for (size_t i = 0; i < ROOM_TYPES_MAX; i++)
        init_service(&client->services[i], client, &options->types->items[i]);
    return client;
}

static void stop_service(struct service *service)
{
    list_for_each (node, &service->asked) {
        struct authorization_call *call = list_entry(node, struct authorization_call, node);
        http_fetch_cancel(call->http);
        call->http = NULL;
    }
    if (!service->lookup.busy)
        return;
    service->client->open_parts++;
    host_lookup_cancel(&service->lookup);
}

void authorization_client_close(struct authorization_client *client, void (*on_closed)(void *arg),
                                void *arg)
{
    client->closing = true;
    client->on_closed = on_closed;
    client->closed_arg = arg;
    client->open_parts = 1;
    for (size_t i = 0; i < ROOM_TYPES_MAX; i++)
        stop_service(&client->services[i]);
    http_client_close(client->http, count_closed, client);
}

void authorization_client_free(struct authorization_client *client)
{
    if (!client)
        return;
    http_client_free(client->http);
    for (size_t i = 0; i < ROOM_TYPES_MAX; i++) {
        struct service *service = &client->services[i];
        assert(list_empty(&service->waiting) && list_empty(&service->asked));
        buffer_fini(&service->host);
    }
    free(client);
}

struct authorization_service *authorization_client_interface(struct authorization_client *client)
{
    return &client->interface;
}
