#include "common/side_port.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/side_port_internal.h"
#include "common/thread.h"

#define IDLE_SECONDS      5
#define TICK_MS           1000
#define RETRY_MS          100 // after descriptors ran out
#define CONNECTION_MEMORY ((size_t)16 * 1024)
#define FLUSH_TURNS       4

static bool is_ticking(const struct side_port *port)
{
    return port->options.on_second || port->open_count > 0;
}

static int wait_ms(const struct side_port *port, bool may_accept)
{
    MHD_UNSIGNED_LONG_LONG wanted;
    int most = !may_accept ? RETRY_MS : is_ticking(port) ? TICK_MS : -1;

    if (MHD_get_timeout(port->daemon, &wanted) != MHD_YES)
        return most;
    return most >= 0 && wanted > (unsigned)most ? most : (int)wanted;
}

static void tick(struct side_port *port)
{
    uint64_t now_ms = clock_monotonic_ms();

    if (now_ms < port->tick_ms + TICK_MS)
        return;
    port->tick_ms = now_ms;
    side_connection_end_late(port, now_ms);
    if (port->options.on_second)
        port->options.on_second(port->options.arg);
}

static bool is_stopping(struct side_port *port)
{
    pthread_mutex_lock(&port->lock);
    bool stopping = port->stopping;
    pthread_mutex_unlock(&port->lock);
    return stopping;
}

// While descriptors are used up, the listener stays readable. It is not polled for a while then.
static void *serve(void *arg)
{
    struct side_port *port = arg;
    int library = MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    bool may_accept = true;

    while (!is_stopping(port)) {
        struct pollfd waits[] = {
            {.fd = port->wakeup.fd, .events = POLLIN},
            {.fd = library, .events = POLLIN},
            {.fd = may_accept ? port->options.listener : -1, .events = POLLIN},
        };
        // Fails for a signal, or if the kernel is short of memory, which passes.
        if (poll(waits, ARRAY_LEN(waits), wait_ms(port, may_accept)) < 0 && errno != EINTR)
            poll(NULL, 0, RETRY_MS);
        wakeup_clear(&port->wakeup);
        MHD_run(port->daemon);
        may_accept = side_connection_accept(port);
        side_request_send_answers(port);
        tick(port);
    }
    return NULL;
}

static struct MHD_Daemon *start_daemon(struct side_port *port)
{
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
                            NULL, NULL, side_request_on_piece, port,                        //
                            MHD_OPTION_CONNECTION_LIMIT, 2 * port->options.connections_max, //
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,          //
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,          //
                            MHD_OPTION_URI_LOG_CALLBACK, side_request_on_target, port,      //
                            MHD_OPTION_NOTIFY_COMPLETED, side_request_on_completed, port,   //
                            MHD_OPTION_NOTIFY_CONNECTION, side_connection_on_change, port,
                            MHD_OPTION_END);
}

static void free_parts(struct side_port *port)
{
    if (port->daemon)
        MHD_stop_daemon(port->daemon);
    wakeup_fini(&port->wakeup);
    close(port->options.listener);
    pthread_mutex_destroy(&port->lock);
    free(port);
}

struct side_port *side_port_new(const struct side_port_options *options)
{
    struct side_port *port = mem_zalloc(sizeof(*port));

    port->options = *options;
    pthread_mutex_init(&port->lock, NULL);
    list_init(&port->connections);
    list_init(&port->answered);
    port->daemon = wakeup_init(&port->wakeup) ? start_daemon(port) : NULL;
    if (port->daemon && thread_start(&port->thread, serve, port))
        return port;
    free_parts(port);
    return NULL;
}

void side_port_free(struct side_port *port)
{
    if (!port)
        return;
    pthread_mutex_lock(&port->lock);
    port->stopping = true;
    pthread_mutex_unlock(&port->lock);
    wakeup_send(&port->wakeup);
    pthread_join(port->thread, NULL);
    port->ending = true;
    side_request_send_answers(port);
    assert(port->held_count == 0); // the library aborts if one is suspended
    for (int i = 0; i < FLUSH_TURNS; i++)
        MHD_run(port->daemon);
    free_parts(port);
}
