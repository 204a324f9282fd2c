#include "relay/api/api_body.h"

#include "common/json_string.h"

#define DEPTH_MAX 4

bool api_body_member(struct span body, const char *name, struct json_view *out)
{
    struct json_view view, value;
    struct span key;

    *out = (struct json_view){0};
    if (body.len == 0)
        return true;
    if (!json_view_parse(body, DEPTH_MAX, &view, NULL) || view.kind != JSON_KIND_OBJECT)
        return false;
    struct json_walk walk = json_walk_into(view);
    while (json_walk_member(&walk, &key, &value))
        if (json_string_is(key, span_of(name)))
            *out = value;
    return true;
}
