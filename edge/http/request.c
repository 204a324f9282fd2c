#include "edge/http/request.h"

enum http_method http_method_of(struct span name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } known[] = {
        {"GET", HTTP_GET}, {"HEAD", HTTP_HEAD}, {"POST", HTTP_POST}, {"OPTIONS", HTTP_OPTIONS}};

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (span_is(name, known[i].name))
            return known[i].method;
    return HTTP_OTHER;
}
