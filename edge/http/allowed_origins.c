#include "edge/http/allowed_origins.h"

#include <stdlib.h>

#include "common/mem.h"
#include "common/origin.h"

struct allowed_origins {
    bool all, null;
    char *text; // the spans point into it
    struct origin *list;
    size_t count;
};

static bool is_word(struct span entry)
{
    return span_is(entry, "*") || span_eq_nocase(entry, SPAN_LIT("null"));
}

// A slash at the end is a common mistake in the list: an Origin header never has one. The slashes
// of "file://" stay.
static struct span without_slashes(struct span entry)
{
    while (entry.len > 0 && entry.ptr[entry.len - 1] == '/' &&
           !(entry.len >= 3 && entry.ptr[entry.len - 3] == ':'))
        entry.len--;
    return entry;
}

bool allowed_origins_take_entry(struct span *list, struct span *entry, const char **fault)
{
    struct origin ignored;

    while (span_take_until(list, ',', entry)) {
        *entry = span_trim(*entry);
        if (entry->len == 0)
            continue;
        *entry = without_slashes(*entry);
        *fault = is_word(*entry) ? NULL : origin_parse(*entry, &ignored);
        return true;
    }
    return false;
}

static void add(struct allowed_origins *origins, struct span entry)
{
    struct origin origin;

    if (span_is(entry, "*")) {
        origins->all = true;
    } else if (is_word(entry)) {
        origins->null = true;
    } else if (!origin_parse(entry, &origin)) {
        origins->list = mem_realloc(origins->list, (origins->count + 1) * sizeof(origin));
        origins->list[origins->count++] = origin;
    }
}

struct allowed_origins *allowed_origins_new(const char *list)
{
    struct allowed_origins *origins = mem_zalloc(sizeof(*origins));
    struct span rest, entry;
    const char *fault;

    origins->text = mem_strdup(list ? list : "");
    rest = span_of(origins->text);
    while (allowed_origins_take_entry(&rest, &entry, &fault))
        if (!fault)
            add(origins, entry);
    return origins;
}

void allowed_origins_free(struct allowed_origins *origins)
{
    if (!origins)
        return;
    free(origins->list);
    free(origins->text);
    free(origins);
}

static bool is_listed(const struct allowed_origins *origins, const struct origin *origin)
{
    for (size_t i = 0; i < origins->count; i++) {
        const struct origin *entry = &origins->list[i];
        if (origin_is_pattern(entry) ? origin_fits(origin, entry) : origin_eq(origin, entry))
            return true;
    }
    return false;
}

// Proxies append to a list, so its first item is what the client itself addressed.
static struct span first_of(struct span list)
{
    struct span first = {0};

    return list.ptr && span_take_until(&list, ',', &first) ? span_trim(first) : first;
}

static bool is_own(const struct origin *origin, const struct http_request *request)
{
    struct span host = first_of(http_request_header(request, "X-Forwarded-Host"));
    struct span scheme = first_of(http_request_header(request, "X-Forwarded-Proto"));
    enum origin_family family = scheme.len > 0 ? origin_family_of(scheme) : origin->family;
    struct origin own;

    if (host.len == 0)
        host = http_request_header(request, "Host");
    return origin->family != ORIGIN_FAMILY_OTHER && origin_parse_host(host, family, &own) &&
           origin_eq(origin, &own);
}

// Judges an origin by its name: neither "*" nor "null" counts.
static enum origin_verdict check_name(const struct allowed_origins *origins, struct span text,
                                      const struct http_request *request)
{
    struct origin origin;

    if (origin_parse(text, &origin) || origin_is_pattern(&origin))
        return ORIGIN_FOREIGN;
    if (is_listed(origins, &origin))
        return ORIGIN_LISTED;
    return is_own(&origin, request) ? ORIGIN_OWN : ORIGIN_FOREIGN;
}

enum origin_verdict allowed_origins_check(const struct allowed_origins *origins,
                                          const struct http_request *request)
{
    struct span text = http_request_header(request, "Origin");

    if (!text.ptr)
        return ORIGIN_ABSENT;
    if (origins->all || (origins->null && span_is(text, "null")))
        return ORIGIN_LISTED;
    return check_name(origins, text, request);
}

bool allowed_origins_vouch(const struct allowed_origins *origins,
                           const struct http_request *request)
{
    struct span text = http_request_header(request, "Origin");

    if (!text.ptr)
        return span_is(span_trim(http_request_header(request, "Sec-Fetch-Site")), "same-origin");
    return check_name(origins, text, request) != ORIGIN_FOREIGN;
}
