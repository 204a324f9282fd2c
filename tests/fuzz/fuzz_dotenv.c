#include <assert.h>
#include <stdint.h>

#include "common/dotenv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct totals {
    size_t entries, bytes;
};

static void on_entry(const char *name, const char *value, void *arg)
{
    struct totals *totals = arg;

    assert(name[0] != '\0' && !strpbrk(name, "= \t\r\n\"'#"));
    totals->entries++;
    totals->bytes += strlen(name) + strlen(value);
}

static size_t count_lines(struct span text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    return count;
}

// Each line is an entry, a fault or nothing, and the entries are made of the bytes of the text.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    struct buffer errors = {0};
    struct totals totals = {0};

    bool ok = dotenv_parse(text, "f", on_entry, &totals, &errors);
    size_t faults = count_lines(buffer_span(&errors));
    assert(ok == (faults == 0));
    assert(totals.entries + faults <= count_lines(text) + 1);
    assert(totals.bytes <= size);
    buffer_fini(&errors);
    return 0;
}
