// A fake of what surrounds an Engine.IO server: WebSockets and HTTP exchanges that record what the
// server does with them, and handlers that record what it tells the layer above. What the contract
// forbids (a write to a busy or closed WebSocket, a second reply) fails an assert.
#pragma once

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/buffer.h"
#include "edge/engineio/engineio_internal.h"
#include "edge/engineio/server.h"
#include "edge/engineio/session.h"
#include "edge/engineio/websocket.h"
#include "tests/unit/websocket_open.h"

#define FAKE_WEBSOCKETS 4
#define FAKE_EXCHANGES  12
#define FAKE_PIECES     8 // of a write, which are remembered

struct fake_websocket {
    struct eio_websocket engine;
    struct buffer *sent; // `sent` of the fake engine
    struct buffer wrote; // readable: frames of a write joined by '+', '|' after each write
    uint32_t pieces;     // of the last write
    const char *last_write[FAKE_PIECES]; // where they are
    bool open;                           // the server has taken it
    bool closed;                         // the server has closed it, with close_code
    bool backlog;                        // it takes nothing now
    bool takes_less;                     // it takes only `takes` bytes of a write
    size_t takes;
    struct buffer begun; // a frame that is not complete yet
    bool wants_writable;
    unsigned close_code;
};

struct fake_exchange {
    struct http_exchange exchange;
    struct http_request request;
    const char *content_type; // of the request
    const char *origin;       // of the request, or NULL
    struct buffer *sent;      // `sent` of the fake engine
    bool waits;
    unsigned status; // of the reply; 0: none yet
    struct buffer body, head;
};

struct fake_engine {
    struct deadlines clock;
    struct eio_server *server;
    struct eio_metrics metrics;
    struct eio_options options;
    struct fake_websocket websockets[FAKE_WEBSOCKETS];
    struct fake_exchange exchanges[FAKE_EXCHANGES];
    struct eio_session *session; // the last one that opened; NULL: none is open
    char sid[32];                // of that session; kept when it closes
    unsigned open_sessions;
    struct buffer sent;   // the bytes of all writes and reply bodies, in order
    struct buffer heard;  // what the handlers were told: "open ", "text:hi ", …
    const char *peer;     // address of the requests
    const char *origin;   // Origin of the requests
    bool forbids;         // allow_request returns false
    unsigned asked;       // how often allow_request was called
    bool echoes;          // each message is sent back
    bool compresses;      // WebSockets take compressed frames
    bool closes_at_once;  // on_open closes the session
    bool keeps_strangers; // on_open does not admit the session
};

// Length of the frame at the front of `rest`; SIZE_MAX if its header is not complete.
static inline size_t fake_frame_len(struct span rest)
{
    const unsigned char *at = (const unsigned char *)rest.ptr;
    size_t header = rest.len < 2 ? 2 : at[1] < 126 ? 2 : at[1] == 126 ? 4 : 10;
    size_t len = 0;

    if (rest.len < header)
        return SIZE_MAX;
    if (header == 2)
        return header + at[1];
    for (size_t i = 2; i < header; i++)
        len = len * 256 + at[i];
    return header + len;
}

static inline void fake_append_frame(struct buffer *out, struct span *rest)
{
    const unsigned char *at = (const unsigned char *)rest->ptr;
    size_t header = at[1] < 126 ? 2 : at[1] == 126 ? 4 : 10, len = at[1] < 126 ? at[1] : 0;

    assert(rest->len >= header && (at[0] == 0x81 || at[0] == 0x82) && at[1] <= 127);
    for (size_t i = 2; i < header; i++)
        len = len * 256 + at[i];
    assert(rest->len >= header + len);
    if (at[0] == 0x82)
        buffer_append(out, SPAN_LIT("bin:"));
    buffer_append(out, (struct span){rest->ptr + header, len});
    *rest = span_skip(*rest, header + len);
}

static inline bool fake_can_write(struct eio_websocket *engine)
{
    struct fake_websocket *self = container_of(engine, struct fake_websocket, engine);

    return !self->backlog && !self->closed;
}

