#include "edge/gateway/web/console.h"

#include "edge/gateway/web/console_files.h"
#include "edge/gateway/web/console_outline.h"

#define PAGE "/console"

// Only script files of this edge run, and Trusted Types keep them from turning text into markup or
// script, even by mistake. connect-src allows all hosts, because the user enters the gateway's
// address.
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "                    \
    "connect-src http: https: ws: wss:; base-uri 'none'; form-action 'none'; "                     \
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

static const char *const headers[] = {
    "Content-Security-Policy",
    POLICY,
    "X-Content-Type-Options",
    "nosniff",
    "Referrer-Policy",
    "no-referrer",
    "Cross-Origin-Opener-Policy", // who opens the page cannot change its address later
    "same-origin",
    "Cache-Control",
    "no-store",
    NULL,
};

static bool ends_with(struct span name, struct span end)
{
    return name.len >= end.len && span_eq(span_skip(name, name.len - end.len), end);
}

static const char *type_of(struct span name)
{
    if (ends_with(name, SPAN_LIT(".js")))
        return "text/javascript; charset=utf-8";
    if (ends_with(name, SPAN_LIT(".css")))
        return "text/css; charset=utf-8";
    if (ends_with(name, SPAN_LIT(".svg")))
        return "image/svg+xml";
    if (ends_with(name, SPAN_LIT(".json")))
        return "application/json; charset=utf-8";
    return "text/html; charset=utf-8";
}

// The file of a path: console.html for "/console", pane.js for "/console/pane.js".
static struct span name_of(struct span path)
{
    if (span_is(path, PAGE))
        return SPAN_LIT("console.html");
    if (span_starts_with(path, SPAN_LIT(PAGE "/")))
        return span_skip(path, sizeof(PAGE));
    return (struct span){0};
}

bool console_handle(struct http_exchange *exchange, const struct gateway_file *gateway_file,
                    struct buffer *text)
{
    struct span name = name_of(exchange->request->path);
    struct span file = console_file(name);

    if (span_is(name, "gateway.json")) {
        console_outline_write(gateway_file, text);
        file = buffer_span(text);
    }
    if (!file.ptr)
        return false;
    http_exchange_reply(exchange, &(struct http_reply){.status = 200,
                                                       .content_type = type_of(name),
                                                       .body = file,
                                                       .headers = headers});
    return true;
}
