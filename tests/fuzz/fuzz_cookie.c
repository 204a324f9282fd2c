#include <assert.h>
#include <stdint.h>

#include "edge/http/cookie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A value that was found lies in the header, behind an equals sign and a quote at most, and no
// semicolon is in it.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"token", "a", "__Host-session"};
    struct span header = {(const char *)data, size}, value;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!cookie_find(header, names[i], &value))
            continue;
        assert(value.ptr >= header.ptr && value.ptr + value.len <= header.ptr + header.len);
        assert(value.len == 0 || !memchr(value.ptr, ';', value.len));
        assert(memmem(header.ptr, (size_t)(value.ptr - header.ptr), names[i], strlen(names[i])));
    }
    return 0;
}