// A frame that comes in pieces is recorded with its last byte.
static inline void fake_note_frames(struct fake_websocket *self, struct span bytes)
{
    struct span rest;

    buffer_append(&self->begun, bytes);
    rest = buffer_span(&self->begun);
    for (bool first = true; fake_frame_len(rest) <= rest.len && rest.len > 0; first = false) {
        if (!first)
            buffer_append_char(&self->wrote, '+');
        fake_append_frame(&self->wrote, &rest);
    }
    buffer_append_char(&self->wrote, '|');
    memmove(self->begun.ptr, rest.ptr, rest.len);
    self->begun.len = rest.len;
    if (rest.len == 0)
        buffer_fini(&self->begun);
}

// The clock of servers whose options name fake_read_us(). Each write takes fake_write_us of it.
static uint64_t fake_now_us;
static uint64_t fake_write_us;

static inline uint64_t fake_read_us(void)
{
    return fake_now_us;
}

static inline size_t fake_write(struct eio_websocket *engine, const struct span *pieces,
                                uint32_t count)
{
    struct fake_websocket *self = container_of(engine, struct fake_websocket, engine);
    struct buffer bytes = {0};

    assert(count > 0 && count <= WRITE_BATCH_MAX_FRAMES);
    for (uint32_t i = 0; i < count; i++)
        buffer_append(&bytes, pieces[i]);
    assert(fake_can_write(engine) && bytes.len > 0);
    self->pieces = count;
    for (uint32_t i = 0; i < count && i < FAKE_PIECES; i++)
        self->last_write[i] = pieces[i].ptr;
    fake_now_us += fake_write_us;
    if (self->takes_less && bytes.len > self->takes) {
        bytes.len = self->takes;
        self->backlog = true;
        self->wants_writable = true;
    }
    size_t taken = bytes.len;
    buffer_append(self->sent, buffer_span(&bytes));
    fake_note_frames(self, buffer_span(&bytes));
    buffer_fini(&bytes);
    return taken;
}

static inline void fake_want_writable(struct eio_websocket *engine)
{
    struct fake_websocket *self = container_of(engine, struct fake_websocket, engine);

    assert(!self->closed);
    self->wants_writable = true;
}

static inline void fake_close(struct eio_websocket *engine, unsigned code)
{
    struct fake_websocket *self = container_of(engine, struct fake_websocket, engine);

    assert(!self->closed);
    self->closed = true;
    self->close_code = code;
}

static const struct eio_websocket_ops fake_websocket_ops = {
    .can_write = fake_can_write,
    .write = fake_write,
    .want_writable = fake_want_writable,
    .close = fake_close,
};

static inline void fake_reply(struct http_exchange *exchange, const struct http_reply *reply)
{
    struct fake_exchange *self = container_of(exchange, struct fake_exchange, exchange);

    assert(self->waits && reply->status >= 200);
    self->waits = false;
    self->status = reply->status;
    buffer_append(self->sent, reply->body);
    buffer_append(&self->body, reply->body);
    buffer_append(&self->head, span_of(reply->content_type));
    for (const char *const *text = reply->headers; text && *text; text++)
        buffer_printf(&self->head, " %s", *text);
}

static const struct http_exchange_ops fake_exchange_ops = {.reply = fake_reply};

static inline struct span fake_header(const struct http_request *request, const char *name)
{
    const struct fake_exchange *self = container_of(request, struct fake_exchange, request);

    if (strcmp(name, "Origin") == 0)
        return span_of(self->origin);
    return strcmp(name, "Content-Type") == 0 ? span_of(self->content_type) : (struct span){NULL, 0};
}

static inline bool fake_allow_request(const struct http_request *request, void *arg)
{
    struct fake_engine *fake = arg;

    assert(request->query.ptr);
    fake->asked++;
    return !fake->forbids;
}

static inline void fake_on_open(struct eio_session *session, const struct http_request *request,
                                void *arg)
{
    struct fake_engine *fake = arg;

    assert(request->query.ptr && eio_session_is_open(session));
    fake->session = session;
    fake->open_sessions++;
    snprintf(fake->sid, sizeof(fake->sid), "%s", session->sid);
    eio_session_set_data(session, fake);
    buffer_append(&fake->heard, SPAN_LIT("open "));
    if (!fake->keeps_strangers)
        eio_session_admit(session);
    if (fake->closes_at_once)
        eio_session_close(session, EIO_FORCED_CLOSE);
}

