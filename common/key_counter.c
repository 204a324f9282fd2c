#include "common/key_counter.h"

#include <assert.h>
#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"

struct key_count {
    UT_hash_handle hh;
    size_t count;
    char key[];
};

struct key_counter {
    struct key_count *by_key;
};

static struct key_count *find(const struct key_counter *counter, struct span key)
{
    struct key_count *entry;

    HASH_FIND(hh, counter->by_key, key.ptr, key.len, entry);
    return entry;
}

struct key_counter *key_counter_new(void)
{
    return mem_zalloc(sizeof(struct key_counter));
}

void key_counter_free(struct key_counter *counter)
{
    assert(!counter || !counter->by_key);
    free(counter);
}

size_t key_counter_of(const struct key_counter *counter, struct span key)
{
    const struct key_count *entry = find(counter, key);

    return entry ? entry->count : 0;
}

struct key_count *key_counter_add(struct key_counter *counter, struct span key)
{
    struct key_count *entry = find(counter, key);

    if (!entry) {
        entry = mem_zalloc(sizeof(*entry) + key.len);
        memcpy(entry->key, key.ptr, key.len);
        HASH_ADD_KEYPTR(hh, counter->by_key, entry->key, key.len, entry);
    }
    entry->count++;
    return entry;
}

size_t key_counter_count(const struct key_count *entry)
{
    return entry->count;
}

void key_counter_drop(struct key_counter *counter, struct key_count *entry)
{
    if (--entry->count > 0)
        return;
    HASH_DEL(counter->by_key, entry);
    free(entry);
}
