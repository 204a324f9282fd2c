#define LOG_MODULE "acceptor"

#include "edge/adapters/listener/refusal.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"

#define UNREAD_READS_MAX 16

// Reads what has come: unread bytes would turn the close into a reset, which discards the reply.
// The number of reads is bounded, so a client that goes on sending may miss the reply.
static void drain(int fd)
{
    char unread[4096];

    for (int i = 0; i < UNREAD_READS_MAX; i++)
        if (recv(fd, unread, sizeof(unread), MSG_DONTWAIT) != (ssize_t)sizeof(unread))
            break;
}

void refusal_send(int fd, unsigned status, const char *phrase, struct span json)
{
    char reply[512];
    int len = snprintf(reply, sizeof(reply),
                       "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\nConnection: close\r\n\r\n" SPAN_FMT,
                       status, phrase, json.len, SPAN_ARG(json));

    drain(fd);
    if (len > 0 && send(fd, reply, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) != len)
        log_debug("reply to a refused connection was not taken status=%u", status);
    close(fd);
}