static inline void fake_echo(struct eio_session *session, enum frame_kind kind, struct span bytes)
{
    char *at;
    size_t type = kind == FRAME_TEXT;
    struct frame *frame = frame_begin(kind, type + bytes.len, &at);

    if (kind == FRAME_TEXT)
        at[0] = '4';
    if (bytes.len > 0)
        memcpy(at + type, bytes.ptr, bytes.len);
    frame_finish(frame, type + bytes.len);
    eio_session_send(session, frame);
    frame_unref(frame);
}

static inline void fake_on_message(struct eio_session *session, enum frame_kind kind,
                                   struct span bytes, void *arg)
{
    struct fake_engine *fake = arg;

    assert(eio_session_data(session) == fake && eio_session_is_open(session));
    buffer_append(&fake->heard, kind == FRAME_TEXT ? SPAN_LIT("text:") : SPAN_LIT("bin:"));
    buffer_append(&fake->heard, bytes);
    buffer_append_char(&fake->heard, ' ');
    if (fake->echoes)
        fake_echo(session, kind, bytes);
}

static inline void fake_on_refused(struct eio_session *session, enum frame_kind kind,
                                   struct span bytes, void *arg)
{
    struct fake_engine *fake = arg;

    (void)session;
    buffer_append(&fake->heard,
                  kind == FRAME_TEXT ? SPAN_LIT("refused:") : SPAN_LIT("refused-bin:"));
    buffer_append(&fake->heard, bytes);
    buffer_append_char(&fake->heard, ' ');
}

static inline void fake_on_close(struct eio_session *session, enum eio_close_reason reason,
                                 void *arg)
{
    struct fake_engine *fake = arg;

    assert(eio_session_data(session) == fake && !eio_session_is_open(session));
    eio_session_set_data(session, NULL); // a second call would fail the assert
    fake->open_sessions--;
    if (fake->session == session)
        fake->session = NULL;
    buffer_printf(&fake->heard, "close:%s ", eio_close_reason_str(reason));
}

static inline struct fake_engine *fake_engine_new(const struct eio_options *options)
{
    struct fake_engine *fake = calloc(1, sizeof(*fake));
    struct eio_handlers handlers = {.allow_request = fake_allow_request,
                                    .on_open = fake_on_open,
                                    .on_message = fake_on_message,
                                    .on_refused = fake_on_refused,
                                    .on_close = fake_on_close,
                                    .arg = fake};

    assert(fake);
    fake->options = *options;
    deadlines_init(&fake->clock, 1000000);
    fake->server = eio_server_new(options, &handlers, &fake->clock, &fake->metrics);
    return fake;
}

// The place `who` must be free. Returns false if the server does not take the WebSocket.
static inline bool fake_websocket_open(struct fake_engine *fake, int who, struct span query)
{
    struct fake_websocket *self = &fake->websockets[who];
    struct fake_exchange request = {.request = {.method = HTTP_GET,
                                                .query = query,
                                                .peer = span_of(fake->peer),
                                                .header = fake_header}};

    assert(!self->open);
    buffer_fini(&self->wrote);
    buffer_fini(&self->begun);
    *self = (struct fake_websocket){.sent = &fake->sent};
    self->open = websocket_open(&self->engine, fake->server, &fake_websocket_ops, &request.request,
                                fake->compresses);
    return self->open;
}

static inline void fake_websocket_says(struct fake_engine *fake, int who, enum frame_kind kind,
                                       struct span bytes)
{
    assert(fake->websockets[who].open);
    eio_websocket_on_message(&fake->websockets[who].engine, kind, bytes);
}

static inline void fake_websocket_gone(struct fake_engine *fake, int who)
{
    struct fake_websocket *self = &fake->websockets[who];

    assert(self->open);
    self->open = false;
    self->closed = true;
    eio_websocket_on_closed(&self->engine);
    eio_websocket_fini(&self->engine);
    memset(&self->engine, 0xee, sizeof(self->engine)); // the listener may reuse its memory
}

