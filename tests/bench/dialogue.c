#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/random.h"
#include "compose/tools/tool.h"
#include "tests/bench/clients_internal.h"
#include "tests/bench/frames.h"
#include "tests/bench/measure.h"

#define MS_NS 1000000ULL

// The doubled wait, plus or minus half of it, as in the official client.
uint64_t client_delay_ns(const struct clients_options *options, uint32_t failures)
{
    uint64_t ms = (uint64_t)options->back_ms << (failures < 16 ? failures : 16);

    if (ms > options->back_max_ms)
        ms = options->back_max_ms;
    return (ms / 2 + random_below((uint32_t)ms + 1)) * MS_NS;
}

void client_close(struct clients *clients, struct client *client, const char *why)
{
    bool comes_back = clients->options.back_ms > 0;
    enum client_state state = client->state;

    if (clients->closed++ == 0 && !comes_back)
        tool_say("a connection has ended: %s (further ones are only counted)", why);
    close(client->fd);
    client->fd = -1;
    client->state = CLOSED;
    client->at_ns = monotonic_ns() + client_delay_ns(&clients->options, client->failures++);
    buffer_fini(&client->rest);
    if (state != READY) {
        clients->on_their_way--;
    } else if (comes_back) {
        clients->ready--;
        list_append(&clients->unready, &client->unready);
        if (clients->options.on_lost)
            clients->options.on_lost(clients->options.user, (uint32_t)(client - clients->all));
    }
}

// Clients send little and seldom, so the socket takes it at once.
static void send_bytes(struct clients *clients, struct client *client, struct span bytes)
{
    if (send(client->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL) != (ssize_t)bytes.len)
        client_close(clients, client, "the socket does not take what is sent");
}

static void send_frame(struct clients *clients, struct client *client, unsigned head,
                       struct span text)
{
    buffer_clear(&clients->out);
    frame_append(&clients->out, head, text);
    send_bytes(clients, client, buffer_span(&clients->out));
}

static void send_packet(struct clients *clients, struct client *client, const char *text)
{
    send_frame(clients, client, FRAME_TEXT, span_of(text));
}

void client_greet(struct clients *clients, struct client *client)
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

static uint32_t number_of(const struct clients *clients, const struct client *client)
{
    return (uint32_t)(client - clients->all);
}

static void send_connect(struct clients *clients, struct client *client)
{
    const struct clients_options *options = &clients->options;
    struct buffer packet = {0};

    buffer_printf(&packet, "40{\"token\":\"%s\"",
                  options->tokens[number_of(clients, client) % options->token_count]);
    if (options->recovers && client->pid[0] != '\0') {
        buffer_printf(&packet, ",\"pid\":\"%s\"", client->pid);
        if (client->offset[0] != '\0')
            buffer_printf(&packet, ",\"offset\":\"%s\"", client->offset);
    }
    buffer_append_char(&packet, '}');
    send_frame(clients, client, FRAME_TEXT, buffer_span(&packet));
    buffer_fini(&packet);
}

static void become_ready(struct clients *clients, struct client *client)
{
    client->state = READY;
    list_unlink(&client->unready);
    client->failures = 0;
    clients->ready++;
    clients->on_their_way--;
    if (clients->options.on_ready)
        clients->options.on_ready(clients->options.user, number_of(clients, client),
                                  client->recovered);
}

static void keep_text(char *kept, size_t max, struct span text)
{
    kept[0] = '\0';
    if (text.len < max) {
        memcpy(kept, text.ptr, text.len);
        kept[text.len] = '\0';
    }
}

// Reads the CONNECT reply, `40{"sid":"…","pid":"…"}`. The session is recovered if its id is the
// same as before.
static void on_reply(struct client *client, struct span packet)
{
    struct span before, pid = {0};

    if (span_take_before(&packet, SPAN_LIT("\"pid\":\""), &before))
        span_take_until(&packet, '"', &pid);
    client->recovered = pid.len > 0 && span_is(pid, client->pid);
    keep_text(client->pid, sizeof(client->pid), pid);
}

