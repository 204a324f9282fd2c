#include "edge/engineio/packet.h"

#include "tests/unit/unit.h"

struct packet_row {
    const char *name;
    unsigned version;
    enum frame_kind kind;
    struct span bytes;
    int type; // -1: refused
    enum frame_kind data_kind;
    struct span data;
};

#define REFUSED -1, FRAME_TEXT, SPAN_INIT("")

// clang-format off
static const struct packet_row packets[] = {
    {"message", 4, FRAME_TEXT, SPAN_INIT("4hello"), EIO_MESSAGE, FRAME_TEXT, SPAN_INIT("hello")},
    {"empty message", 4, FRAME_TEXT, SPAN_INIT("4"), EIO_MESSAGE, FRAME_TEXT, SPAN_INIT("")},
    {"message with NUL", 4, FRAME_TEXT, SPAN_INIT("4\0"), EIO_MESSAGE, FRAME_TEXT, SPAN_INIT("\0")},
    {"open", 4, FRAME_TEXT, SPAN_INIT("0{}"), EIO_OPEN, FRAME_TEXT, SPAN_INIT("{}")},
    {"close", 4, FRAME_TEXT, SPAN_INIT("1"), EIO_CLOSE, FRAME_TEXT, SPAN_INIT("")},
    {"ping", 4, FRAME_TEXT, SPAN_INIT("2"), EIO_PING, FRAME_TEXT, SPAN_INIT("")},
    {"probe", 4, FRAME_TEXT, SPAN_INIT("2probe"), EIO_PING, FRAME_TEXT, SPAN_INIT("probe")},
    {"pong", 4, FRAME_TEXT, SPAN_INIT("3"), EIO_PONG, FRAME_TEXT, SPAN_INIT("")},
    {"upgrade", 4, FRAME_TEXT, SPAN_INIT("5"), EIO_UPGRADE, FRAME_TEXT, SPAN_INIT("")},
    {"noop", 4, FRAME_TEXT, SPAN_INIT("6"), EIO_NOOP, FRAME_TEXT, SPAN_INIT("")},
    {"base64", 4, FRAME_TEXT, SPAN_INIT("bAQIDBA=="), EIO_MESSAGE, FRAME_BINARY, SPAN_INIT("\1\2\3\4")},
    {"base64 without padding", 4, FRAME_TEXT, SPAN_INIT("bAQIDBA"), EIO_MESSAGE, FRAME_BINARY, SPAN_INIT("\1\2\3\4")},
    {"base64 of nothing", 4, FRAME_TEXT, SPAN_INIT("b"), EIO_MESSAGE, FRAME_BINARY, SPAN_INIT("")},
    {"binary", 4, FRAME_BINARY, SPAN_INIT("\1\2"), EIO_MESSAGE, FRAME_BINARY, SPAN_INIT("\1\2")},
    {"binary of nothing", 4, FRAME_BINARY, SPAN_INIT(""), EIO_MESSAGE, FRAME_BINARY, SPAN_INIT("")},
    {"binary that looks like text", 4, FRAME_BINARY, SPAN_INIT("2probe"), EIO_MESSAGE, FRAME_BINARY, SPAN_INIT("2probe")},
    {"nothing", 4, FRAME_TEXT, SPAN_INIT(""), REFUSED},
    {"type 7", 4, FRAME_TEXT, SPAN_INIT("7"), REFUSED},
    {"type before 0", 4, FRAME_TEXT, SPAN_INIT("/"), REFUSED},
    {"type of a letter", 4, FRAME_TEXT, SPAN_INIT("abc"), REFUSED},
    {"type of a byte", 4, FRAME_TEXT, SPAN_INIT("\x04hello"), REFUSED},
    {"type of a high byte", 4, FRAME_TEXT, SPAN_INIT("\xb4hello"), REFUSED},
    {"blank before the type", 4, FRAME_TEXT, SPAN_INIT(" 4"), REFUSED},
    {"base64 that is none", 4, FRAME_TEXT, SPAN_INIT("b!!!!"), REFUSED},
    {"base64 cut", 4, FRAME_TEXT, SPAN_INIT("bAQIDB"), REFUSED},
    {"base64 announced in a capital", 4, FRAME_TEXT, SPAN_INIT("BAQID"), REFUSED},

    {"revision 3: message", 3, FRAME_TEXT, SPAN_INIT("4hello"), EIO_MESSAGE, FRAME_TEXT, SPAN_INIT("hello")},
    {"revision 3: base64", 3, FRAME_TEXT, SPAN_INIT("b4AQIDBA=="), EIO_MESSAGE, FRAME_BINARY, SPAN_INIT("\1\2\3\4")},
    {"revision 3: base64 of nothing", 3, FRAME_TEXT, SPAN_INIT("b4"), EIO_MESSAGE, FRAME_BINARY, SPAN_INIT("")},
    {"revision 3: binary", 3, FRAME_BINARY, SPAN_INIT("\4\1\2"), EIO_MESSAGE, FRAME_BINARY, SPAN_INIT("\1\2")},
    {"revision 3: binary of nothing", 3, FRAME_BINARY, SPAN_INIT("\4"), EIO_MESSAGE, FRAME_BINARY, SPAN_INIT("")},
    {"revision 3: base64 without a type", 3, FRAME_TEXT, SPAN_INIT("b"), REFUSED},
    {"revision 3: base64 of type 9", 3, FRAME_TEXT, SPAN_INIT("b9AQID"), REFUSED},
    {"revision 3: binary without a type", 3, FRAME_BINARY, SPAN_INIT(""), REFUSED},
    {"revision 3: binary of type 7", 3, FRAME_BINARY, SPAN_INIT("\7x"), REFUSED},
    {"revision 3: binary of a digit", 3, FRAME_BINARY, SPAN_INIT("4x"), REFUSED},
};
// clang-format on

static void decodes_a_packet(void **state)
{
    const struct packet_row *row = *state;
    struct span bytes = exact_copy(row->bytes);
    struct buffer scratch = {0};
    struct eio_packet packet;

    buffer_append(&scratch, SPAN_LIT("left over"));
    bool ok = eio_packet_decode(row->version, row->kind, bytes, &scratch, &packet);
    assert_int_equal(ok, row->type >= 0);
    if (ok) {
        assert_int_equal(packet.type, row->type);
        assert_int_equal(packet.kind, row->data_kind);
        assert_bytes(packet.data, row->data);
    }
    buffer_fini(&scratch);
    free((void *)bytes.ptr);
}

static void assert_reframed(unsigned version, bool as_text, enum frame_kind kind,
                            struct span packet)
{
    struct frame *binary = frame_new(FRAME_BINARY, SPAN_LIT("\1\2"));
    struct frame *frame = eio_packet_reframe(version, as_text, binary);

    assert_int_equal(frame_kind_of(frame), kind);
    assert_bytes(frame_packet(frame), packet);
    frame_unref(binary);
    frame_unref(frame);
}

static void reframes_binary(void **state)
{
    (void)state;
    assert_reframed(3, false, FRAME_BINARY, SPAN_LIT("\4\1\2"));
    assert_reframed(3, true, FRAME_TEXT, SPAN_LIT("b4AQI="));
    assert_reframed(4, true, FRAME_TEXT, SPAN_LIT("bAQI="));
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(packets) + 1] = {cmocka_unit_test(reframes_binary)};
    size_t count = 1;

    ADD_ROWS(tests, count, packets, decodes_a_packet);
    return cmocka_run_group_tests_name("engine.io packet", tests, NULL, NULL);
}
