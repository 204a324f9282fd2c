#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mem.h"
#include "compose/tools/tool.h"
#include "tests/bench/clients_internal.h"
#include "tests/bench/measure.h"

#define EVENTS      256
#define PATIENCE_NS 15000000000ULL // without any progress while connecting
#define DIAL_NS     20000000000ULL // until a client that reconnects gives up an attempt
#define LOOK_MS     10             // between two checks for clients that are to connect
#define LOOK_NS     (LOOK_MS * 1000000ULL)
#define ADDRESSES   16 // the clients connect from 127.0.0.2 and on: one address has too few ports

static uint16_t port_of(const struct clients_options *options, uint32_t i, uint32_t dials)
{
    uint32_t first = options->together ? 0 : i;

    if (options->anywhere && dials > 0)
        first = (i + dials * 2654435761U) * 2246822519U >> 8; // as good as random
    return options->ports[(first + dials) % options->port_count];
}

static bool dial(struct clients *clients, uint32_t i)
{
    struct client *client = &clients->all[i];
    uint16_t port = port_of(&clients->options, i, client->dials);
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + i % ADDRESSES)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0)
        return tool_fail("no socket for client %" PRIu32 ": %s; raise ulimit -n", i,
                         strerror(errno));
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
        (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS) ||
        epoll_ctl(clients->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        tool_fail("client %" PRIu32 " cannot connect: %s", i, strerror(errno));
        close(fd);
        return false;
    }
    client->fd = fd;
    client->state = DIALLING;
    client->dials++;
    client->at_ns = monotonic_ns();
    clients->on_their_way++;
    return true;
}

static bool may_dial(const struct clients *clients)
{
    uint32_t most = clients->options.in_flight;

    return most == 0 || clients->on_their_way < most;
}

// Lets clients reconnect that have waited long enough, and ends attempts that take too long.
static void look_around(struct clients *clients)
{
    uint64_t now_ns = monotonic_ns();

    if (now_ns - clients->looked_ns < LOOK_NS)
        return;
    clients->looked_ns = now_ns;
    list_for_each (it, &clients->unready) {
        struct client *client = list_entry(it, struct client, unready);
        if (client->state == CLOSED && now_ns >= client->at_ns && may_dial(clients)) {
            if (!dial(clients, (uint32_t)(client - clients->all)))
                client->at_ns = now_ns + client_delay_ns(&clients->options, client->failures++);
        } else if (client->state < READY && now_ns > client->at_ns + DIAL_NS) {
            client_close(clients, client, "it was not let in in time");
        }
    }
}

bool clients_read(struct clients *clients, int ms)
{
    struct epoll_event events[EVENTS];

    if (clients->options.back_ms > 0) {
        look_around(clients);
        ms = ms < LOOK_MS ? ms : LOOK_MS;
    }
    int n = epoll_wait(clients->epoll, events, EVENTS, ms);

    for (int i = 0; i < n; i++) {
        struct client *client = events[i].data.ptr;
        if (client->state == DIALLING && !(events[i].events & (EPOLLERR | EPOLLHUP)))
            client_greet(clients, client);
        else
            client_read(clients, client);
    }
    return n > 0;
}

void clients_read_for(struct clients *clients, uint64_t ns)
{
    uint64_t end = monotonic_ns() + ns, now;

    while ((now = monotonic_ns()) < end)
        clients_read(clients, (int)((end - now) / 1000000) + 1);
}

static bool is_told(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&in, 1, 0) > 0;
}

void clients_read_until_told(struct clients *clients)
{
    printf("ready\n");
    fflush(stdout);
    while (!is_told())
        clients_read(clients, LOOK_MS);
}

void clients_settle(struct clients *clients, int ms)
{
    while (clients_read(clients, ms))
        ;
}

bool clients_connect(struct clients *clients, uint32_t count, uint32_t in_flight)
{
    uint64_t last_ns = monotonic_ns();

    assert(count <= clients->options.most);
    while (clients->ready < count) {
        uint32_t ready = clients->ready;
        while (clients->started < count && clients->started - ready < in_flight)
            if (dial(clients, clients->started))
                list_append(&clients->unready, &clients->all[clients->started++].unready);
            else
                return false;
        clients_read(clients, 100);
        if (clients->closed > 0 && clients->options.back_ms == 0)
            return false;
        if (clients->ready > ready)
            last_ns = monotonic_ns();
        else if (monotonic_ns() - last_ns > PATIENCE_NS)
            return tool_fail("of %" PRIu32 " clients only %" PRIu32 " became ready", count, ready);
    }
    return true;
}

void clients_hang_up(struct clients *clients)
{
    uint64_t now_ns = monotonic_ns();

    for (uint32_t i = 0; i < clients->started; i++)
        if (clients->all[i].state == READY) {
            client_close(clients, &clients->all[i], "the client hangs up");
            clients->all[i].at_ns = now_ns;
        }
    clients->looked_ns = 0;
}

uint32_t clients_ready(const struct clients *clients)
{
    return clients->ready;
}

uint32_t clients_closed(const struct clients *clients)
{
    return clients->closed;
}

struct clients *clients_new(const struct clients_options *options)
{
    struct clients *clients = mem_zalloc(sizeof(*clients));

    clients->options = *options;
    clients->all = mem_zalloc(options->most * sizeof(*clients->all));
    list_init(&clients->unready);
    clients->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (clients->epoll >= 0)
        return clients;
    tool_fail("epoll: %s", strerror(errno));
    clients_free(clients);
    return NULL;
}

void clients_free(struct clients *clients)
{
    if (!clients)
        return;
    for (uint32_t i = 0; i < clients->started; i++) {
        if (clients->all[i].state != CLOSED)
            close(clients->all[i].fd);
        buffer_fini(&clients->all[i].rest);
    }
    if (clients->epoll >= 0)
        close(clients->epoll);
    buffer_fini(&clients->out);
    free(clients->all);
    free(clients);
}
