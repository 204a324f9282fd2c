#include <assert.h>
#include <stdint.h>

#include "edge/gateway/clients/jwks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A key set is either used, with at least one key, or refused with a reason.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer error = {0}, unusable = {0};
    struct jwks *set = jwks_parse((struct span){(const char *)data, size}, &error, &unusable);

    assert(set ? set->count > 0 : error.len > 0);
    for (size_t i = 0; set && i < set->count; i++)
        assert(set->keys[i].pem && set->keys[i].pem[0] == '-');
    jwks_free(set);
    buffer_fini(&error);
    buffer_fini(&unusable);
    return 0;
}
