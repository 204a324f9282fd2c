#include "edge/adapters/services/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/list.h"
#include "common/mem.h"
#include "edge/adapters/services/curl_loop.h"

#define ANSWER_MAX        65536 // bytes of heads and body; the rest of a longer answer is not read
#define IDLE_S            30L   // a connection that was idle for longer is not used again
#define KEEPALIVE_IDLE_S  5L
#define KEEPALIVE_EVERY_S 2L
#define STATUS_LEN        3
#define TOO_LONG          "the answer is too long"

struct http_client {
    struct http_client_options options;
    struct curl_loop *loop;
    struct list calls;
};

struct http_fetch {
    struct list node;
    struct http_client *client;
    CURL *easy;
    struct curl_slist *headers, *connect_to;
    size_t received;
    bool head_over;  // the whole head has come; libcurl itself accepts a part of one
    bool cut;        // the answer was longer than it may be
    size_t body_max; // 0: the body is discarded
    struct buffer body;
    char error[CURL_ERROR_SIZE];
    http_answer_fn on_answer;
    void *arg;
};

static bool is_too_long(struct http_fetch *call, size_t more)
{
    call->received += more;
    return call->received > ANSWER_MAX;
}

// True if the status has three digits. Newer libcurl reads the first three of any number.
static bool has_status(struct span line)
{
    struct span version, rest = line;

    return span_take_until(&rest, ' ', &version) && rest.len > STATUS_LEN &&
           memchr(" \r\n", rest.ptr[STATUS_LEN], 3);
}

// Takes one line of a head. The head of an interim answer (1xx) is followed by another one.
static size_t on_head(char *bytes, size_t size, size_t count, void *arg)
{
    struct http_fetch *call = arg;
    struct span line = {bytes, size * count};

    if (span_starts_with(line, SPAN_LIT("HTTP/"))) {
        call->head_over = false;
        if (!has_status(line))
            return 0;
    } else if (span_is(line, "\r\n") || span_is(line, "\n"))
        call->head_over = true;
    return is_too_long(call, line.len) ? 0 : line.len;
}

// A body that is too long ends the transfer. If it would be discarded, that is no failure: the
// status is known by then.
static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct http_fetch *call = arg;
    size_t len = size * count;

    if (call->body_max > 0)
        call->cut = len > call->body_max - call->body.len;
    else
        call->cut = is_too_long(call, len);
    if (call->cut)
        return 0;
    if (call->body_max > 0)
        buffer_append(&call->body, (struct span){bytes, len});
    return len;
}

static void set_request(struct http_fetch *call, const struct http_get *get)
{
    struct buffer text = {0};

    if (get->token) {
        buffer_printf(&text, "Authorization: Bearer %s", get->token);
        call->headers = curl_slist_append(NULL, text.ptr);
        buffer_clear(&text);
    }
    // "::ADDRESS:" stands for any host and port of the URL, and leaves the port as it is.
    buffer_printf(&text, strchr(get->address, ':') ? "::[%s]:" : "::%s:", get->address);
    call->connect_to = curl_slist_append(NULL, text.ptr);
    buffer_fini(&text);
    curl_easy_setopt(call->easy, CURLOPT_URL, get->url);
    curl_easy_setopt(call->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_to);
    curl_easy_setopt(call->easy, CURLOPT_USERAGENT, "websocket-gateway/" GATEWAY_VERSION);
}

static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *store)
{
    (void)easy;
    tls_store_lend(store, ssl_ctx);
    return CURLE_OK;
}

// libcurl itself would trust the system's certificates beside those of a file, and keep the first
// ones for a day. A session that is resumed is not verified again, so none is.
static void trust_only(CURL *easy, struct tls_store *store)
{
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, store);
    if (curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls) != CURLE_OK) // without OpenSSL
        curl_easy_setopt(easy, CURLOPT_CAINFO, tls_store_files(store)->ca);
}

static void set_transfer(CURL *easy, const struct http_client_options *options)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (options->tls)
        trust_only(easy, options->tls);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_EVERY_S);
}

static void set_callbacks(struct http_fetch *call)
{
    curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(call->easy, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
}

struct http_fetch *http_client_get(struct http_client *client, const struct http_get *get,
                                   http_answer_fn on_answer, void *arg)
{
    struct http_fetch *call = mem_zalloc(sizeof(*call));

    call->easy = curl_easy_init();
    if (!call->easy)
        abort();
    call->client = client;
    call->body_max = get->body_max;
    call->on_answer = on_answer;
    call->arg = arg;
    set_request(call, get);
    set_transfer(call->easy, &client->options);
    set_callbacks(call);
    list_append(&client->calls, &call->node);
    curl_loop_add(client->loop, call->easy);
    return call;
}

static void remove_call(struct http_fetch *call)
{
    list_unlink(&call->node);
    curl_loop_remove(call->client->loop, call->easy);
    curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    curl_slist_free_all(call->connect_to);
    buffer_fini(&call->body);
    free(call);
}

void http_fetch_cancel(struct http_fetch *call)
{
    remove_call(call);
}

static unsigned status_of(const struct http_fetch *call, CURLcode result)
{
    long status = 0;
    bool is_cut = result == CURLE_WRITE_ERROR && call->cut && call->body_max == 0;
    bool is_good = result == CURLE_OK || is_cut;

    if (is_good && call->head_over)
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return status > 0 ? (unsigned)status : 0;
}

static const char *reason_of(const struct http_fetch *call, CURLcode result)
{
    if (call->cut)
        return TOO_LONG;
    if (call->error[0] != '\0')
        return call->error;
    return result == CURLE_OK ? "no whole answer" : curl_easy_strerror(result);
}

static void finish(struct http_fetch *call, CURLcode result)
{
    http_answer_fn on_answer = call->on_answer;
    struct buffer body = call->body;
    char reason[CURL_ERROR_SIZE];
    void *arg = call->arg;
    struct http_answer answer = {.status = status_of(call, result),
                                 .reason = reason,
                                 .cause = call->cut ? TOO_LONG : curl_easy_strerror(result),
                                 .body = buffer_span(&body)};

    snprintf(reason, sizeof(reason), "%s", reason_of(call, result));
    call->body = (struct buffer){0};
    remove_call(call);
    on_answer(&answer, arg);
    buffer_fini(&body);
}

static void on_done(CURL *easy, CURLcode result)
{
    struct http_fetch *call;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
    finish(call, result);
}

struct http_client *http_client_new(const struct http_client_options *options,
                                    struct event_loop *loop)
{
    struct http_client *client = mem_zalloc(sizeof(*client));

    curl_global_init(CURL_GLOBAL_DEFAULT);
    client->options = *options;
    list_init(&client->calls);
    client->loop = curl_loop_new(loop, options->max_connections, on_done);
    return client;
}

void http_client_keep(struct http_client *client, unsigned max_connections)
{
    curl_loop_keep(client->loop, max_connections);
}

void http_client_close(struct http_client *client, void (*on_closed)(void *arg), void *arg)
{
    assert(list_empty(&client->calls));
    curl_loop_close(client->loop, on_closed, arg);
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    curl_loop_free(client->loop);
    free(client);
    curl_global_cleanup();
}
