#include <assert.h>
#include <stdint.h>

#include "edge/gateway/delivery/offset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The first byte says how many shards there are. What is taken prints as it was.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[OFFSET_TEXT_MAX];
    struct cut cut;

    if (size == 0)
        return 0;
    struct span in = {(const char *)data + 1, size - 1};
    if (offset_parse(in, 1 + data[0] % OFFSET_SHARDS_MAX, &cut)) {
        size_t len = offset_print(&cut, text);
        assert(span_eq(in, (struct span){text, len}));
        assert(cut_covers(&cut, &cut));
    }
    return 0;
}
