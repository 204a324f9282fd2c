// A server with several sessions, driven by the bytes: each operation is one byte and its argument
// another, texts a length and the bytes. Whatever happens, the books must balance and each session
// must get what was sent to it once and in order.
#include <assert.h>
#include <stdint.h>

#include "common/random.h"
#include "tests/unit/fake_engine.h"

#define SESSIONS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct fake_engine *fake;
    struct span in;
    char mark[RANDOM_ID_LEN + 1]; // begins the server's own messages; no input can know it
    char sids[SESSIONS_MAX][32];  // of all that opened
    unsigned opened;
    unsigned sent[SESSIONS_MAX], seen[SESSIONS_MAX];
};

static uint8_t take_byte(struct world *world)
{
    if (world->in.len == 0)
        return 0;
    uint8_t byte = (uint8_t)world->in.ptr[0];
    world->in = span_skip(world->in, 1);
    return byte;
}

static struct span take_text(struct world *world)
{
    size_t len = take_byte(world);

    if (len > world->in.len)
        len = world->in.len;
    struct span text = {world->in.ptr, len};
    world->in = span_skip(world->in, len);
    return text;
}

// The packets that make things happen come often.
static struct span take_packet(struct world *world)
{
    static const struct span usual[] = {
        SPAN_INIT("2probe"),
        SPAN_INIT("5"),
        SPAN_INIT("3"),
        SPAN_INIT("4hi"),
        SPAN_INIT("2"),
        SPAN_INIT("1"),
        SPAN_INIT("bAQI="),
        SPAN_INIT("4a\x1e"
                  "4b"),
        SPAN_INIT("3:4hi"),
    };
    uint8_t choice = take_byte(world);

    return choice < ARRAY_LEN(usual) ? usual[choice] : take_text(world);
}

static struct span take_query(struct world *world, struct buffer *out)
{
    static const char *const queries[] = {
        "EIO=4&transport=websocket",         "EIO=4&transport=polling",
        "EIO=4&transport=websocket&sid=$",   "EIO=4&transport=polling&sid=$",
        "EIO=3&transport=websocket",         "EIO=3&transport=polling",
        "EIO=3&transport=polling&b64=1",     "EIO=4&transport=websocket&b64=1",
        "EIO=3&transport=polling&j=0&sid=$", "transport=polling",
    };
    uint8_t choice = take_byte(world), whose = take_byte(world);
    const char *sid = world->opened ? world->sids[whose % world->opened] : "none";

    for (const char *at = queries[choice % ARRAY_LEN(queries)]; *at; at++)
        buffer_append(out, *at == '$' ? span_of(sid) : (struct span){at, 1});
    return buffer_span(out);
}

static void note_opened(struct world *world)
{
    struct eio_metrics *metrics = &world->fake->metrics;
    uint64_t opened =
        metric_get(&metrics->handshakes_polling) + metric_get(&metrics->handshakes_websocket);

    if (opened == world->opened)
        return;
    assert(opened == world->opened + 1);
    memcpy(world->sids[world->opened++], world->fake->sid, sizeof(world->sids[0]));
}

static void open_websocket(struct world *world, int who)
{
    struct buffer query = {0};

    take_query(world, &query);
    if (!world->fake->websockets[who].open)
        (void)!fake_websocket_open(world->fake, who, buffer_span(&query));
    note_opened(world);
    buffer_fini(&query);
}

static void request(struct world *world, int who, enum http_method method)
{
    struct buffer query = {0};
    bool binary = take_byte(world) & 1;
    struct span body = method == HTTP_POST ? take_packet(world) : (struct span){NULL, 0};

    take_query(world, &query);
    if (!world->fake->exchanges[who].waits)
        fake_request(world->fake, who, method, buffer_span(&query), body,
                     binary ? "application/octet-stream" : NULL);
    note_opened(world);
    buffer_fini(&query);
}

// A numbered text; and now and then a binary message behind it, as attachments are sent.
static void server_sends(struct world *world, bool with_attachment)
{
    unsigned to = world->opened - 1;
    char text[64];

    if (!world->fake->session)
        return;
    snprintf(text, sizeof(text), "4%s%u:%u;", world->mark, to, world->sent[to]++);
    struct frame *frame = frame_new(FRAME_TEXT, span_of(text));
    if (with_attachment)
        frame_follow(frame, frame_new(FRAME_BINARY, SPAN_LIT("\x01\x02")));
    eio_session_send(world->fake->session, frame);
    frame_unref(frame);
}

