#include <stdint.h>

#include "tests/fuzz/payload_round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    payload_round_trip(PAYLOAD_V4, (struct span){(const char *)data, size});
    return 0;
}
