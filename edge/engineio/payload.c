#include "edge/engineio/payload.h"

#include "common/json_string.h"
#include "common/percent.h"
#include "common/utf8.h"
#include "edge/http/query.h"

#define SEPARATOR         '\x1e'
#define LENGTH_DIGITS_MAX 9 // far above every limit of a payload
#define END_OF_LENGTH     0xff

// ---- revision 3: lengths -----------------------------------------------------------------------

static bool take_length(struct span *rest, unsigned char zero, unsigned char end, size_t *length)
{
    size_t digits = 0;

    *length = 0;
    for (; digits < rest->len; digits++) {
        unsigned char c = (unsigned char)rest->ptr[digits];
        if (c == end)
            break;
        if (c < zero || c > zero + 9 || digits == LENGTH_DIGITS_MAX)
            return false;
        *length = *length * 10 + (size_t)(c - zero);
    }
    if (digits == 0 || digits == rest->len)
        return false;
    *rest = span_skip(*rest, digits + 1);
    return true;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

// UTF-16 needs a pair for what UTF-8 writes in four bytes.
static size_t utf16_units(char lead)
{
    return (unsigned char)lead >= 0xf0 ? 2 : 1;
}

static size_t utf16_length(struct span text)
{
    size_t units = 0;

    for (size_t i = 0; i < text.len; i++)
        if (!is_continuation(text.ptr[i]))
            units += utf16_units(text.ptr[i]);
    return units;
}

// How many bytes of `text` make `units` UTF-16 units. text.len + 1, which no record can have, if
// the text is too short or the last unit is half of a pair.
static size_t bytes_of_utf16(struct span text, size_t units)
{
    size_t i = 0;

    while (units > 0 && i < text.len) {
        size_t step = utf16_units(text.ptr[i]);
        if (step > units)
            return text.len + 1;
        units -= step;
        do
            i++;
        while (i < text.len && is_continuation(text.ptr[i]));
    }
    return units > 0 ? text.len + 1 : i;
}

// ---- decoding ----------------------------------------------------------------------------------

static bool take_record(struct span *rest, size_t len, struct span *record)
{
    if (len > rest->len)
        return false;
    *record = (struct span){rest->ptr, len};
    *rest = span_skip(*rest, len);
    return true;
}

static bool take_v3_text(struct span *rest, struct span *record)
{
    size_t units;

    return take_length(rest, '0', ':', &units) &&
           take_record(rest, bytes_of_utf16(*rest, units), record);
}

static bool take_v3_binary(struct span *rest, enum frame_kind *kind, struct span *record)
{
    size_t len;
    char first = rest->ptr[0];

    if (first != 0 && first != 1)
        return false;
    *kind = first == 0 ? FRAME_TEXT : FRAME_BINARY;
    *rest = span_skip(*rest, 1);
    return take_length(rest, 0, END_OF_LENGTH, &len) && take_record(rest, len, record);
}

static bool take_any(enum eio_payload_form form, struct span *rest, enum frame_kind *kind,
                     struct span *record)
{
    *kind = FRAME_TEXT;
    if (form == PAYLOAD_V4)
        return span_take_until(rest, SEPARATOR, record);
    if (form == PAYLOAD_V3_TEXT)
        return take_v3_text(rest, record);
    return take_v3_binary(rest, kind, record);
}

// In revision 4 packets are separated, not ended: a separator at the end of a payload is followed
// by one more packet, which is empty and so malformed.
static bool is_used_up(enum eio_payload_form form, struct span rest)
{
    return form == PAYLOAD_V4 ? !rest.ptr : rest.len == 0;
}

enum eio_payload_status eio_payload_take(enum eio_payload_form form, struct span *rest,
                                         struct buffer *scratch, struct eio_packet *out)
{
    unsigned version = form == PAYLOAD_V4 ? 4 : 3;
    enum frame_kind kind;
    struct span record;

    do {
        if (is_used_up(form, *rest))
            return PAYLOAD_END;
        if (!take_any(form, rest, &kind, &record))
            return PAYLOAD_MALFORMED;
    } while (version == 3 && record.len == 0); // "0:" is tolerated
    // Text that came over a WebSocket was checked by ws_receiver_next(); a POST's was not.
    if (kind == FRAME_TEXT && !utf8_valid(record))
        return PAYLOAD_MALFORMED;
    if (!eio_packet_decode(version, kind, record, scratch, out))
        return PAYLOAD_MALFORMED;
    return PAYLOAD_PACKET;
}

// ---- encoding ----------------------------------------------------------------------------------

static void append_v4(enum frame_kind kind, struct span packet, struct buffer *out)
{
    if (out->len > 0)
        buffer_append_char(out, SEPARATOR);
    if (kind == FRAME_BINARY)
        eio_packet_append_base64(4, packet, out);
    else
        buffer_append(out, packet);
}

static void append_v3_text(enum frame_kind kind, struct span packet, struct buffer *out)
{
    if (kind == FRAME_TEXT) {
        buffer_append_uint(out, utf16_length(packet));
        buffer_append_char(out, ':');
        buffer_append(out, packet);
        return;
    }
    buffer_append_uint(out, 2 + (packet.len + 2) / 3 * 4); // "b4" and base64
    buffer_append_char(out, ':');
    eio_packet_append_base64(3, packet, out);
}

static void append_digits_as_bytes(size_t n, struct buffer *out)
{
    size_t from = out->len;

    buffer_append_uint(out, n);
    for (size_t i = from; i < out->len; i++)
        out->ptr[i] = (char)(out->ptr[i] - '0');
}

static void append_v3_binary(enum frame_kind kind, struct span packet, struct buffer *out)
{
    bool binary = kind == FRAME_BINARY;

    buffer_append_char(out, binary ? 1 : 0);
    append_digits_as_bytes(packet.len + binary, out);
    buffer_append_char(out, (char)END_OF_LENGTH);
    if (binary)
        buffer_append_char(out, EIO_MESSAGE);
    buffer_append(out, packet);
}

uint32_t eio_payload_encode(enum eio_payload_form form, const struct outbox *outbox,
                            const char *last, struct buffer *out)
{
    static void (*const append[])(enum frame_kind kind, struct span packet, struct buffer * out) = {
        [PAYLOAD_V4] = append_v4,
        [PAYLOAD_V3_TEXT] = append_v3_text,
        [PAYLOAD_V3_BINARY] = append_v3_binary,
    };

    uint32_t max = EIO_PAYLOAD_PACKETS_MAX - (last ? 1 : 0), n = 0;

    for (; n < outbox->count && n < max; n++) {
        struct frame *frame = outbox_at(outbox, n);
        size_t before = out->len;
        append[form](frame_kind_of(frame), frame_packet(frame), out);
        if (n > 0 && out->len > EIO_PAYLOAD_BYTES_MAX) {
            out->len = before;
            break;
        }
    }
    if (last)
        append[form](FRAME_TEXT, span_of(last), out);
    return n;
}

// ---- JSONP -------------------------------------------------------------------------------------

static void append_javascript(struct span text, struct buffer *out)
{
    struct buffer json = {0};

    json_string_append(&json, text);
    // U+2028 and U+2029 end a line in JavaScript, but not in JSON.
    for (size_t i = 0; i < json.len; i++) {
        struct span here = span_skip(buffer_span(&json), i);
        if (span_starts_with(here, SPAN_LIT("\xe2\x80\xa8")) ||
            span_starts_with(here, SPAN_LIT("\xe2\x80\xa9"))) {
            buffer_append(out, here.ptr[2] == '\xa8' ? SPAN_LIT("\\u2028") : SPAN_LIT("\\u2029"));
            i += 2;
        } else {
            buffer_append_char(out, here.ptr[0]);
        }
    }
    buffer_fini(&json);
}

void eio_jsonp_wrap(struct span j, struct span payload, struct buffer *out)
{
    buffer_append(out, SPAN_LIT("___eio["));
    for (size_t i = 0; i < j.len && i < LENGTH_DIGITS_MAX; i++)
        if (j.ptr[i] >= '0' && j.ptr[i] <= '9')
            buffer_append_char(out, j.ptr[i]);
    buffer_append(out, SPAN_LIT("]("));
    append_javascript(payload, out);
    buffer_append(out, SPAN_LIT(");"));
}

// Browsers change newlines in forms, so the client sends a newline as the two characters \n, and a
// \n that is part of the message as \\n.
static void unescape_newlines(struct span text, struct buffer *out)
{
    for (size_t i = 0; i < text.len; i++) {
        struct span here = span_skip(text, i);
        if (span_starts_with(here, SPAN_LIT("\\\\n"))) {
            buffer_append(out, SPAN_LIT("\\n"));
            i += 2;
        } else if (span_starts_with(here, SPAN_LIT("\\n"))) {
            buffer_append_char(out, '\n');
            i += 1;
        } else {
            buffer_append_char(out, here.ptr[0]);
        }
    }
}

bool eio_jsonp_unwrap(struct span form, struct buffer *payload)
{
    struct buffer decoded = {0};
    struct span field;
    bool ok = query_find(form, "d", &field) && percent_decode(field, true, &decoded);

    if (ok)
        unescape_newlines(buffer_span(&decoded), payload);
    buffer_fini(&decoded);
    return ok;
}
