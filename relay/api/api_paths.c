#include "relay/api/api_paths.h"

#include "common/percent.h"

static const struct pattern {
    enum api_endpoint endpoint;
    const char *method;
    bool has_name;
    struct span before, after; // the name
} patterns[] = {
    {API_PUBLISH, "POST", true, SPAN_INIT("/v1/events/"), {0}},
    {API_PUBLISH, "POST", false, SPAN_INIT("/v1/events"), {0}},
    {API_DISCONNECT, "POST", true, SPAN_INIT("/v1/users/"), SPAN_INIT("/disconnect")},
    {API_REVOKE, "POST", true, SPAN_INIT("/v1/users/"), SPAN_INIT("/revoke")},
    {API_LEAVE, "POST", true, SPAN_INIT("/v1/users/"), SPAN_INIT("/leave")},
    {API_EDGES, "GET", false, SPAN_INIT("/v1/edges"), {0}},
    {API_USER_PRESENCE, "GET", true, SPAN_INIT("/v1/presence/users/"), {0}},
    {API_USERS_PRESENCE, "POST", false, SPAN_INIT("/v1/presence/users"), {0}},
    {API_ROOM_PRESENCE, "GET", true, SPAN_INIT("/v1/presence/rooms/"), {0}},
    {API_ROOMS_PRESENCE, "POST", false, SPAN_INIT("/v1/presence/rooms"), {0}},
};

static bool fits(const struct pattern *pattern, struct span path, struct span *name)
{
    size_t fixed = pattern->before.len + pattern->after.len;

    if (!pattern->has_name)
        return span_eq(path, pattern->before);
    if (path.len <= fixed || !span_starts_with(path, pattern->before))
        return false;
    *name = (struct span){path.ptr + pattern->before.len, path.len - fixed};
    return !memchr(name->ptr, '/', name->len) &&
           span_eq(span_skip(path, path.len - pattern->after.len), pattern->after);
}

struct api_path api_path_find(struct span path)
{
    struct api_path found = {.endpoint = API_OTHER};

    for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
        if (fits(&patterns[i], path, &found.name)) {
            found.endpoint = patterns[i].endpoint;
            found.method = patterns[i].method;
            return found;
        }
    return found;
}

bool api_path_decode_to(struct span name, size_t max, struct buffer *out)
{
    return name.len <= 3 * max && percent_decode(name, false, out) && out->len > 0 &&
           out->len <= max && !span_has_control(buffer_span(out));
}

bool api_path_decode(struct span name, char out[API_NAME_MAX + 1])
{
    struct buffer decoded = {0};
    bool good = api_path_decode_to(name, API_NAME_MAX, &decoded);

    if (good) {
        memcpy(out, decoded.ptr, decoded.len);
        out[decoded.len] = '\0';
    }
    buffer_fini(&decoded);
    return good;
}
