#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "relay/rabbitmq/incoming_internal.h"

#define HANG_UP_MS 1000 // for RabbitMQ to take the last frame and close

// The kernel would drop the last frame on its way if the socket were closed with bytes unread.
static void hang_up(int fd)
{
    uint64_t now = clock_monotonic_ms(), until_ms = now + HANG_UP_MS;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char waste[4096];

    shutdown(fd, SHUT_WR);
    for (; now < until_ms; now = clock_monotonic_ms()) {
        if (poll(&readable, 1, (int)(until_ms - now)) <= 0 ||
            recv(fd, waste, sizeof(waste), 0) <= 0)
            return;
    }
}

bool rabbit_refuse_unreadable(struct rabbit *r, int status)
{
    const struct incoming *in = &r->incoming;
    char reason[RABBIT_REASON_MAX];

    if (status != AMQP_STATUS_BAD_AMQP_DATA || in->kind != RABBIT_DELIVERY || in->has_header)
        return false;
    if (amqp_basic_reject(r->link, CHANNEL, in->tag, false) == AMQP_STATUS_OK)
        hang_up(amqp_get_sockfd(r->link));
    snprintf(reason, sizeof(reason), "the headers of an event cannot be read (routing key %.*s)",
             (int)in->routing_key.len, in->routing_key.bytes);
    r->refused_unreadable = true;
    rabbit_lose(r, reason);
    return true;
}
