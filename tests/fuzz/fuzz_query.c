#include <assert.h>
#include <stdint.h>

#include "edge/http/query.h"

#include "common/percent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A value that was found is what stands between the name and the next '&'.
static void check_found(struct span query, const char *name)
{
    struct span value;

    if (!query_find(query, name, &value))
        return;
    assert(value.ptr && !memchr(value.ptr, '&', value.len));
    if (value.len == 0)
        return;
    size_t name_len = strlen(name);
    const char *from = value.ptr - name_len - 1;
    assert(from >= query.ptr && value.ptr + value.len <= query.ptr + query.len);
    assert(memcmp(from, name, name_len) == 0 && from[name_len] == '=');
    assert(from == query.ptr || from[-1] == '&');
}

static void append_escaped(struct buffer *out, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        buffer_printf(out, "%%%02X", (unsigned char)bytes.ptr[i]);
}

static void check_decoded(struct span text)
{
    struct buffer decoded = {0}, escaped = {0}, again = {0};

    if (percent_decode(text, true, &decoded)) {
        assert(decoded.len <= text.len);
        append_escaped(&escaped, buffer_span(&decoded));
        bool has_nul = decoded.len > 0 && memchr(decoded.ptr, 0, decoded.len);
        assert(percent_decode(buffer_span(&escaped), true, &again) == !has_nul);
        assert(has_nul || span_eq(buffer_span(&again), buffer_span(&decoded)));
    }
    buffer_fini(&decoded);
    buffer_fini(&escaped);
    buffer_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};

    check_found(in, "sid");
    check_found(in, "a");
    check_decoded(in);
    return 0;
}
