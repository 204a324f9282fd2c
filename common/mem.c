#include "common/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *p, size_t size)
{
    if (!p) {
        fprintf(stderr, "out of memory allocating %zu bytes\n", size);
        abort();
    }
    return p;
}

void *mem_alloc(size_t size)
{
    return or_die(malloc(size), size);
}

void *mem_zalloc(size_t size)
{
    return or_die(calloc(1, size), size);
}

void *mem_realloc(void *old, size_t size)
{
    return or_die(realloc(old, size), size);
}

char *mem_strdup(const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(mem_alloc(size), text, size);
}
