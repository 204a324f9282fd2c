#include "edge/adapters/services/jwks_client.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/service_url.h"
#include "edge/adapters/services/host_lookup.h"
#include "edge/adapters/services/http_client.h"

struct jwks_client {
    struct jwks_service interface;
    struct jwks_client_options options;
    struct event_loop *loop;
    struct http_client *http;
    struct buffer host;
    struct host_lookup lookup;
    unsigned failures;        // each makes the next lookup take the next address
    jwks_answer_fn on_answer; // NULL: no fetch is under way
    void *arg;
    struct http_fetch *request; // NULL: not sent yet
    bool closing;
    unsigned open_parts; // while closing: the HTTP client, and a lookup under way
    void (*on_closed)(void *arg);
    void *closed_arg;
};

static void finish(struct jwks_client *client, const struct jwks_answer *answer)
{
    jwks_answer_fn on_answer = client->on_answer;

    client->request = NULL;
    client->on_answer = NULL;
    if (answer->status == 0)
        client->failures++;
    on_answer(answer, client->arg);
}

static void on_http_answer(const struct http_answer *answer, void *arg)
{
    finish(arg, &(struct jwks_answer){.status = answer->status,
                                      .reason = answer->reason,
                                      .cause = answer->cause,
                                      .body = answer->body});
}

static void count_closed(void *arg)
{
    struct jwks_client *client = arg;

    if (--client->open_parts == 0)
        client->on_closed(client->closed_arg);
}

static void on_looked_up(const char *address, const char *reason, void *arg)
{
    struct jwks_client *client = arg;
    const struct http_get get = {
        .url = client->options.url, .address = address, .body_max = JWKS_MAX_BYTES};

    if (client->closing)
        count_closed(client);
    else if (client->on_answer && address)
        client->request = http_client_get(client->http, &get, on_http_answer, client);
    else if (client->on_answer)
        finish(client, &(struct jwks_answer){.reason = reason, .cause = reason});
}

// A lookup of a cancelled fetch that is still under way serves this one. One that cannot be started
// is not answered, so that its fetch ends by the caller's time limit.
static void fetch(struct jwks_service *service, jwks_answer_fn on_answer, void *arg)
{
    struct jwks_client *client = container_of(service, struct jwks_client, interface);

    assert(!client->on_answer);
    client->on_answer = on_answer;
    client->arg = arg;
    if (client->closing || client->lookup.busy)
        return;
    const char *fault =
        host_lookup_start(&client->lookup, client->loop, client->host.ptr, client->failures);
    (void)fault;
}

static void cancel(struct jwks_service *service)
{
    struct jwks_client *client = container_of(service, struct jwks_client, interface);

    if (!client->on_answer)
        return;
    if (client->request)
        http_fetch_cancel(client->request);
    client->request = NULL;
    client->on_answer = NULL;
    client->failures++;
}

static const struct jwks_service_ops ops = {.fetch = fetch, .cancel = cancel};

struct jwks_client *jwks_client_new(const struct jwks_client_options *options,
                                    struct event_loop *loop)
{
    struct jwks_client *client = mem_zalloc(sizeof(*client));

    client->interface.ops = &ops;
    client->options = *options;
    client->loop = loop;
    client->http = http_client_new(
        &(struct http_client_options){.tls = options->tls, .max_connections = 1}, loop);
    const char *fault = http_url_check(options->url, &client->host);
    assert(!fault);
    (void)fault;
    client->lookup.on_done = on_looked_up;
    client->lookup.arg = client;
    return client;
}

void jwks_client_close(struct jwks_client *client, void (*on_closed)(void *arg), void *arg)
{
    cancel(&client->interface);
    client->closing = true;
    client->on_closed = on_closed;
    client->closed_arg = arg;
    client->open_parts = 1;
    if (client->lookup.busy) {
        client->open_parts++;
        host_lookup_cancel(&client->lookup);
    }
    http_client_close(client->http, count_closed, client);
}

void jwks_client_free(struct jwks_client *client)
{
    if (!client)
        return;
    http_client_free(client->http);
    buffer_fini(&client->host);
    free(client);
}

struct jwks_service *jwks_client_interface(struct jwks_client *client)
{
    return &client->interface;
}
