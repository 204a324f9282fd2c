// One HTTP request as the layers above the adapters see it, whichever parser read it.
#pragma once

#include "common/attr.h"
#include "common/span.h"

enum http_method { HTTP_OTHER = 0, HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OPTIONS };

// Borrowed: valid until the function that it was passed to returns.
struct http_request {
    enum http_method method;
    struct span path;  // "/socket.io/", not decoded
    struct span query; // raw, without the '?'
    struct span body;
    struct span peer; // the client's address as text, also behind trusted proxies
    // The value of the first header of that name, whose case does not matter; ptr is NULL when
    // there is none.
    struct span (*header)(const struct http_request *request, const char *name);
};

enum http_method http_method_of(struct span name);

static inline struct span http_request_header(const struct http_request *request, const char *name)
{
    return request->header(request, name);
}
