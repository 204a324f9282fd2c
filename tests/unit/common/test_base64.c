#include "common/base64.h"

#include "tests/unit/unit.h"

struct encode_row {
    const char *name;
    struct span bytes;
    const char *text;
};

static const struct encode_row both_ways[] = {
    {"nothing", SPAN_INIT(""), ""},
    {"one byte", SPAN_INIT("f"), "Zg=="},
    {"two bytes", SPAN_INIT("fo"), "Zm8="},
    {"three bytes", SPAN_INIT("foo"), "Zm9v"},
    {"six bytes", SPAN_INIT("foobar"), "Zm9vYmFy"},
    {"NUL bytes", SPAN_INIT("\0\0"), "AAA="},
    {"plus and slash", SPAN_INIT("\xfb\xff\xfe"), "+//+"},
    {"highest bytes", SPAN_INIT("\xff\xff\xff\xff"), "/////w=="},
};

static void encodes(void **state)
{
    const struct encode_row *row = *state;
    struct buffer out = {0};

    buffer_append_char(&out, 'b');
    base64_append(&out, row->bytes);
    assert_int_equal(out.ptr[out.len], '\0');
    assert_span(span_skip(buffer_span(&out), 1), row->text);
    buffer_fini(&out);
}

static void decodes(void **state)
{
    const struct encode_row *row = *state;
    struct span text = exact_copy(span_of(row->text));
    struct buffer out = {0};

    buffer_append_char(&out, '<');
    assert_true(base64_decode(&out, text));
    assert_int_equal(out.ptr[out.len], '\0');
    assert_bytes(span_skip(buffer_span(&out), 1), row->bytes);
    buffer_fini(&out);
    free((void *)text.ptr);
}

struct decode_row {
    const char *name;
    struct span text;
    const char *bytes; // NULL: refused
};

static const struct decode_row decode_only[] = {
    {"padding missing, one byte", SPAN_INIT("Zg"), "f"},
    {"padding missing, two bytes", SPAN_INIT("Zm8"), "fo"},
    {"padding cut", SPAN_INIT("Zg="), "f"},
    {"too much padding", SPAN_INIT("Zm9v===="), "foo"},
    {"padding alone", SPAN_INIT("=="), ""},

    {"one character", SPAN_INIT("Z"), NULL},
    {"one character too many", SPAN_INIT("Zm9vZ"), NULL},
    {"bits left over", SPAN_INIT("Zh=="), NULL},
    {"padding in the middle", SPAN_INIT("Zg==Zg=="), NULL},
    {"blank", SPAN_INIT("Zm 9v"), NULL},
    {"line feed", SPAN_INIT("Zm9v\n"), NULL},
    {"NUL", SPAN_INIT("Zm9\0"), NULL},
    {"URL alphabet", SPAN_INIT("-__-"), NULL},
    {"beyond ASCII", SPAN_INIT("Zm9\xc3"), NULL},
};

static void decodes_or_refuses(void **state)
{
    const struct decode_row *row = *state;
    struct span text = exact_copy(row->text);
    struct buffer out = {0};

    buffer_append_char(&out, '<');
    assert_int_equal(base64_decode(&out, text), row->bytes != NULL);
    assert_int_equal(out.ptr[out.len], '\0');
    assert_span(span_skip(buffer_span(&out), 1), row->bytes);
    buffer_fini(&out);
    free((void *)text.ptr);
}

static const struct decode_row url_alphabet[] = {
    {"URL: minus and underscore", SPAN_INIT("-__-"), "\xfb\xff\xfe"},
    {"URL: padding missing", SPAN_INIT("Zg"), "f"},
    {"URL: padding", SPAN_INIT("Zg=="), "f"},
    {"URL: plus and slash", SPAN_INIT("+//+"), NULL},
    {"URL: beyond ASCII", SPAN_INIT("Zm9\xc3"), NULL},
};

static void decodes_the_url_alphabet(void **state)
{
    const struct decode_row *row = *state;
    struct span text = exact_copy(row->text);
    struct buffer out = {0};

    assert_int_equal(base64url_decode(&out, text), row->bytes != NULL);
    assert_span(buffer_span(&out), row->bytes);
    buffer_fini(&out);
    free((void *)text.ptr);
}

static void keeps_every_length(void **state)
{
    char bytes[256];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7 + 3);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct buffer text = {0}, back = {0};
        base64_append(&text, (struct span){bytes, len});
        assert_int_equal(text.len, (len + 2) / 3 * 4);
        assert_true(base64_decode(&back, buffer_span(&text)));
        assert_bytes(buffer_span(&back), ((struct span){bytes, len}));
        buffer_fini(&text);
        buffer_fini(&back);
    }
}

int main(void)
{
    struct CMUnitTest
        tests[2 * ARRAY_LEN(both_ways) + ARRAY_LEN(decode_only) + ARRAY_LEN(url_alphabet) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, both_ways, encodes);
    ADD_ROWS(tests, count, both_ways, decodes);
    ADD_ROWS(tests, count, decode_only, decodes_or_refuses);
    ADD_ROWS(tests, count, url_alphabet, decodes_the_url_alphabet);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(keeps_every_length);
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
