#include "common/listen_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOG_MODULE "listener"
#include "common/log.h"

#define REMEDY_MAX 128

static int open_at(const struct addrinfo *address, const struct listen_socket_options *options)
{
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (options->shared)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (options->tune)
        options->tune(fd);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, options->backlog) == 0)
        return fd;

    int cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

static void log_failure(const struct listen_socket_options *options, int cause)
{
    bool may_share = cause == EADDRINUSE && options->share_setting && !options->shared;
    char remedy[REMEDY_MAX];

    snprintf(remedy, sizeof(remedy), "set %s to a free port, or to 0 for any%s%s%s",
             options->port_setting, may_share ? "; or set " : "",
             may_share ? options->share_setting : "", may_share ? "=true on all who share it" : "");
    log_error("cannot listen what=%s host=%s port=%u reason=%s remedy=%s", options->what,
              options->host, options->port, strerror(cause), remedy);
}

static void log_unresolved(const struct listen_socket_options *options, int rc)
{
    char remedy[REMEDY_MAX];

    snprintf(remedy, sizeof(remedy), "set %s to an address of this machine", options->host_setting);
    log_error("cannot resolve the host what=%s host=%s reason=%s remedy=%s", options->what,
              options->host, gai_strerror(rc), remedy);
}

int listen_socket_open(const struct listen_socket_options *options)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    char service[8];

    snprintf(service, sizeof(service), "%u", options->port);
    int rc = getaddrinfo(options->host, service, &hints, &found);
    if (rc != 0) {
        log_unresolved(options, rc);
        return -1;
    }
    int fd = open_at(found, options);
    if (fd < 0)
        log_failure(options, errno);
    freeaddrinfo(found);
    return fd;
}

uint16_t listen_socket_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.any = {0}};
    socklen_t len = sizeof(address);

    if (getsockname(fd, &address.any, &len) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}
