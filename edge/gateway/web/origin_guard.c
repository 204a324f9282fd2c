#define LOG_MODULE "gateway"

#include "edge/gateway/web/origin_guard.h"

#define SHOWN_MAX 128 // bytes of a header in a log line

static struct span shown(const struct http_request *request, const char *header)
{
    struct span value = http_request_header(request, header);

    return (struct span){value.ptr ? value.ptr : "", value.len < SHOWN_MAX ? value.len : SHOWN_MAX};
}

static void log_refusal(struct origin_guard *guard, const struct http_request *request)
{
    log_peer(&guard->refused, request->peer,
             "refusing a foreign origin origin=" SPAN_FMT " host_header=" SPAN_FMT
             " forwarded_host=" SPAN_FMT " forwarded_proto=" SPAN_FMT " reason=%s",
             SPAN_ARG(shown(request, "Origin")), SPAN_ARG(shown(request, "Host")),
             SPAN_ARG(shown(request, "X-Forwarded-Host")),
             SPAN_ARG(shown(request, "X-Forwarded-Proto")),
             "neither in CORS_ORIGIN nor the gateway's own");
}

bool origin_guard_allows(const struct http_request *request, void *arg)
{
    struct origin_guard *guard = arg;

    if (allowed_origins_check(guard->origins, request) != ORIGIN_FOREIGN)
        return true;
    log_refusal(guard, request);
    return false;
}
