#include "edge/http/origins.h"

#include <stdlib.h>

#include "common/mem.h"

struct origins {
    bool all;
    char *text; // the spans point into it
    struct span *list;
    size_t count;
};

static void add(struct origins *origins, struct span origin)
{
    // A trailing slash is a common slip: an Origin header never has one.
    while (origin.len > 0 && origin.ptr[origin.len - 1] == '/')
        origin.len--;
    if (origin.len == 0)
        return;
    if (span_is(origin, "*")) {
        origins->all = true;
        return;
    }
    origins->list = mem_realloc(origins->list, (origins->count + 1) * sizeof(origins->list[0]));
    origins->list[origins->count++] = origin;
}

struct origins *origins_new(const char *list)
{
    struct origins *origins = mem_zalloc(sizeof(*origins));
    struct span rest, one;

    origins->text = mem_strdup(list ? list : "");
    rest = span_of(origins->text);
    while (span_take_until(&rest, ',', &one))
        add(origins, span_trim(one));
    return origins;
}

void origins_free(struct origins *origins)
{
    if (!origins)
        return;
    free(origins->list);
    free(origins->text);
    free(origins);
}

static bool is_listed(const struct origins *origins, struct span origin)
{
    if (origins->all)
        return true;
    for (size_t i = 0; i < origins->count; i++)
        if (span_eq_nocase(origins->list[i], origin))
            return true;
    return false;
}

// "http://host:port" against a Host header "host:port".
static bool is_own(struct span origin, struct span host)
{
    static const struct span schemes[] = {{"http://", 7}, {"https://", 8}};

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (span_starts_with(origin, schemes[i]))
            return host.len > 0 && span_eq_nocase(span_skip(origin, schemes[i].len), host);
    return false;
}

enum origin_verdict origins_judge(const struct origins *origins, const struct http_request *request)
{
    struct span origin = http_request_header(request, "Origin");

    if (!origin.ptr)
        return ORIGIN_ABSENT;
    if (is_listed(origins, origin))
        return ORIGIN_LISTED;
    if (is_own(origin, http_request_header(request, "Host")))
        return ORIGIN_OWN;
    return ORIGIN_FOREIGN;
}
