#include "tests/bench/clients.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/mem.h"
#include "compose/tools/tool.h"
#include "tests/bench/measure.h"

#define READ_BYTES  262144 // at one time, and of one frame at most
#define EVENTS      256
#define PATIENCE_NS 15000000000ULL // without any progress while connecting
#define BACK_NS     500000000ULL   // until one that comes back dials again
#define DIALS       100            // at one look
#define ADDRESSES   16             // of the clients, 127.0.0.2 and on, so that ports suffice
#define OP_TEXT     0x1
#define OP_CLOSE    0x8
#define OP_PING     0x9
#define OP_PONG     0xA
#define FIN         0x80
#define MASKED      0x80
#define MAX_HEAD    8
#define LENGTH_16   126
#define LENGTH_64   127

enum client_state { DIALLING, UPGRADING, OPENING, JOINING, READY, CLOSED };

struct client {
    int fd;
    enum client_state state;
    struct buffer rest; // the beginning of a frame that has not come whole
    uint32_t dials;
    uint64_t closed_ns;
};

struct clients {
    struct clients_options options;
    int epoll;
    uint32_t started, ready, closed;
    struct client *all;
    struct buffer out;
    char in[READ_BYTES];
};

static void close_client(struct clients *clients, struct client *client, const char *why)
{
    if (clients->closed++ == 0 && !clients->options.come_back)
        tool_say("a connection has ended: %s (further ones are only counted)", why);
    close(client->fd);
    client->fd = -1;
    if (client->state == READY && clients->options.come_back)
        clients->ready--;
    client->state = CLOSED;
    client->closed_ns = monotonic_ns();
    buffer_fini(&client->rest);
}

