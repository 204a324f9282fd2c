#include <stdint.h>

#include "tests/fuzz/payload_round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_jsonp(struct span form)
{
    struct buffer payload = {0}, script = {0};

    if (eio_jsonp_unwrap(form, &payload))
        eio_jsonp_wrap(SPAN_LIT("0"), buffer_span(&payload), &script);
    buffer_fini(&payload);
    buffer_fini(&script);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {(const char *)data, size};

    payload_round_trip(PAYLOAD_V3_TEXT, in);
    payload_round_trip(PAYLOAD_V3_BINARY, in);
    try_jsonp(in);
    return 0;
}
