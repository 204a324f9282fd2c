#include "edge/http/content_encoding.h"
#include "tests/unit/unit.h"

#include <zlib.h>

struct accept_case {
    const char *name;
    const char *header;
    enum content_coding coding;
};

static const struct accept_case accept_cases[] = {
    {"no header", "", CODING_IDENTITY},
    {"gzip", "gzip", CODING_GZIP},
    {"deflate", "deflate", CODING_DEFLATE},
    {"gzip is preferred", "deflate, gzip", CODING_GZIP},
    {"what browsers send", "gzip, deflate, br, zstd", CODING_GZIP},
    {"others only", "br, zstd", CODING_IDENTITY},
    {"in another case", "GZip", CODING_GZIP},
    {"refused by q=0", "gzip;q=0", CODING_IDENTITY},
    {"refused by q=0.000", "gzip; q=0.000, deflate", CODING_DEFLATE},
    {"wanted a little", "gzip;q=0.001", CODING_GZIP},
    {"a longer name", "gzipped", CODING_IDENTITY},
    {"only commas", ",,,", CODING_IDENTITY},
    {"parameter without a value", "gzip;q", CODING_GZIP},
};

static void chooses(void **state)
{
    const struct accept_case *c = *state;

    assert_int_equal(content_coding_accepted(span_of(c->header)), c->coding);
}

struct round_case {
    const char *name;
    enum content_coding coding;
    size_t len;
};

static const struct round_case round_cases[] = {
    {"gzip of nothing", CODING_GZIP, 0},
    {"gzip of a page", CODING_GZIP, 4096},
    {"gzip of a megabyte", CODING_GZIP, 1 << 20},
    {"deflate of a page", CODING_DEFLATE, 4096},
};

static void fill(char *body, size_t len)
{
    for (size_t i = 0; i < len; i++)
        body[i] = (char)("42[\"new_message\","[i % 17] + (i % 251 == 0));
}

// Twice with one compressor: the second body must owe nothing to the first.
static void comes_back(void **state)
{
    const struct round_case *c = *state;
    struct compressor *compressor = compressor_new();
    char *body = malloc(c->len + 1), *back = malloc(c->len + 1);

    fill(body, c->len);
    for (int round = 0; round < 2; round++) {
        struct span packed = compressor_run(compressor, c->coding, (struct span){body, c->len});
        z_stream stream = {0};
        assert_int_equal(inflateInit2(&stream, MAX_WBITS + (c->coding == CODING_GZIP ? 16 : 0)),
                         Z_OK);
        stream.next_in = (Bytef *)(uintptr_t)packed.ptr;
        stream.avail_in = (uInt)packed.len;
        stream.next_out = (Bytef *)back;
        stream.avail_out = (uInt)c->len + 1;
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        assert_int_equal(stream.total_out, c->len);
        assert_memory_equal(back, body, c->len);
        inflateEnd(&stream);
    }
    free(body);
    free(back);
    compressor_free(compressor);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(accept_cases) + ARRAY_LEN(round_cases)];
    size_t count = 0;

    ADD_ROWS(tests, count, accept_cases, chooses);
    ADD_ROWS(tests, count, round_cases, comes_back);
    return cmocka_run_group_tests_name("compression", tests, NULL, NULL);
}
