#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/origin.h"
#include "common/service_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct span part, struct span whole)
{
    if (part.len > 0)
        assert(part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

// What is an origin equals itself, and lies within the text.
static void check_origin(struct span text)
{
    struct origin origin;

    if (origin_parse(text, &origin))
        return;
    check_within(origin.scheme, text);
    check_within(origin.host, text);
    assert(origin_eq(&origin, &origin));
    assert(origin.family == ORIGIN_FAMILY_OTHER || (origin.host.len > 0 && origin.port > 0));
}

// What is the address of a service has a host without brackets and is an origin up to its path.
static void check_url(struct span text)
{
    struct buffer host = {0};
    char *copy = span_dup(text);

    if (!http_url_check(copy, &host))
        assert(host.len > 0 && !memchr(host.ptr, '@', host.len) && !strchr(host.ptr, '?'));
    buffer_clear(&host);
    if (!service_url_check(copy, &host)) {
        assert(host.len > 0 && host.len <= 253 && host.ptr[0] != '[');
        assert(!memchr(host.ptr, '@', host.len) && !strchr(copy, '?') && !strchr(copy, '#'));
    }
    free(copy);
    buffer_fini(&host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    struct origin own;

    check_origin(in);
    check_url(in);
    if (origin_parse_host(in, ORIGIN_FAMILY_HTTPS, &own))
        check_within(own.host, in);
    return 0;
}
