#include <assert.h>
#include <stdint.h>

#include "common/gateway_file/gateway_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct room_type *type)
{
    assert(type->name && span_of(type->name).len <= ROOM_TYPE_NAME_MAX);
    assert(strcmp(type->name, "user") != 0);
    assert(!type->claim || type->claim[0] != '\0');
    assert(!type->url || type->join == ROOM_JOIN_SERVICE || type->join == ROOM_JOIN_AS_SET);
}

// A gateway's file is either used whole or refused with one line that names it.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer errors = {0};
    struct file_reader reader = {{(const char *)data, size}, "file", &errors};
    struct gateway_file *file = gateway_file_parse(&reader, "websocket.");

    assert(!file == (errors.len > 0));
    assert(file || span_starts_with(buffer_span(&errors), SPAN_LIT("file:")));
    for (size_t i = 0; file && i < file->rooms->count; i++)
        check(&file->rooms->items[i]);
    gateway_file_free(file);
    buffer_fini(&errors);
    return 0;
}