static void check_order(struct world *world)
{
    struct span rest = buffer_span(&world->fake->sent);
    struct span mark = span_of(world->mark);
    const char *at;

    while (rest.len > 0 && (at = memmem(rest.ptr, rest.len, mark.ptr, mark.len))) {
        unsigned session, number;
        char *tail = span_dup((struct span){at, (size_t)(rest.ptr + rest.len - at)});
        assert(sscanf(tail + mark.len, "%u:%u;", &session, &number) == 2);
        free(tail);
        assert(session < world->opened && number == world->seen[session]);
        world->seen[session]++;
        rest = span_skip(rest, (size_t)(at - rest.ptr) + mark.len);
    }
    buffer_clear(&world->fake->sent);
    buffer_clear(&world->fake->heard);
}

static void check_books(struct world *world)
{
    struct fake_engine *fake = world->fake;

    assert(eio_server_session_count(fake->server) == fake->open_sessions);
    assert(metric_get(&fake->metrics.sessions) == fake->open_sessions);
    assert(metric_get(&fake->metrics.sessions_websocket) <= fake->open_sessions);
    check_order(world);
}

static void change_handlers(struct fake_engine *fake, uint8_t which)
{
    fake->echoes = which & 1;
    fake->forbids = (which & 6) == 6;
    fake->closes_at_once = (which & 24) == 24;
    if (which == 255)
        eio_server_refuse_new(fake->server);
}

static void websocket_step(struct world *world, uint8_t operation, int who)
{
    struct fake_websocket *websocket = &world->fake->websockets[who];
    struct span packet = operation == 1 || operation == 2 ? take_packet(world) : SPAN_LIT("");

    if (operation == 0)
        open_websocket(world, who);
    else if (!websocket->open)
        return;
    else if (operation <= 2)
        fake_websocket_says(world->fake, who, operation == 1 ? FRAME_TEXT : FRAME_BINARY, packet);
    else if (operation == 3)
        websocket->backlog = true; // frames that are cut, test_eio_session has: here their pieces
                                   // would lie among those of other sessions
    else if (operation == 4)
        fake_websocket_drained(world->fake, who);
    else
        fake_websocket_gone(world->fake, who);
}

static void server_step(struct world *world, uint8_t operation, uint8_t argument)
{
    struct fake_engine *fake = world->fake;

    if (operation == 10 || operation == 11)
        server_sends(world, operation == 11);
    else if (operation == 12 && fake->session)
        eio_session_close(fake->session, (enum eio_close_reason)(argument % EIO_CLOSE_REASONS));
    else if (operation == 13)
        fake_turn(fake, argument * 16u);
    else if (operation == 14)
        eio_server_flush(fake->server);
    else if (operation == 15)
        change_handlers(fake, argument);
}

static void step(struct world *world)
{
    uint8_t operation = take_byte(world) % 16, argument = take_byte(world);
    int who = argument % FAKE_EXCHANGES;

    if (operation <= 5)
        websocket_step(world, operation, argument % FAKE_WEBSOCKETS);
    else if (operation <= 8)
        request(world, who, operation == 6 ? HTTP_GET : operation == 7 ? HTTP_POST : HTTP_OTHER);
    else if (operation == 9 && world->fake->exchanges[who].waits)
        fake_abort(world->fake, who);
    else
        server_step(world, operation, argument);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct eio_options options = {
        .ping_interval_ms = 1000,
        .ping_timeout_ms = 500,
        .upgrade_timeout_ms = 700,
        .max_payload = 256,
        .max_outbox_bytes = 1024,
        .max_sessions = 8,
        .allow_eio3 = true,
    };
    struct world world = {.fake = fake_engine_new(&options), .in = {(const char *)data, size}};

    random_id(world.mark);
    while (world.in.len > 0 && world.opened < SESSIONS_MAX) {
        step(&world);
        check_books(&world);
    }
    fake_engine_free(world.fake);
    return 0;
}