// Keeps the last argument of an event, `42[…,"offset"]`, if it is a string.
static void keep_offset(struct client *client, struct span packet)
{
    static const struct span end = SPAN_INIT("\"]");
    size_t len = 0;

    if (packet.len < end.len || memcmp(packet.ptr + packet.len - end.len, end.ptr, end.len) != 0)
        return;
    packet.len -= end.len;
    while (len < packet.len && packet.ptr[packet.len - 1 - len] != '"')
        len++;
    keep_text(client->offset, sizeof(client->offset), span_skip(packet, packet.len - len));
}

static uint32_t room_of(const struct clients *clients, uint32_t i)
{
    const struct clients_options *options = &clients->options;

    return options->room_of ? options->room_of(options->user, i) : i % options->rooms;
}

static void on_connected(struct clients *clients, struct client *client)
{
    char packet[128];

    if (clients->options.rooms == 0 || client->recovered) {
        become_ready(clients, client);
        return;
    }
    snprintf(packet, sizeof(packet),
             "420[\"join_room\",{\"roomType\":\"conversation\",\"roomId\":\"bench-%u\"}]",
             room_of(clients, number_of(clients, client)));
    client->state = JOINING;
    send_packet(clients, client, packet);
}

static void on_event(struct clients *clients, struct client *client, struct span packet,
                     uint64_t now_ns)
{
    if (clients->options.recovers)
        keep_offset(client, packet);
    if (client->state == OPENING && span_starts_with(packet, SPAN_LIT("42[\"connected\"")))
        on_connected(clients, client);
    else if (clients->options.on_event)
        clients->options.on_event(clients->options.user, number_of(clients, client), packet,
                                  now_ns);
}

static void on_packet(struct clients *clients, struct client *client, struct span packet,
                      uint64_t now_ns)
{
    if (span_is(packet, "2")) {
        send_packet(clients, client, "3");
    } else if (client->state == OPENING && span_starts_with(packet, SPAN_LIT("0{"))) {
        send_connect(clients, client);
    } else if (client->state == OPENING && span_starts_with(packet, SPAN_LIT("40"))) {
        on_reply(client, packet);
    } else if (client->state == JOINING &&
               span_starts_with(packet, SPAN_LIT("430[{\"success\":true"))) {
        become_ready(clients, client);
    } else if (span_starts_with(packet, SPAN_LIT("44")) ||
               span_starts_with(packet, SPAN_LIT("430[{\"error\""))) {
        client_close(clients, client, "the gateway refuses the token or the room");
    } else if (span_starts_with(packet, SPAN_LIT("42"))) {
        on_event(clients, client, packet, now_ns);
    }
}

static void on_frame(struct clients *clients, struct client *client, unsigned head,
                     struct span payload, uint64_t now_ns)
{
    switch (head) {
    case FRAME_TEXT:
        on_packet(clients, client, payload, now_ns);
        break;
    case FRAME_PING:
        send_frame(clients, client, FRAME_PONG, payload);
        break;
    case FRAME_CLOSE:
        client_close(clients, client, "the gateway closes it");
        break;
    default:
        client_close(clients, client, "a frame of an unexpected kind");
    }
}

// Takes the response to the upgrade off the front of `in`.
static void take_answer(struct clients *clients, struct client *client, struct span *in)
{
    const char *end = memmem(in->ptr, in->len, "\r\n\r\n", 4);

    if (!end)
        return;
    if (!span_starts_with(*in, SPAN_LIT("HTTP/1.1 101"))) {
        client_close(clients, client, "the gateway does not upgrade to WebSocket");
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
           frame_take(&in, &head, &payload))
        on_frame(clients, client, head, payload, now_ns);
    if (client->state == CLOSED)
        return;
    if (in.len == READ_BYTES)
        client_close(clients, client, "a frame is too large");
    else if (in.len > 0)
        buffer_append(&client->rest, in);
}

void client_read(struct clients *clients, struct client *client)
{
    size_t had = client->rest.len;

    if (had > 0)
        memcpy(clients->in, client->rest.ptr, had);
    ssize_t n = recv(client->fd, clients->in + had, READ_BYTES - had, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        client_close(clients, client, n < 0 ? strerror(errno) : "the gateway hangs up");
        return;
    }
    buffer_fini(&client->rest);
    on_bytes(clients, client, (struct span){clients->in, had + (size_t)n});
}
