#include "edge/adapters/redis/redis_connection.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>

#include "common/list.h"
#include "common/mem.h"

#define KEEPALIVE_IDLE_S  5
#define KEEPALIVE_EVERY_S 2
#define KEEPALIVE_PROBES  3
#define USER_TIMEOUT_MS   10000
#define READ_NS           10000000 // 10 ms, for the reads of one turn

struct redis_connection {
    struct redis_connection_handlers handlers;
    redisAsyncContext *context; // NULL: hiredis is done with it
    uv_poll_t poll;
    int wanted;         // events that hiredis wants polled
    struct ssl_st *ssl; // of TLS, while there is a context; NULL: plain text
    bool poll_closed;
    bool answered; // the other side has answered on TCP, even if by refusing
    bool broken;   // hiredis frees the context itself
    bool closing;  // redis_connection_close() was called
    struct list requests;
};

// A command that was sent, and where its answers go.
struct request {
    struct list node;
    redis_answer_fn on_answer;
    uintptr_t tag;
};

static void free_if_done(struct redis_connection *connection)
{
    if (!connection->closing || !connection->poll_closed)
        return;
    list_for_each (node, &connection->requests)
        free(list_entry(node, struct request, node));
    connection->handlers.on_closed(connection->handlers.arg);
    free(connection);
}

// libuv stops polling on an error, so the connection has ended, whether or not hiredis notices. A
// read lets hiredis find the error and report it in its own words; if the read brings bytes that
// came before the error, hiredis finds none, and the error is reported here.
static void on_poll_error(struct redis_connection *connection, int status)
{
    redis_tls_forget_errors();
    if (connection->context)
        redisAsyncHandleRead(connection->context);
    if (connection->context && !connection->broken && !connection->closing)
        connection->handlers.on_broken(uv_strerror(status), connection->handlers.arg);
}

// True if the reader holds a part of a reply. hiredis reads 16 KB at a time, which mostly end
// within a reply when more is there to be read.
static bool has_part_of_reply(const redisReader *reader)
{
    return reader->pos < reader->len || reader->ridx > 0;
}

// Over TLS a read brings one record at most, and Redis mostly ends a record with a reply.
static bool has_records(const struct redis_connection *connection)
{
    struct pollfd poll_fd = {.fd = connection->context->c.fd, .events = POLLIN};

    return connection->ssl && poll(&poll_fd, 1, 0) == 1;
}

static bool expects_more(const struct redis_connection *connection)
{
    return connection->context &&
           (has_part_of_reply(connection->context->c.reader) || has_records(connection));
}

// Reads once. False when nothing came, or the connection ended.
static bool read_more(struct redis_connection *connection)
{
    const redisReader *reader = connection->context->c.reader;
    size_t pos = reader->pos, len = reader->len;

    redisAsyncHandleRead(connection->context);
    return connection->context && (reader->pos != pos || reader->len != len);
}

// One read a turn is too little when thousands of clients make each turn long and Redis answers
// calls for all of them. Replies differ in the work that they cause, so the time of all reads is
// limited and not their number.
static void read_replies(struct redis_connection *connection)
{
    uint64_t began_ns = 0;

    redisAsyncHandleRead(connection->context);
    while (expects_more(connection)) {
        uint64_t now_ns = uv_hrtime();
        if (began_ns == 0)
            began_ns = now_ns;
        if (now_ns - began_ns > READ_NS)
            break;
        if (!read_more(connection) && !(connection->context && has_records(connection)))
            break;
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct redis_connection *connection = container_of(poll, struct redis_connection, poll);

    if (status < 0) {
        on_poll_error(connection, status);
        return;
    }
    if (connection->ssl)
        redis_tls_forget_errors();
    if (connection->context && (events & UV_READABLE))
        read_replies(connection);
    if (connection->context && (events & UV_WRITABLE))
        redisAsyncHandleWrite(connection->context);
}

static void want(struct redis_connection *connection, int wanted)
{
    if (connection->wanted == wanted)
        return;
    connection->wanted = wanted;
    if (wanted)
        uv_poll_start(&connection->poll, wanted, on_poll);
    else
        uv_poll_stop(&connection->poll);
}

static void add_read(void *arg)
{
    want(arg, ((struct redis_connection *)arg)->wanted | UV_READABLE);
}

static void del_read(void *arg)
{
    want(arg, ((struct redis_connection *)arg)->wanted & ~UV_READABLE);
}

static void add_write(void *arg)
{
    want(arg, ((struct redis_connection *)arg)->wanted | UV_WRITABLE);
}

static void del_write(void *arg)
{
    want(arg, ((struct redis_connection *)arg)->wanted & ~UV_WRITABLE);
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct redis_connection *connection =
        container_of((uv_poll_t *)handle, struct redis_connection, poll);

    connection->poll_closed = true;
    free_if_done(connection);
}

static void cleanup(void *arg)
{
    struct redis_connection *connection = arg;

    connection->context = NULL;
    uv_close((uv_handle_t *)&connection->poll, on_poll_closed);
}

static void attach(struct redis_connection *connection, redisAsyncContext *context)
{
    connection->context = context;
    context->data = connection;
    context->ev.data = connection;
    context->ev.addRead = add_read;
    context->ev.delRead = del_read;
    context->ev.addWrite = add_write;
    context->ev.delWrite = del_write;
    context->ev.cleanup = cleanup;
}

// Lets the kernel notice within about ten seconds that the peer has vanished. Bytes that it has not
// taken when the connection is closed are dropped (SO_LINGER): otherwise they might reach Redis
// after those of the next connection.
static void watch_peer(int fd)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    // A socket of this machine refuses what follows, and needs none of it.
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &(int){KEEPALIVE_IDLE_S}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &(int){KEEPALIVE_EVERY_S}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &(int){KEEPALIVE_PROBES}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &(unsigned){USER_TIMEOUT_MS}, sizeof(unsigned));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static void on_broken(const redisAsyncContext *context, const char *otherwise)
{
    struct redis_connection *connection = context->data;
    const char *reason = context->c.errstr[0] != '\0' ? context->c.errstr : otherwise;
    char of_tls[REDIS_TLS_REASON_MAX];

    connection->broken = true;
    if (connection->ssl && !connection->closing) {
        redis_tls_explain(connection->ssl, reason, of_tls);
        reason = of_tls;
    }
    if (!connection->closing)
        connection->handlers.on_broken(reason, connection->handlers.arg);
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct redis_connection *connection = context->data;

    connection->answered = status == REDIS_OK || errno == ECONNREFUSED;
    if (status != REDIS_OK)
        on_broken(context, "connection refused");
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    (void)status;
    on_broken(context, "connection closed");
}

