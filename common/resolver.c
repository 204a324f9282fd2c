#include "common/resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/mem.h"

static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

void resolver_init(struct resolver *resolver, const char *host)
{
    *resolver = (struct resolver){.host = host};
}

// What the library's thread reads, which may outlive the resolver.
struct lookup {
    struct gaicb request;
    char host[];
};

static void free_lookup(struct gaicb *request)
{
    if (request->ar_result)
        freeaddrinfo(request->ar_result);
    free(container_of(request, struct lookup, request));
}

static void forget_answer(struct resolver *resolver)
{
    free_lookup(resolver->pending);
    resolver->pending = NULL;
}

// ---- lookups that nobody waits for any more, and that could not be cancelled

// The library has 20 threads, and what none of them has begun can be cancelled.
#define ABANDONED_MAX 64

static pthread_mutex_t abandoned_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gaicb *abandoned[ABANDONED_MAX]; // under the lock

static void free_abandoned(void)
{
    pthread_mutex_lock(&abandoned_lock);
    for (size_t i = 0; i < ABANDONED_MAX; i++)
        if (abandoned[i] && gai_error(abandoned[i]) != EAI_INPROGRESS) {
            free_lookup(abandoned[i]);
            abandoned[i] = NULL;
        }
    pthread_mutex_unlock(&abandoned_lock);
}

// If there are too many, which takes a library with more threads, it is leaked.
static void abandon(struct gaicb *request)
{
    size_t i = 0;

    pthread_mutex_lock(&abandoned_lock);
    while (i < ABANDONED_MAX && abandoned[i])
        i++;
    if (i < ABANDONED_MAX)
        abandoned[i] = request;
    pthread_mutex_unlock(&abandoned_lock);
}

// ---- a resolver

void resolver_fini(struct resolver *resolver)
{
    if (!resolver->pending)
        return;
    if (gai_cancel(resolver->pending) == EAI_NOTCANCELED)
        abandon(resolver->pending);
    else
        free_lookup(resolver->pending);
    resolver->pending = NULL;
}

static int ask(struct resolver *resolver)
{
    size_t size = strlen(resolver->host) + 1;
    struct lookup *lookup = mem_zalloc(sizeof(*lookup) + size);

    free_abandoned();
    memcpy(lookup->host, resolver->host, size);
    lookup->request.ar_name = lookup->host;
    lookup->request.ar_request = &hints;
    resolver->pending = &lookup->request;
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
