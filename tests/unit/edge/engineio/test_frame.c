#include "edge/engineio/frame.h"

#include "tests/unit/unit.h"

struct header_row {
    const char *name;
    enum frame_kind kind;
    size_t len;
    struct span header;
};

// clang-format off
static const struct header_row headers[] = {
    {"empty text", FRAME_TEXT, 0, SPAN_INIT("\x81\x00")},
    {"empty binary", FRAME_BINARY, 0, SPAN_INIT("\x82\x00")},
    {"one byte", FRAME_TEXT, 1, SPAN_INIT("\x81\x01")},
    {"longest of 7 bits", FRAME_TEXT, 125, SPAN_INIT("\x81\x7d")},
    {"shortest of 16 bits", FRAME_TEXT, 126, SPAN_INIT("\x81\x7e\x00\x7e")},
    {"one more", FRAME_TEXT, 127, SPAN_INIT("\x81\x7e\x00\x7f")},
    {"16 bits, high byte", FRAME_BINARY, 0x1234, SPAN_INIT("\x82\x7e\x12\x34")},
    {"longest of 16 bits", FRAME_BINARY, 65535, SPAN_INIT("\x82\x7e\xff\xff")},
    {"shortest of 64 bits", FRAME_TEXT, 65536, SPAN_INIT("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00")},
    {"64 bits, all low bytes", FRAME_BINARY, 0x123456, SPAN_INIT("\x82\x7f\x00\x00\x00\x00\x00\x12\x34\x56")},
};
// clang-format on

static struct span packet_of(size_t len)
{
    char *bytes = malloc(len + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 31 + 7);
    return (struct span){bytes, len};
}

static void writes_the_header(void **state)
{
    const struct header_row *row = *state;
    struct span packet = packet_of(row->len);
    struct frame *frame = frame_new(row->kind, packet);
    struct span wire = frame_wire(frame);

    assert_int_equal(frame_kind_of(frame), row->kind);
    assert_bytes(frame_packet(frame), packet);
    assert_int_equal(wire.len, row->header.len + row->len);
    assert_bytes(((struct span){wire.ptr, row->header.len}), row->header);
    assert_bytes(span_skip(wire, row->header.len), packet);
    assert_null(frame_next(frame));
    frame_unref(frame);
    free((void *)packet.ptr);
}

static void may_turn_out_shorter(void **state)
{
    char *at;
    struct frame *frame = frame_begin(FRAME_TEXT, 70000, &at);

    (void)state;
    memcpy(at, "4hi", 3);
    frame_finish(frame, 3);
    assert_span(frame_packet(frame), "4hi");
    assert_span(frame_wire(frame), "\x81\x03"
                                   "4hi");
    frame_unref(frame);
}

static void lives_as_long_as_its_last_reference(void **state)
{
    struct frame *frame = frame_new(FRAME_TEXT, SPAN_LIT("4a"));
    struct span packet = frame_packet(frame);

    (void)state;
    assert_ptr_equal(frame_ref(frame), frame);
    frame_unref(frame);
    assert_span(packet, "4a");
    frame_unref(frame);
    frame_unref(NULL);
}

static void chains_in_order(void **state)
{
    struct frame *first = frame_new(FRAME_TEXT, SPAN_LIT("first"));
    struct frame *second = frame_new(FRAME_BINARY, SPAN_LIT("second"));

    (void)state;
    frame_follow(second, frame_new(FRAME_BINARY, SPAN_LIT("third")));
    frame_follow(first, second);
    frame_follow(first, frame_new(FRAME_BINARY, SPAN_LIT("fourth")));
    assert_ptr_equal(frame_next(first), second);
    assert_span(frame_packet(frame_next(second)), "third");
    assert_span(frame_packet(frame_next(frame_next(second))), "fourth");
    assert_null(frame_next(frame_next(frame_next(second))));
    frame_unref(first);
}

// One that is held by itself outlives those before it, and keeps those behind it.
static void a_follower_may_stay_behind(void **state)
{
    struct frame *first = frame_new(FRAME_TEXT, SPAN_LIT("first"));

    (void)state;
    frame_follow(first, frame_new(FRAME_BINARY, SPAN_LIT("second")));
    frame_follow(first, frame_new(FRAME_BINARY, SPAN_LIT("third")));
    struct frame *second = frame_ref(frame_next(first));
    frame_unref(first);
    assert_span(frame_packet(second), "second");
    assert_span(frame_packet(frame_next(second)), "third");
    frame_unref(second);
}

// However many wait for it, a frame is paid for once, and with all that it holds.
static void is_charged_once(void **state)
{
    struct memory_budget budget;
    struct ws_deflater *deflater = ws_deflater_new(15);
    struct span packet = packet_of(5000);
    struct frame *frame;

    (void)state;
    memset((char *)packet.ptr, 'a', packet.len);
    frame = frame_new(FRAME_TEXT, packet);
    memory_budget_init(&budget, 6000);
    assert_true(frame_charge(frame, &budget));
    assert_true(frame_charge(frame, &budget));
    frame_charge_anyway(frame, &budget);
    assert_int_equal(budget.total, frame_cost(frame));
    assert_true(frame_cost(frame) > packet.len + sizeof(void *));
    (void)frame_compressed_wire(frame, deflater);
    assert_true(budget.total > frame_cost(frame));

    struct frame *other = frame_new(FRAME_TEXT, packet);
    assert_false(frame_charge(other, &budget));
    frame_charge_anyway(other, &budget);
    assert_true(budget.total > 2 * packet.len);
    frame_unref(other);
    frame_unref(frame_ref(frame));
    assert_true(budget.total > packet.len);
    frame_unref(frame);
    assert_int_equal(budget.total, 0);
    ws_deflater_free(deflater);
    free((void *)packet.ptr);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(headers) + 5];
    size_t count = 0;

    ADD_ROWS(tests, count, headers, writes_the_header);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(may_turn_out_shorter);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(lives_as_long_as_its_last_reference);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(chains_in_order);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_follower_may_stay_behind);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(is_charged_once);
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
