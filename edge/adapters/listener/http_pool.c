#include "edge/adapters/listener/http_pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE ((size_t)HTTP_POOL_ALIGNMENT)

_Static_assert(HTTP_POOL_BYTES >= 2 * (size_t)HTTP_HEAD_MAX +
                                      HTTP_POOL_RECORD * (HTTP_HEADERS_MAX + HTTP_COOKIES_MAX) +
                                      HTTP_POOL_RESERVE,
               "the largest head fits, be all of it cookies");
_Static_assert(HTTP_POOL_BYTES > (size_t)32 * 1024 && HTTP_POOL_BYTES % PAGE == 0,
               "the library takes what is smaller from malloc(), and rounds up to whole pages");

static bool is_empty(const char *page)
{
    const uint64_t *words = (const uint64_t *)(const void *)page;
    uint64_t any = 0;

    for (size_t i = 0; i < PAGE / sizeof(*words); i++)
        any |= words[i];
    return any == 0;
}

static void give_back(const char *from, const char *to)
{
    if (to > from)
        madvise((void *)(uintptr_t)from, (size_t)(to - from), MADV_DONTNEED);
}

void http_pool_trim(const char *pool)
{
    const char *end = pool + HTTP_POOL_BYTES, *from = pool, *page = pool;

    if (!pool)
        return;
    for (; page < end; page += PAGE) {
        if (is_empty(page))
            continue;
        give_back(from, page);
        from = page + PAGE;
    }
    give_back(from, page);
}
