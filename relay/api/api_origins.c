#include "relay/api/api_origins.h"

#include <string.h>

#include "common/origin.h"
#include "common/settings.h"

static bool take_entry(struct span *rest, struct span *entry)
{
    while (span_take_until(rest, ',', entry)) {
        *entry = span_trim(*entry);
        if (entry->len > 0)
            return true;
    }
    return false;
}

// NULL, or what is wrong. All pages of the world ("*") are never allowed, and neither is "null",
// which every page can be.
static const char *parse(struct span entry, struct origin *out)
{
    const char *fault = origin_parse(entry, out);

    return !fault && origin_is_pattern(out) ? "it must name one host" : fault;
}

void api_origins_check(const char *list, struct buffer *errors)
{
    struct span rest = span_of(list), entry;
    struct origin origin;

    while (take_entry(&rest, &entry)) {
        const char *fault = parse(entry, &origin);
        if (fault)
            settings_fault(errors,
                           "API_CORS_ORIGIN holds \"%.*s\", which no page's origin can equal: %s "
                           "(an origin is written http://localhost:3002)",
                           (int)(entry.len < 128 ? entry.len : 128), entry.ptr, fault);
    }
}

static bool is_listed(const char *list, struct span text)
{
    struct span rest = span_of(list), entry;
    struct origin origin, listed;

    if (origin_parse(text, &origin))
        return false;
    while (take_entry(&rest, &entry))
        if (!parse(entry, &listed) && origin_eq(&origin, &listed))
            return true;
    return false;
}

bool api_origins_admit(const char *list, struct side_request *request)
{
    static const struct side_header allowed[] = {
        {"Access-Control-Allow-Methods", "GET, POST"},
        {"Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key"},
        {"Access-Control-Max-Age", "600"},
        {NULL, NULL},
    };
    const char *origin = side_request_header(request, "Origin");

    if (!list || !origin || !is_listed(list, span_of(origin)))
        return false;
    side_request_allow_origin(request);
    if (strcmp(side_request_method(request), "OPTIONS") != 0 ||
        !side_request_header(request, "Access-Control-Request-Method"))
        return false;
    side_request_answer(request, &(struct side_answer){.status = 200, .more = allowed});
    return true;
}
