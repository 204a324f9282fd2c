#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "edge/websocket/permessage_deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What is accepted with a window is accepted with every smaller one, and an answer is one line.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span offers = {(const char *)data, size};
    bool larger_accepted = false;

    for (unsigned bits = WS_WINDOW_BITS_MAX; bits >= WS_WINDOW_BITS_MIN; bits--) {
        struct buffer answer = {0};
        bool accepted = ws_deflate_accept(offers, bits, &answer);

        assert(accepted == (answer.len > 0));
        assert(accepted || !larger_accepted);
        assert(!accepted || !memchr(answer.ptr, '\r', answer.len));
        larger_accepted = accepted;
        buffer_fini(&answer);
    }
    return 0;
}
