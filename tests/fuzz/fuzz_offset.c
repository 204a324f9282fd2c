#include <assert.h>
#include <stdint.h>

#include "edge/gateway/delivery/offset.h"
#include "edge/gateway/delivery/offset_earlier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The first byte says how many shards there are. What is taken prints as it was, unless it has the
// form of earlier versions: then it prints as the same cut.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[OFFSET_TEXT_MAX];
    struct cut cut, back;

    if (size == 0)
        return 0;
    struct span in = {(const char *)data + 1, size - 1};
    if (offset_parse(in, 1 + data[0] % CUT_SHARDS_MAX, &cut)) {
        struct span out = {text, offset_print(&cut, text)};
        assert(span_eq(in, out) || offset_is_earlier(in));
        assert(offset_parse(out, cut.shards, &back) && cut_eq(&cut, &back));
    }
    return 0;
}
