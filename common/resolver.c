#include "common/resolver.h"

#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "common/mem.h"

static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

void resolver_init(struct resolver *resolver, const char *host)
{
    *resolver = (struct resolver){.host = host};
}

static void forget_answer(struct resolver *resolver)
{
    if (resolver->pending->ar_result)
        freeaddrinfo(resolver->pending->ar_result);
    free(resolver->pending);
    resolver->pending = NULL;
}

void resolver_fini(struct resolver *resolver)
{
    // A lookup that cannot be cancelled belongs to the library's thread and is leaked. The process
    // is about to end.
    if (resolver->pending && gai_cancel(resolver->pending) != EAI_NOTCANCELED)
        forget_answer(resolver);
    resolver->pending = NULL;
}

static int ask(struct resolver *resolver)
{
    resolver->pending = mem_zalloc(sizeof(*resolver->pending));
    resolver->pending->ar_name = resolver->host;
    resolver->pending->ar_request = &hints;
    return getaddrinfo_a(GAI_NOWAIT, &resolver->pending, 1, NULL);
}

static void wait_for_answer(const struct resolver *resolver, uint32_t wait_ms)
{
    const struct gaicb *const list[] = {resolver->pending};
    struct timespec wait = {(time_t)(wait_ms / 1000), (long)(wait_ms % 1000) * 1000000};

    gai_suspend(list, 1, &wait);
}

static void keep_addresses(const struct addrinfo *from, struct addresses *out)
{
    for (; from && out->count < RESOLVER_ADDRESSES_MAX; from = from->ai_next)
        if (getnameinfo(from->ai_addr, from->ai_addrlen, out->text[out->count],
                        sizeof(out->text[0]), NULL, 0, NI_NUMERICHOST) == 0)
            out->count++;
}

// A lookup that does not finish in time stays pending, and the next call waits for it again.
const char *resolver_ask(struct resolver *resolver, uint32_t wait_ms, struct addresses *out)
{
    int status = resolver->pending ? 0 : ask(resolver);

    out->count = 0;
    resolver->reached = false;
    if (status != 0) {
        forget_answer(resolver);
        return gai_strerror(status);
    }
    wait_for_answer(resolver, wait_ms);
    status = gai_error(resolver->pending);
    if (status == EAI_INPROGRESS)
        return "the name server does not answer";
    if (status == 0)
        keep_addresses(resolver->pending->ar_result, out);
    forget_answer(resolver);
    if (status != 0)
        return gai_strerror(status);
    return out->count > 0 ? NULL : "the name has no address";
}
