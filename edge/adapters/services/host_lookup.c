#include "edge/adapters/services/host_lookup.h"

#include <netinet/in.h>

// Each further attempt takes the next address, IPv4 first, as hiredis does.
static const struct addrinfo *choose(const struct addrinfo *found, unsigned attempt)
{
    const struct addrinfo *list[16];
    size_t count = 0;

    for (int pass = 0; pass < 2; pass++)
        for (const struct addrinfo *it = found; it && count < ARRAY_LEN(list); it = it->ai_next)
            if (it->ai_family == (pass == 0 ? AF_INET : AF_INET6))
                list[count++] = it;
    return count > 0 ? list[attempt % count] : NULL;
}

static bool print_address(const struct addrinfo *from, char *out, size_t size)
{
    if (!from)
        return false;
    if (from->ai_family == AF_INET)
        return uv_ip4_name((const struct sockaddr_in *)from->ai_addr, out, size) == 0;
    return uv_ip6_name((const struct sockaddr_in6 *)from->ai_addr, out, size) == 0;
}

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct host_lookup *lookup = container_of(request, struct host_lookup, request);
    char address[INET6_ADDRSTRLEN];
    bool known =
        status == 0 && print_address(choose(found, lookup->attempt), address, sizeof(address));

    lookup->busy = false;
    uv_freeaddrinfo(found);
    if (known)
        lookup->on_done(address, NULL, lookup->arg);
    else
        lookup->on_done(NULL, status != 0 ? uv_strerror(status) : "the host has no address",
                        lookup->arg);
}

const char *host_lookup_start(struct host_lookup *lookup, struct event_loop *loop, const char *host,
                              unsigned attempt)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};

    if (lookup->busy)
        return "the name server does not answer";
    lookup->attempt = attempt;
    int rc = uv_getaddrinfo(&loop->uv, &lookup->request, on_found, host, NULL, &hints);
    if (rc != 0)
        return uv_strerror(rc);
    lookup->busy = true;
    return NULL;
}

void host_lookup_cancel(struct host_lookup *lookup)
{
    if (lookup->busy)
        uv_cancel((uv_req_t *)&lookup->request);
}
