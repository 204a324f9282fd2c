#define LOG_MODULE "edge"

#include "edge/adapters/services/authorization_client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/service_url.h"
#include "edge/adapters/services/host_lookup.h"
#include "edge/adapters/services/http_client.h"

#define ADDRESS_GOOD_MS 30000

struct service {
    struct list node; // of the client
    struct authorization_client *client;
    unsigned types;  // how many ask it; 0: it is kept only until its lookup ends
    struct span url; // owned; without a slash at its end
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
    struct http_client *http; // made when the first type asks: libcurl and OpenSSL take MBs
    struct tls_store *tls;
    unsigned concurrency;
    struct list services;                    // each with another URL
    struct service *by_type[ROOM_TYPES_MAX]; // NULL: the type asks none
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

static void free_service(struct service *service)
{
    assert(list_empty(&service->waiting) && list_empty(&service->asked));
    list_unlink(&service->node);
    buffer_fini(&service->host);
    free((char *)service->url.ptr);
    free(service);
}

static void on_looked_up(const char *address, const char *reason, void *arg)
{
    struct service *service = arg;
    struct list waiting;

    if (service->client->closing) {
        count_closed(service->client);
        return;
    }
    if (service->types == 0) {
        free_service(service);
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
    struct service *service = client->by_type[question->type];
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

static void cancel(struct authorization_service *interface, struct authorization_call *call,
                   bool is_late)
{
    (void)interface;
    if (call->http)
        http_fetch_cancel(call->http);
    if (is_late)
        doubt_address(call->service);
    remove_call(call);
}

// ---- services

static struct span without_slash(const char *url)
{
    struct span text = span_of(url);

    while (text.ptr[text.len - 1] == '/')
        text.len--;
    return text;
}

static struct service *new_service(struct authorization_client *client, const char *url)
{
    struct service *service = mem_zalloc(sizeof(*service));
    const char *fault = service_url_check(url, &service->host);

    assert(!fault);
    (void)fault;
    list_init(&service->waiting);
    list_init(&service->asked);
    service->client = client;
    service->url = without_slash(url);
    service->url.ptr = span_dup(service->url);
    service->lookup.on_done = on_looked_up;
    service->lookup.arg = service;
    list_append(&client->services, &service->node);
    return service;
}

static struct service *find_service(const struct authorization_client *client, const char *url)
{
    list_for_each (node, &client->services) {
        struct service *service = list_entry(node, struct service, node);
        if (span_eq(service->url, without_slash(url)))
            return service;
    }
    return NULL;
}

static void free_unused(struct authorization_client *client)
{
    list_for_each (node, &client->services) {
        struct service *service = list_entry(node, struct service, node);
        if (service->types == 0 && !service->lookup.busy)
            free_service(service);
    }
}

static void keep_connections(struct authorization_client *client, unsigned asking_types)
{
    if (!client->http && asking_types > 0)
        client->http =
            http_client_new(&(struct http_client_options){.tls = client->tls}, client->loop);
    if (client->http)
        http_client_keep(client->http, asking_types * client->concurrency);
}

// A service of which the address is known, or is looked up, is kept if it is used again.
static void use(struct authorization_service *interface, const struct room_types *types)
{
    struct authorization_client *client =
        container_of(interface, struct authorization_client, interface);

    list_for_each (node, &client->services)
        list_entry(node, struct service, node)->types = 0;
    memset(client->by_type, 0, sizeof(client->by_type));
    for (size_t i = 0; i < types->count; i++) {
        if (types->items[i].join != ROOM_JOIN_SERVICE)
            continue;
        struct service *service = find_service(client, types->items[i].url);
        client->by_type[i] = service ? service : new_service(client, types->items[i].url);
        client->by_type[i]->types++;
        log_info("a service says who may join room_type=%s url=%s", types->items[i].name,
                 types->items[i].url);
    }
    free_unused(client);
    keep_connections(client, (unsigned)room_types_count(types, ROOM_JOIN_SERVICE));
}

static const struct authorization_service_ops ops = {.ask = ask, .cancel = cancel, .use = use};

struct authorization_client *
authorization_client_new(const struct authorization_client_options *options,
                         struct event_loop *loop)
{
    struct authorization_client *client = mem_zalloc(sizeof(*client));

    client->interface.ops = &ops;
    client->loop = loop;
    client->concurrency = options->concurrency;
    list_init(&client->services);
    client->tls = options->tls;
    use(&client->interface, options->types);
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
    list_for_each (node, &client->services)
        stop_service(list_entry(node, struct service, node));
    if (client->http)
        http_client_close(client->http, count_closed, client);
    else
        count_closed(client);
}

void authorization_client_free(struct authorization_client *client)
{
    if (!client)
        return;
    http_client_free(client->http);
    list_for_each (node, &client->services)
        free_service(list_entry(node, struct service, node));
    free(client);
}

struct authorization_service *authorization_client_interface(struct authorization_client *client)
{
    return &client->interface;
}