static redisAsyncContext *open_context(const struct redis_endpoint *endpoint, struct ssl_st **ssl,
                                       const char **reason)
{
    static char refused[REDIS_TLS_REASON_MAX];
    redisAsyncContext *context = endpoint->port == 0
                                     ? redisAsyncConnectUnix(endpoint->address)
                                     : redisAsyncConnect(endpoint->address, endpoint->port);

    *reason = context && context->err != 0 && endpoint->port == 0
                  ? strerror(errno)
                  : "no connection can be opened; is the limit of open files reached?";
    if (!context || context->err == 0) {
        if (!context || !endpoint->tls)
            return context;
        *ssl = redis_tls_begin(endpoint->tls, &context->c, endpoint->host, refused);
        if (*ssl)
            return context;
        *reason = refused;
    }
    redisAsyncFree(context);
    return NULL;
}

struct redis_connection *redis_connection_new(struct event_loop *loop,
                                              const struct redis_endpoint *endpoint,
                                              const struct redis_connection_handlers *handlers,
                                              const char **reason)
{
    struct redis_connection *connection = mem_zalloc(sizeof(*connection));
    redisAsyncContext *context = open_context(endpoint, &connection->ssl, reason);

    if (!context || uv_poll_init(&loop->uv, &connection->poll, context->c.fd) != 0) {
        if (context)
            redisAsyncFree(context);
        free(connection);
        return NULL;
    }
    connection->handlers = *handlers;
    list_init(&connection->requests);
    attach(connection, context);
    watch_peer(context->c.fd);
    redisAsyncSetConnectCallback(context, on_connect);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
    return connection;
}

void redis_connection_close(struct redis_connection *connection)
{
    if (!connection)
        return;
    assert(!connection->closing);
    connection->closing = true;
    if (connection->context && !connection->broken)
        redisAsyncFree(connection->context);
    free_if_done(connection);
}

bool redis_connection_is_answered(const struct redis_connection *connection)
{
    return connection->answered;
}

static void on_reply(redisAsyncContext *context, void *reply, void *arg)
{
    struct redis_connection *connection = context->data;
    struct request *request = arg;

    if (reply && !connection->closing)
        request->on_answer(reply, request->tag, connection->handlers.arg);
}

static void on_last_reply(redisAsyncContext *context, void *reply, void *arg)
{
    struct request *request = arg;

    on_reply(context, reply, arg);
    list_unlink(&request->node);
    free(request);
}

void redis_connection_send(struct redis_connection *connection, redis_answer_fn on_answer,
                           uintptr_t tag, const char *format, ...)
{
    bool subscribes = strncmp(format, "SUBSCRIBE", 9) == 0;
    struct request *request = mem_alloc(sizeof(*request));
    va_list args;

    *request = (struct request){.on_answer = on_answer, .tag = tag};
    list_append(&connection->requests, &request->node);
    va_start(args, format);
    int rc = redisvAsyncCommand(connection->context, subscribes ? on_reply : on_last_reply, request,
                                format, args);
    va_end(args);
    (void)rc; // an ending connection takes no command; its end is reported
}

void redis_connection_send_argv(struct redis_connection *connection, redis_answer_fn on_answer,
                                uintptr_t tag, size_t argc, const char *const *args,
                                const size_t *lens)
{
    struct request *request = mem_alloc(sizeof(*request));

    *request = (struct request){.on_answer = on_answer, .tag = tag};
    list_append(&connection->requests, &request->node);
    int rc = redisAsyncCommandArgv(connection->context, on_last_reply, request, (int)argc,
                                   (const char **)args, lens);
    (void)rc; // as in redis_connection_send()
}

static const redisReply *reply_of(const struct redis_value *value)
{
    return (const redisReply *)value;
}

const char *redis_value_error(const struct redis_value *value)
{
    return reply_of(value)->type == REDIS_REPLY_ERROR ? reply_of(value)->str : NULL;
}

int64_t redis_value_number(const struct redis_value *value)
{
    return reply_of(value)->type == REDIS_REPLY_INTEGER ? reply_of(value)->integer : 0;
}

struct span redis_value_text(const struct redis_value *value)
{
    switch (reply_of(value)->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return (struct span){reply_of(value)->str, reply_of(value)->len};
    default:
        return (struct span){0};
    }
}

size_t redis_value_count(const struct redis_value *value)
{
    return reply_of(value)->type == REDIS_REPLY_ARRAY ? reply_of(value)->elements : 0;
}

const struct redis_value *redis_value_item(const struct redis_value *value, size_t i)
{
    return (const struct redis_value *)reply_of(value)->element[i];
}
