#include "edge/gateway/user_counts.h"

#include <assert.h>
#include <stdlib.h>

#include "common/hash.h"
#include "common/mem.h"

struct user_count {
    UT_hash_handle hh;
    size_t count;
    char user[];
};

struct user_counts {
    struct user_count *by_user;
};

static struct user_count *find(const struct user_counts *counts, struct span user)
{
    struct user_count *count;

    HASH_FIND(hh, counts->by_user, user.ptr, user.len, count);
    return count;
}

struct user_counts *user_counts_new(void)
{
    return mem_zalloc(sizeof(struct user_counts));
}

void user_counts_free(struct user_counts *counts)
{
    assert(!counts || !counts->by_user);
    free(counts);
}

size_t user_counts_of(const struct user_counts *counts, struct span user)
{
    const struct user_count *count = find(counts, user);

    return count ? count->count : 0;
}

struct user_count *user_counts_add(struct user_counts *counts, struct span user)
{
    struct user_count *count = find(counts, user);

    if (!count) {
        count = mem_zalloc(sizeof(*count) + user.len);
        memcpy(count->user, user.ptr, user.len);
        HASH_ADD_KEYPTR(hh, counts->by_user, count->user, user.len, count);
    }
    count->count++;
    return count;
}

void user_counts_drop(struct user_counts *counts, struct user_count *count)
{
    if (--count->count > 0)
        return;
    HASH_DEL(counts->by_user, count);
    free(count);
}
