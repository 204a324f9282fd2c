#include "edge/adapters/services/authorization_client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "edge/adapters/services/host_lookup.h"
#include "edge/adapters/services/http_client.h"
#include "edge/http/service_url.h"

#define ADDRESS_GOOD_MS 30000

struct service {
    struct http_authority *authority;
    struct span url; // without a slash at its end
    struct buffer host;
    struct host_lookup lookup;
    char address[INET6_ADDRSTRLEN]; // empty: not known yet
    uint64_t good_until_ms;
    unsigned failures;   // each makes the next lookup take the next address
    struct list waiting; // calls that wait for an address
    struct list asked;
};

struct http_authority {
    struct room_authority interface;
    struct event_loop *loop;
    struct http_client *client;
    struct service services[ROOM_SERVICES];
    bool closing;
    unsigned open_parts; // the client, and lookups under way
    void (*on_closed)(void *arg);
    void *closed_arg;
};

struct authority_call {
    struct list node; // of its service
    struct service *service;
    struct http_fetch *http; // NULL: waits for an address
    char *url, *token;
    room_answer_fn on_answer;
    void *arg;
};

static enum room_answer answer_of(unsigned status)
{
    if (status >= 200 && status < 300)
        return ROOM_ANSWER_YES;
    switch (status) {
    case 0:
        return ROOM_ANSWER_UNREACHABLE;
    case 401:
        return ROOM_ANSWER_BAD_TOKEN;
    case 403:
    case 404:
        return ROOM_ANSWER_NO;
    default:
        return ROOM_ANSWER_ERROR;
    }
}

static void remove_call(struct authority_call *call)
{
    list_unlink(&call->node);
    free(call->url);
    free(call->token);
    free(call);
}

static void answer(struct authority_call *call, enum room_answer given, const char *reason)
{
    room_answer_fn on_answer = call->on_answer;
    void *arg = call->arg;

    remove_call(call);
    on_answer(given, reason, arg);
}

// The service may have moved.
static void doubt_address(struct service *service)
{
    service->good_until_ms = 0;
    service->failures++;
}

static void on_http_answer(unsigned status, const char *reason, void *arg)
{
    struct authority_call *call = arg;
    enum room_answer given = answer_of(status);
    char text[32];

    if (status == 0)
        doubt_address(call->service);
    snprintf(text, sizeof(text), "HTTP status %u", status);
    answer(call, given, given == ROOM_ANSWER_ERROR ? text : reason);
}

static void start_call(struct authority_call *call)
{
    struct service *service = call->service;

    list_unlink(&call->node);
    list_append(&service->asked, &call->node);
    call->http = http_client_get(
        service->authority->client,
        &(struct http_get){.url = call->url, .address = service->address, .token = call->token},
        on_http_answer, call);
}

// ---- addresses

static void count_closed(void *arg)
{
    struct http_authority *authority = arg;

    if (--authority->open_parts == 0)
        authority->on_closed(authority->closed_arg);
}

static void on_looked_up(const char *address, const char *reason, void *arg)
{
    struct service *service = arg;
    struct list waiting;

    if (service->authority->closing) {
        count_closed(service->authority);
        return;
    }
    if (address) {
        snprintf(service->address, sizeof(service->address), "%s", address);
        service->good_until_ms = uv_now(&service->authority->loop->uv) + ADDRESS_GOOD_MS;
    }
    list_move_all(&service->waiting, &waiting);
    while (!list_empty(&waiting)) {
        struct authority_call *call = list_entry(waiting.next, struct authority_call, node);
        if (service->address[0] != '\0')
            start_call(call);
        else
            answer(call, ROOM_ANSWER_UNREACHABLE, reason);
    }
}

// One that cannot even be begun is tried again with the next call; this one waits in vain.
static void look_up_if_old(struct service *service)
{
    struct event_loop *loop = service->authority->loop;

    if (service->lookup.busy || uv_now(&loop->uv) < service->good_until_ms)
        return;
    const char *fault =
        host_lookup_start(&service->lookup, loop, service->host.ptr, service->failures);
    (void)fault;
}

// ---- the interface

static struct authority_call *ask(struct room_authority *interface,
                                  const struct authority_question *question,
                                  room_answer_fn on_answer, void *arg)
{
    struct http_authority *authority = container_of(interface, struct http_authority, interface);
    struct service *service = &authority->services[question->service];
    struct authority_call *call = mem_zalloc(sizeof(*call));
    struct buffer url = {0};

    buffer_append(&url, service->url);
    buffer_append(&url, question->path);
    call->service = service;
    call->url = url.ptr;
    call->token = span_dup(question->token);
    call->on_answer = on_answer;
    call->arg = arg;
    list_append(&service->waiting, &call->node);
    if (authority->closing)
        return call;
    look_up_if_old(service);
    if (service->address[0] != '\0')
        start_call(call);
    return call;
}

// Its time was up, or the edge ends.
static void cancel(struct room_authority *interface, struct authority_call *call)
{
    (void)interface;
    if (call->http)
        http_fetch_cancel(call->http);
    doubt_address(call->service);
    remove_call(call);
}

static const struct room_authority_ops ops = {.ask = ask, .cancel = cancel};

static void init_service(struct service *service, struct http_authority *authority, const char *url)
{
    service->authority = authority;
    const char *fault = service_url_check(url, &service->host);
    assert(!fault);
    (void)fault;
    service->url = span_of(url);
    while (service->url.ptr[service->url.len - 1] == '/')
        service->url.len--;
    service->lookup.on_done = on_looked_up;
    service->lookup.arg = service;
    list_init(&service->waiting);
    list_init(&service->asked);
}

struct http_authority *http_authority_new(const struct http_authority_options *options,
                                          struct event_loop *loop)
{
    struct http_authority *authority = mem_zalloc(sizeof(*authority));

    authority->interface.ops = &ops;
    authority->loop = loop;
    authority->client =
        http_client_new(&(struct http_client_options){.ca_file = options->ca_file,
                                                      .max_connections = options->max_connections},
                        loop);
    for (size_t i = 0; i < ROOM_SERVICES; i++)
        init_service(&authority->services[i], authority, options->urls[i]);
    return authority;
}

static void stop_service(struct service *service)
{
    list_for_each (node, &service->asked) {
        struct authority_call *call = list_entry(node, struct authority_call, node);
        http_fetch_cancel(call->http);
        call->http = NULL;
    }
    if (!service->lookup.busy)
        return;
    service->authority->open_parts++;
    host_lookup_cancel(&service->lookup);
}

void http_authority_close(struct http_authority *authority, void (*on_closed)(void *arg), void *arg)
{
    authority->closing = true;
    authority->on_closed = on_closed;
    authority->closed_arg = arg;
    authority->open_parts = 1;
    for (size_t i = 0; i < ROOM_SERVICES; i++)
        stop_service(&authority->services[i]);
    http_client_close(authority->client, count_closed, authority);
}

void http_authority_free(struct http_authority *authority)
{
    if (!authority)
        return;
    http_client_free(authority->client);
    for (size_t i = 0; i < ROOM_SERVICES; i++) {
        struct service *service = &authority->services[i];
        assert(list_empty(&service->waiting) && list_empty(&service->asked));
        buffer_fini(&service->host);
    }
    free(authority);
}

struct room_authority *http_authority_interface(struct http_authority *authority)
{
    return &authority->interface;
}
