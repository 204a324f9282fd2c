#include "edge/adapters/services/curl_loop.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mem.h"

struct curl_loop {
    struct event_loop *loop;
    CURLM *multi;
    uv_timer_t timer;
    bool is_due;         // the timer's callback is running
    size_t open_handles; // the timer, and a poll for each watched socket
    curl_done_fn on_done;
    void (*on_closed)(void *arg);
    void *closed_arg;
};

// A socket of libcurl that is polled.
struct watch {
    uv_poll_t poll;
    struct curl_loop *curl;
    curl_socket_t fd;
};

static void take_ended(struct curl_loop *curl)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(curl->multi, &left)))
        curl->on_done(message->easy_handle, message->data.result);
}

static void act(struct curl_loop *curl, curl_socket_t fd, int what)
{
    int running;

    curl_multi_socket_action(curl->multi, fd, what, &running);
    take_ended(curl);
}

// On an error of the poll libcurl is told that the socket is ready: it then finds the error itself,
// with its reason.
static void on_ready(uv_poll_t *poll, int status, int events)
{
    const struct watch *watch = container_of(poll, struct watch, poll);
    int what = status < 0 ? CURL_CSELECT_IN | CURL_CSELECT_OUT : 0;

    if (events & UV_READABLE)
        what |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        what |= CURL_CSELECT_OUT;
    act(watch->curl, watch->fd, what);
}

static void on_due(uv_timer_t *timer)
{
    struct curl_loop *curl = container_of(timer, struct curl_loop, timer);

    curl->is_due = true;
    act(curl, CURL_SOCKET_TIMEOUT, 0);
    curl->is_due = false;
}

static void count_closed(struct curl_loop *curl)
{
    if (--curl->open_handles == 0 && curl->on_closed)
        curl->on_closed(curl->closed_arg);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = container_of((uv_poll_t *)handle, struct watch, poll);
    struct curl_loop *curl = watch->curl;

    free(watch);
    count_closed(curl);
}

static void on_timer_closed(uv_handle_t *handle)
{
    count_closed(container_of((uv_timer_t *)handle, struct curl_loop, timer));
}

// NULL when the socket cannot be polled. Its request then ends by the caller's time limit.
static struct watch *watch_new(struct curl_loop *curl, curl_socket_t fd)
{
    struct watch *watch = mem_zalloc(sizeof(*watch));

    if (uv_poll_init(&curl->loop->uv, &watch->poll, fd) != 0) {
        free(watch);
        return NULL;
    }
    watch->curl = curl;
    watch->fd = fd;
    curl->open_handles++;
    return watch;
}

static int events_of(int what)
{
    return (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
}

// Called by libcurl to have a socket polled, polled for other events, or not polled any more.
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
    struct curl_loop *curl = arg;
    struct watch *watch = of_socket;

    (void)easy;
    if (!watch && what != CURL_POLL_REMOVE) {
        watch = watch_new(curl, fd);
        curl_multi_assign(curl->multi, fd, watch);
    }
    if (!watch)
        return 0;
    if (what == CURL_POLL_REMOVE)
        uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
    else
        uv_poll_start(&watch->poll, events_of(what), on_ready);
    return 0;
}

// Called by libcurl to set its timer. A timer that its own callback starts with 0 runs again in the
// same pass of the loop, so that nothing else would run: it gets 1 ms instead.
static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct curl_loop *curl = arg;

    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&curl->timer);
    else if (timeout_ms == 0 && curl->is_due)
        uv_timer_start(&curl->timer, on_due, 1, 0);
    else
        uv_timer_start(&curl->timer, on_due, (uint64_t)timeout_ms, 0);
    return 0;
}

void curl_loop_keep(struct curl_loop *curl, unsigned max_connections)
{
    curl_multi_setopt(curl->multi, CURLMOPT_MAXCONNECTS, (long)max_connections);
}

struct curl_loop *curl_loop_new(struct event_loop *loop, unsigned max_connections,
                                curl_done_fn on_done)
{
    struct curl_loop *curl = mem_zalloc(sizeof(*curl));

    curl->loop = loop;
    curl->on_done = on_done;
    uv_timer_init(&loop->uv, &curl->timer);
    curl->open_handles = 1;
    curl->multi = curl_multi_init();
    if (!curl->multi)
        abort();
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
    curl_loop_keep(curl, max_connections);
    curl_multi_setopt(curl->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return curl;
}

void curl_loop_close(struct curl_loop *curl, void (*on_closed)(void *arg), void *arg)
{
    curl->on_closed = on_closed;
    curl->closed_arg = arg;
    curl_multi_cleanup(curl->multi);
    curl->multi = NULL;
    uv_close((uv_handle_t *)&curl->timer, on_timer_closed);
}

void curl_loop_free(struct curl_loop *curl)
{
    if (!curl)
        return;
    assert(curl->open_handles == 0);
    free(curl);
}

void curl_loop_add(struct curl_loop *curl, CURL *easy)
{
    curl_multi_add_handle(curl->multi, easy);
}

void curl_loop_remove(struct curl_loop *curl, CURL *easy)
{
    curl_multi_remove_handle(curl->multi, easy);
}