static inline void fake_websocket_drained(struct fake_engine *fake, int who)
{
    struct fake_websocket *self = &fake->websockets[who];

    assert(self->open);
    self->backlog = false;
    if (self->wants_writable && !self->closed) {
        self->wants_writable = false;
        eio_websocket_on_writable(&self->engine);
    }
}

static inline void fake_request(struct fake_engine *fake, int who, enum http_method method,
                                struct span query, struct span body, const char *content_type)
{
    struct fake_exchange *self = &fake->exchanges[who];

    assert(!self->waits);
    buffer_fini(&self->body);
    buffer_fini(&self->head);
    *self = (struct fake_exchange){
        .exchange = {.ops = &fake_exchange_ops, .request = &self->request},
        .request = {.method = method,
                    .query = query,
                    .body = body,
                    .peer = span_of(fake->peer),
                    .header = fake_header},
        .content_type = content_type,
        .origin = fake->origin,
        .sent = &fake->sent,
        .waits = true,
    };
    eio_server_on_http(fake->server, &self->exchange);
    self->exchange.request = NULL;
}

static inline void fake_abort(struct fake_engine *fake, int who)
{
    struct fake_exchange *self = &fake->exchanges[who];

    assert(self->waits);
    self->waits = false;
    if (self->exchange.on_abort)
        self->exchange.on_abort(self->exchange.holder);
    memset(&self->exchange, 0xee, sizeof(self->exchange));
}

// Returns `text` with the session's id in place of each '$'. The caller frees it.
static inline struct span fake_with_sid(const struct fake_engine *fake, const char *text)
{
    struct buffer out = {0};

    buffer_append(&out, SPAN_LIT(""));
    for (; *text; text++)
        if (*text == '$')
            buffer_append(&out, span_of(fake->sid));
        else
            buffer_append_char(&out, *text);
    return buffer_span(&out);
}

// Sends a packet to the session that opened last.
static inline void fake_send(struct fake_engine *fake, enum frame_kind kind, struct span packet)
{
    struct frame *frame = frame_new(kind, packet);

    if (fake->session)
        eio_session_send(fake->session, frame);
    frame_unref(frame);
}

// One turn of the loop: time passes, due deadlines run, everything is written.
static inline void fake_turn(struct fake_engine *fake, uint64_t ms)
{
    deadlines_run(&fake->clock, fake->clock.now_ms + ms);
    eio_server_flush(fake->server);
}

static inline uint64_t fake_count_closed(const struct fake_engine *fake)
{
    uint64_t count = 0;

    for (int reason = 0; reason < EIO_CLOSE_REASONS; reason++)
        count += metric_get(&fake->metrics.closed[reason]);
    return count;
}

// Whatever a test did, the counts must agree: each session that opened has closed, and each
// exchange was answered.
static inline void fake_engine_free(struct fake_engine *fake)
{
    struct eio_metrics *metrics = &fake->metrics;

    eio_server_close_some(fake->server, SIZE_MAX, EIO_SHUTTING_DOWN);
    eio_server_flush(fake->server);
    for (int i = 0; i < FAKE_WEBSOCKETS; i++) {
        if (fake->websockets[i].open) {
            assert(fake->websockets[i].closed);
            fake_websocket_gone(fake, i);
        }
        buffer_fini(&fake->websockets[i].wrote);
        buffer_fini(&fake->websockets[i].begun);
    }
    for (int i = 0; i < FAKE_EXCHANGES; i++) {
        assert(!fake->exchanges[i].waits);
        buffer_fini(&fake->exchanges[i].body);
        buffer_fini(&fake->exchanges[i].head);
    }
    assert(fake->open_sessions == 0 && eio_server_session_count(fake->server) == 0);
    assert(metric_get(&metrics->sessions) == 0 && metric_get(&metrics->sessions_websocket) == 0);
    assert(metric_get(&metrics->handshakes_polling) + metric_get(&metrics->handshakes_websocket) ==
           fake_count_closed(fake));
    eio_server_free(fake->server);
    assert(list_empty(&fake->clock.queues));
    buffer_fini(&fake->heard);
    buffer_fini(&fake->sent);
    free(fake);
}
