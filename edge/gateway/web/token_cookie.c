#include "edge/gateway/web/token_cookie.h"

#include "edge/http/cookie.h"

struct span token_cookie_of(const struct http_request *request, void *arg)
{
    const struct token_cookie *cookie = arg;
    struct span value;

    if (cookie->name && cookie_find(http_request_header(request, "Cookie"), cookie->name, &value) &&
        allowed_origins_vouch(cookie->origins, request))
        return value;
    return (struct span){0};
}
