#include "common/tally.h"

#include <assert.h>
#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"

struct tally_entry {
    UT_hash_handle hh;
    size_t count;
    char key[];
};

struct tally {
    struct tally_entry *by_key;
};

static struct tally_entry *find(const struct tally *tally, struct span key)
{
    struct tally_entry *entry;

    HASH_FIND(hh, tally->by_key, key.ptr, key.len, entry);
    return entry;
}

struct tally *tally_new(void)
{
    return mem_zalloc(sizeof(struct tally));
}

void tally_free(struct tally *tally)
{
    assert(!tally || !tally->by_key);
    free(tally);
}

size_t tally_of(const struct tally *tally, struct span key)
{
    const struct tally_entry *entry = find(tally, key);

    return entry ? entry->count : 0;
}

struct tally_entry *tally_add(struct tally *tally, struct span key)
{
    struct tally_entry *entry = find(tally, key);

    if (!entry) {
        entry = mem_zalloc(sizeof(*entry) + key.len);
        memcpy(entry->key, key.ptr, key.len);
        HASH_ADD_KEYPTR(hh, tally->by_key, entry->key, key.len, entry);
    }
    entry->count++;
    return entry;
}

size_t tally_count(const struct tally_entry *entry)
{
    return entry->count;
}

void tally_drop(struct tally *tally, struct tally_entry *entry)
{
    if (--entry->count > 0)
        return;
    HASH_DEL(tally->by_key, entry);
    free(entry);
}
