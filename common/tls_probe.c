#include "common/tls_probe.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"

#define ALERT         0x15 // a record of TLS: its type, and the first half of its version
#define VERSION_MAJOR 0x03

static bool await(int fd, short events, uint64_t until_ms)
{
    struct pollfd one = {.fd = fd, .events = events};
    uint64_t now_ms = clock_monotonic_ms();

    return now_ms < until_ms && poll(&one, 1, (int)(until_ms - now_ms)) == 1;
}

// Returns a connected socket that does not block, or -1.
static int dial(const char *host, uint16_t port, uint64_t until_ms)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char service[6];
    int fd = -1;

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return -1;
    for (struct addrinfo *one = found; one && fd < 0; one = one->ai_next) {
        fd = socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        connect(fd, one->ai_addr, one->ai_addrlen); // a failure shows when it is written to
        if (!await(fd, POLLOUT, until_ms)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

bool tls_probe(const char *host, uint16_t port, struct span greeting, uint32_t wait_ms)
{
    uint64_t until_ms = clock_monotonic_ms() + wait_ms;
    unsigned char answer[2] = {0};
    int fd = dial(host, port, until_ms);

    if (fd < 0)
        return false;
    bool answered = send(fd, greeting.ptr, greeting.len, MSG_NOSIGNAL) == (ssize_t)greeting.len &&
                    await(fd, POLLIN, until_ms) &&
                    recv(fd, answer, sizeof(answer), 0) == (ssize_t)sizeof(answer);
    close(fd);
    return answered && answer[0] == ALERT && answer[1] == VERSION_MAJOR;
}
