#include "edge/websocket/frame_header.h"

#include "tests/unit/unit.h"

struct write_row {
    const char *name;
    enum ws_opcode opcode;
    bool compressed;
    uint64_t len;
    struct span header;
};

// clang-format off
static const struct write_row written[] = {
    {"empty text", WS_TEXT, false, 0, SPAN_INIT("\x81\x00")},
    {"empty binary", WS_BINARY, false, 0, SPAN_INIT("\x82\x00")},
    {"compressed text", WS_TEXT, true, 1, SPAN_INIT("\xc1\x01")},
    {"pong", WS_PONG, false, 125, SPAN_INIT("\x8a\x7d")},
    {"shortest of 16 bits", WS_TEXT, false, 126, SPAN_INIT("\x81\x7e\x00\x7e")},
    {"longest of 16 bits", WS_BINARY, false, 65535, SPAN_INIT("\x82\x7e\xff\xff")},
    {"shortest of 64 bits", WS_TEXT, false, 65536, SPAN_INIT("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00")},
    {"all 64 bits", WS_TEXT, false, 0x0102030405060708, SPAN_INIT("\x81\x7f\x01\x02\x03\x04\x05\x06\x07\x08")},
};

struct read_row {
    const char *name;
    struct span bytes;
    enum ws_header_status status;
    size_t header_len;
    enum ws_opcode opcode;
    uint64_t payload_len;
};

static const struct read_row read[] = {
    {"text", SPAN_INIT("\x81\x85mask"), WS_HEADER_WHOLE, 6, WS_TEXT, 5},
    {"with its payload", SPAN_INIT("\x82\x81maskx"), WS_HEADER_WHOLE, 6, WS_BINARY, 1},
    {"continuation", SPAN_INIT("\x00\x80mask"), WS_HEADER_WHOLE, 6, WS_CONTINUATION, 0},
    {"first of several", SPAN_INIT("\x01\x80mask"), WS_HEADER_WHOLE, 6, WS_TEXT, 0},
    {"compressed", SPAN_INIT("\xc1\x80mask"), WS_HEADER_WHOLE, 6, WS_TEXT, 0},
    {"16 bits", SPAN_INIT("\x81\xfe\x01\x02mask"), WS_HEADER_WHOLE, 8, WS_TEXT, 0x0102},
    {"64 bits", SPAN_INIT("\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00mask"), WS_HEADER_WHOLE, 14, WS_TEXT, 65536},
    {"longest", SPAN_INIT("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xffmask"), WS_HEADER_WHOLE, 14, WS_TEXT, INT64_MAX},
    {"longest control frame", SPAN_INIT("\x89\xfdmask"), WS_HEADER_WHOLE, 6, WS_PING, 125},
    {"close", SPAN_INIT("\x88\x80mask"), WS_HEADER_WHOLE, 6, WS_CLOSE, 0},
    {"nothing", SPAN_INIT(""), WS_HEADER_PARTIAL, 0, 0, 0},
    {"one byte", SPAN_INIT("\x81"), WS_HEADER_PARTIAL, 0, 0, 0},
    {"without its length", SPAN_INIT("\x81\xfe\x01"), WS_HEADER_PARTIAL, 0, 0, 0},
    {"without its long length", SPAN_INIT("\x81\xff\x00\x00\x00\x00\x00\x01\x00"), WS_HEADER_PARTIAL, 0, 0, 0},
    {"without its mask", SPAN_INIT("\x81\x85mas"), WS_HEADER_PARTIAL, 0, 0, 0},
    {"not masked", SPAN_INIT("\x81\x05hello"), WS_HEADER_BAD, 0, 0, 0},
    {"not masked, length to come", SPAN_INIT("\x81\x7e"), WS_HEADER_BAD, 0, 0, 0},
    {"RSV2", SPAN_INIT("\xa1\x80mask"), WS_HEADER_BAD, 0, 0, 0},
    {"RSV3", SPAN_INIT("\x91\x80mask"), WS_HEADER_BAD, 0, 0, 0},
    {"opcode 3", SPAN_INIT("\x83\x80mask"), WS_HEADER_BAD, 0, 0, 0},
    {"opcode 7", SPAN_INIT("\x87\x80mask"), WS_HEADER_BAD, 0, 0, 0},
    {"opcode 11", SPAN_INIT("\x8b\x80mask"), WS_HEADER_BAD, 0, 0, 0},
    {"opcode 15", SPAN_INIT("\x8f\x80mask"), WS_HEADER_BAD, 0, 0, 0},
    {"fragmented ping", SPAN_INIT("\x09\x80mask"), WS_HEADER_BAD, 0, 0, 0},
    {"compressed ping", SPAN_INIT("\xc9\x80mask"), WS_HEADER_BAD, 0, 0, 0},
    {"ping of 126", SPAN_INIT("\x89\xfe"), WS_HEADER_BAD, 0, 0, 0},
    {"ping of 64 bits", SPAN_INIT("\x89\xff"), WS_HEADER_BAD, 0, 0, 0},
    {"125 in 16 bits", SPAN_INIT("\x81\xfe\x00\x7dmask"), WS_HEADER_BAD, 0, 0, 0},
    {"65535 in 64 bits", SPAN_INIT("\x81\xff\x00\x00\x00\x00\x00\x00\xff\xffmask"), WS_HEADER_BAD, 0, 0, 0},
    {"negative", SPAN_INIT("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00mask"), WS_HEADER_BAD, 0, 0, 0},
};
// clang-format on

static void writes(void **state)
{
    const struct write_row *row = *state;
    unsigned char out[WS_SERVER_HEADER_MAX];
    size_t len = ws_header_write(out, row->opcode, row->compressed, row->len);

    assert_bytes(((struct span){(char *)out, len}), row->header);
}

static void reads(void **state)
{
    const struct read_row *row = *state;
    struct span bytes = exact_copy(row->bytes);
    struct ws_header header;
    size_t len = 0;

    assert_int_equal(ws_header_read(bytes, &header, &len), row->status);
    if (row->status == WS_HEADER_WHOLE) {
        assert_int_equal(len, row->header_len);
        assert_int_equal(header.opcode, row->opcode);
        assert_int_equal(header.payload_len, row->payload_len);
        assert_int_equal(header.final, (unsigned char)row->bytes.ptr[0] >> 7);
        assert_int_equal(header.compressed, (unsigned char)row->bytes.ptr[0] >> 6 & 1);
        assert_memory_equal(header.mask, "mask", 4);
    }
    free((void *)bytes.ptr);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(written) + ARRAY_LEN(read)];
    size_t count = 0;

    ADD_ROWS(tests, count, written, writes);
    ADD_ROWS(tests, count, read, reads);
    return cmocka_run_group_tests_name("websocket header", tests, NULL, NULL);
}
