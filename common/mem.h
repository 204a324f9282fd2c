// Allocation that cannot fail: running out of memory aborts the process.
// Everything sized by a peer is bounded by configuration before it gets here.
#pragma once

#include <stddef.h>

void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *old, size_t size);

// Copies a C string; NULL stays NULL. The caller frees it.
char *mem_strdup(const char *text);