// What clients send is little and far between, so the kernel takes it at once.
static void send_bytes(struct clients *clients, struct client *client, struct span bytes)
{
    if (send(client->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len)
        close_client(clients, client, "the socket does not take what is sent");
}

static void send_frame(struct clients *clients, struct client *client, unsigned op,
                       struct span text)
{
    static const unsigned char mask[4] = {0x5a, 0xc3, 0x17, 0x88};
    struct buffer *out = &clients->out;

    assert(text.len <= UINT16_MAX);
    buffer_clear(out);
    unsigned char *p = (unsigned char *)buffer_reserve(out, text.len + MAX_HEAD), *start = p;
    *p++ = (unsigned char)(FIN | op);
    if (text.len < LENGTH_16) {
        *p++ = (unsigned char)(MASKED | text.len);
    } else {
        *p++ = MASKED | LENGTH_16;
        *p++ = (unsigned char)(text.len >> 8);
        *p++ = (unsigned char)text.len;
    }
    memcpy(p, mask, sizeof(mask));
    p += sizeof(mask);
    for (size_t i = 0; i < text.len; i++)
        *p++ = (unsigned char)text.ptr[i] ^ mask[i % sizeof(mask)];
    out->len = (size_t)(p - start);
    send_bytes(clients, client, buffer_span(out));
}

static void send_packet(struct clients *clients, struct client *client, const char *text)
{
    send_frame(clients, client, OP_TEXT, span_of(text));
}

static void send_upgrade(struct clients *clients, struct client *client)
{
    static const struct span request =
        SPAN_INIT("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

    client->state = UPGRADING;
    epoll_ctl(clients->epoll, EPOLL_CTL_MOD, client->fd, &event);
    send_bytes(clients, client, request);
}

static void send_connect(struct clients *clients, struct client *client)
{
    struct buffer packet = {0};

    buffer_printf(&packet, "40{\"token\":\"%s\"}", clients->options.token);
    send_frame(clients, client, OP_TEXT, buffer_span(&packet));
    buffer_fini(&packet);
}

static void become_ready(struct clients *clients, struct client *client)
{
    client->state = READY;
    clients->ready++;
    if (clients->options.on_ready)
        clients->options.on_ready(clients->options.user, (uint32_t)(client - clients->all));
}

static void on_connected(struct clients *clients, struct client *client)
{
    char packet[128];

    if (clients->options.rooms == 0) {
        become_ready(clients, client);
        return;
    }
    snprintf(packet, sizeof(packet),
             "420[\"join_room\",{\"roomType\":\"conversation\",\"roomId\":\"bench-%u\"}]",
             (unsigned)(client - clients->all) % clients->options.rooms);
    client->state = JOINING;
    send_packet(clients, client, packet);
}

static void on_packet(struct clients *clients, struct client *client, struct span packet,
                      uint64_t now_ns)
{
    if (span_is(packet, "2")) {
        send_packet(clients, client, "3");
    } else if (client->state == OPENING && span_starts_with(packet, SPAN_LIT("0{"))) {
        send_connect(clients, client);
    } else if (client->state == OPENING && span_starts_with(packet, SPAN_LIT("42[\"connected\""))) {
        on_connected(clients, client);
    } else if (client->state == JOINING &&
               span_starts_with(packet, SPAN_LIT("430[{\"success\":true"))) {
        become_ready(clients, client);
    } else if (span_starts_with(packet, SPAN_LIT("44")) ||
               span_starts_with(packet, SPAN_LIT("430[{\"error\""))) {
        close_client(clients, client, "the gateway refuses the token or the room");
    } else if (clients->options.on_event && span_starts_with(packet, SPAN_LIT("42"))) {
        clients->options.on_event(clients->options.user, (uint32_t)(client - clients->all), packet,
                                  now_ns);
    }
}

static void on_frame(struct clients *clients, struct client *client, unsigned head,
                     struct span payload, uint64_t now_ns)
{
    switch (head) {
    case FIN | OP_TEXT:
        on_packet(clients, client, payload, now_ns);
        break;
    case FIN | OP_PING:
        send_frame(clients, client, OP_PONG, payload);
        break;
    case FIN | OP_CLOSE:
        close_client(clients, client, "the gateway closes it");
        break;
    default:
        close_client(clients, client, "a frame of an unexpected kind");
    }
}

// Takes a whole frame off the front of `in`; false when there is none yet.
static bool take_frame(struct span *in, unsigned *head, struct span *payload)
{
    const unsigned char *p = (const unsigned char *)in->ptr;
    size_t start = 2, len;

    if (in->len < start)
        return false;
    len = p[1];
    if (len == LENGTH_16 || len == LENGTH_64) {
        start += len == LENGTH_16 ? 2 : 8;
        if (in->len < start)
            return false;
        len = 0;
        for (size_t i = 2; i < start; i++)
            len = len << 8 | p[i];
    }
    if (in->len - start < len)
        return false;
    *head = p[0];
    *payload = (struct span){in->ptr + start, len};
    *in = span_skip(*in, start + len);
    return true;
}

// Takes the answer to the upgrade off the front of `in`.
static void take_answer(struct clients *clients, struct client *client, struct span *in)
{
    const char *end = memmem(in->ptr, in->len, "\r\n\r\n", 4);

    if (!end)
        return;
    if (!span_starts_with(*in, SPAN_LIT("HTTP/1.1 101"))) {
        close_client(clients, client, "the gateway does not upgrade to WebSocket");
        return;
    }
    client->state = OPENING;
    *in = span_skip(*in, (size_t)(end + 4 - in->ptr));
}

static void on_bytes(struct clients *clients, struct client *client, struct span in)
{
    uint64_t now_ns = monotonic_ns();
    struct span payload;
    unsigned head;

    if (client->state == UPGRADING)
        take_answer(clients, client, &in);
    while (client->state != UPGRADING && client->state != CLOSED &&
           take_frame(&in, &head, &payload))
        on_frame(clients, client, head, payload, now_ns);
    if (client->state == CLOSED)
        return;
    if (in.len == READ_BYTES)
        close_client(clients, client, "a frame is too large");
    else if (in.len > 0)
        buffer_append(&client->rest, in);
}

static void on_readable(struct clients *clients, struct client *client)
{
    size_t had = client->rest.len;

    if (had > 0)
        memcpy(clients->in, client->rest.ptr, had);
    ssize_t n = recv(client->fd, clients->in + had, READ_BYTES - had, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close_client(clients, client, n < 0 ? strerror(errno) : "the gateway hangs up");
        return;
    }
    buffer_fini(&client->rest);
    on_bytes(clients, client, (struct span){clients->in, had + (size_t)n});
}

static bool dial(struct clients *clients, uint32_t i)
{
    struct client *client = &clients->all[i];
    uint32_t dials = client->dials + 1;
    uint16_t port = clients->options.ports[(i + client->dials) % clients->options.port_count];
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
    *client = (struct client){.fd = fd, .state = DIALLING, .dials = dials};
    return true;
}

// Those that have waited long enough dial again, some at each look.
static void dial_again(struct clients *clients)
{
    uint64_t now_ns = monotonic_ns();
    uint32_t dials = 0;

    for (uint32_t i = 0; i < clients->started && dials < DIALS; i++) {
        struct client *client = &clients->all[i];
        if (client->state == CLOSED && now_ns - client->closed_ns > BACK_NS) {
            dials++;
            if (!dial(clients, i))
                client->closed_ns = now_ns;
        }
    }
}

bool clients_read(struct clients *clients, int ms)
{
    struct epoll_event events[EVENTS];

    if (clients->options.come_back)
        dial_again(clients);
    int n = epoll_wait(clients->epoll, events, EVENTS, ms);

    for (int i = 0; i < n; i++) {
        struct client *client = events[i].data.ptr;
        if (client->state == DIALLING && !(events[i].events & (EPOLLERR | EPOLLHUP)))
            send_upgrade(clients, client);
        else
            on_readable(clients, client);
    }
    return n > 0;
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
                clients->started++;
            else
                return false;
        clients_read(clients, 100);
        if (clients->closed > 0 && !clients->options.come_back)
            return false;
        if (clients->ready > ready)
            last_ns = monotonic_ns();
        else if (monotonic_ns() - last_ns > PATIENCE_NS)
            return tool_fail("of %" PRIu32 " clients only %" PRIu32 " became ready", count, ready);
    }
    return true;
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
