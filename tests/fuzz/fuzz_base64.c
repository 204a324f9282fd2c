#include <assert.h>
#include <stdint.h>

#include "common/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What is no base64 leaves nothing behind; what is comes back the same when it is encoded.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};
    struct buffer decoded = {0}, encoded = {0}, again = {0};

    buffer_append(&decoded, SPAN_LIT("before"));
    bool ok = base64_decode(&decoded, in);
    assert(span_starts_with(buffer_span(&decoded), SPAN_LIT("before")));
    assert(ok || decoded.len == 6);

    base64_append(&encoded, in);
    bool back = base64_decode(&again, buffer_span(&encoded));
    assert(back && span_eq(buffer_span(&again), in));
    buffer_fini(&decoded);
    buffer_fini(&encoded);
    buffer_fini(&again);
    return 0;
}
