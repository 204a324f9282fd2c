#include "common/setting_typos.h"

#include <ctype.h>
#include <unistd.h>

#define NAME_LEN_MAX 64
#define LONG_NAME    10 // a name of this length may have two typos, a shorter one has one

static bool same_letter(char a, char b)
{
    return toupper((unsigned char)a) == toupper((unsigned char)b);
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

// Optimal string alignment: cost[i][j] is the distance of the first i letters of `a` from the first
// j of `b`. Three rows are enough.
unsigned typo_distance(struct span a, struct span b)
{
    unsigned rows[3][NAME_LEN_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    size_t apart = a.len > b.len ? a.len - b.len : b.len - a.len;

    if (apart >= TYPO_DISTANCE_MAX || a.len > NAME_LEN_MAX || b.len > NAME_LEN_MAX)
        return TYPO_DISTANCE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = last[j] = before[j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *reused = before;
        before = last, last = row, row = reused;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            bool same = same_letter(a.ptr[i - 1], b.ptr[j - 1]);
            row[j] = smaller(smaller(last[j], row[j - 1]) + 1, last[j - 1] + !same);
            if (i > 1 && j > 1 && same_letter(a.ptr[i - 1], b.ptr[j - 2]) &&
                same_letter(a.ptr[i - 2], b.ptr[j - 1]))
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
    }
    return smaller(row[b.len], TYPO_DISTANCE_MAX);
}

// Returns the known name that is meant; NULL if `name` is known or resembles none.
static const char *find_meant(struct span name)
{
    const char *nearest = NULL;
    unsigned least = TYPO_DISTANCE_MAX;

    for (const char *const *known = setting_names(); *known; known++) {
        if (span_is(name, *known))
            return NULL;
        unsigned apart = typo_distance(name, span_of(*known));
        if (apart < least && (apart < 2 || strlen(*known) >= LONG_NAME)) {
            least = apart;
            nearest = *known;
        }
    }
    return nearest;
}

void settings_find_typos(struct buffer *warnings)
{
    for (char **variable = environ; *variable; variable++) {
        struct span rest = span_of(*variable), name;
        if (!span_take_until(&rest, '=', &name))
            continue;
        const char *meant = find_meant(name);
        if (meant)
            settings_fault(warnings, "%.*s is not known; is %s meant?", (int)name.len, name.ptr,
                           meant);
    }
}
