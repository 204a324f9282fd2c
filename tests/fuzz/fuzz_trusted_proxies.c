// A list of trusted proxies in the first line, the X-Forwarded-For of a client in the rest.
#include <assert.h>
#include <stdint.h>

#include "edge/http/trusted_proxies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_client(const struct trusted_proxies *proxies, struct span value)
{
    static struct http_head head;
    struct span peer = SPAN_LIT("192.0.2.7");

    head.header_count = 1;
    head.headers[0] = (struct http_header){SPAN_LIT("X-Forwarded-For"), value};
    struct span client = trusted_proxies_find_client(proxies, &head, peer);
    assert(client.len > 0);
    assert(client.ptr == peer.ptr ||
           (client.ptr >= value.ptr && client.ptr + client.len <= value.ptr + value.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span value = {(const char *)data, size}, line;
    struct buffer list = {0}, wrong = {0};

    if (!span_take_until(&value, '\n', &line))
        return 0;
    buffer_append(&list, line);
    buffer_append(&list, SPAN_LIT(""));
    struct trusted_proxies *proxies = trusted_proxies_new(list.ptr, &wrong);
    assert(proxies || wrong.len > 0);
    if (proxies)
        check_client(proxies, value);
    trusted_proxies_free(proxies);

    proxies = trusted_proxies_new("192.0.2.7,10.0.0.0/8,2001:db8::/32", NULL);
    check_client(proxies, value);
    trusted_proxies_free(proxies);
    buffer_fini(&list);
    buffer_fini(&wrong);
    return 0;
}
