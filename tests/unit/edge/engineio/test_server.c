#include "tests/unit/fake_engine.h"
#include "tests/unit/unit.h"

#define WEBSOCKET "EIO=4&transport=websocket"
#define POLLING   "EIO=4&transport=polling"
#define TO_SID    "EIO=4&transport=polling&sid=$"
#define PROBE     "EIO=4&transport=websocket&sid=$"

static const struct eio_options options = {
    .ping_interval_ms = 300,
    .ping_timeout_ms = 200,
    .upgrade_timeout_ms = 1000,
    .max_payload = 1000,
    .max_outbox_bytes = 1 << 20,
    .allow_eio3 = true,
};

struct refusal_row {
    const char *name;
    enum http_method method;
    const char *query; // '$': the sid of a session on polling; '#': of one on a WebSocket
    unsigned status;
    const char *body;
    int code; // under which it is counted
    bool forbids;
    const char *origin; // NULL: none
};

// clang-format off
#define REFUSES(code, message) REFUSES_OF(NULL, code, message)
#define REFUSES_OF(origin, code, message) 400, "{\"code\":" #code ",\"message\":\"" message "\"}", code, false, origin
static const struct refusal_row refusals[] = {
    {"no query", HTTP_GET, "", REFUSES(0, "Transport unknown")},
    {"no transport", HTTP_GET, "EIO=4", REFUSES(0, "Transport unknown")},
    {"empty transport", HTTP_GET, "EIO=4&transport=", REFUSES(0, "Transport unknown")},
    {"unknown transport", HTTP_GET, "EIO=4&transport=abc", REFUSES(0, "Transport unknown")},
    {"transport named like a property", HTTP_GET, "EIO=4&transport=constructor", REFUSES(0, "Transport unknown")},
    {"transport in another case", HTTP_GET, "EIO=4&transport=Polling", REFUSES(0, "Transport unknown")},
    {"first of two transports counts", HTTP_GET, "EIO=4&transport=abc&transport=polling", REFUSES(0, "Transport unknown")},
    {"unknown transport of a session", HTTP_GET, "EIO=4&transport=abc&sid=$", REFUSES(0, "Transport unknown")},
    {"unknown sid", HTTP_GET, "EIO=4&transport=polling&sid=abc", REFUSES(1, "Session ID unknown")},
    {"unknown sid of a POST", HTTP_POST, "EIO=4&transport=polling&sid=abc", REFUSES(1, "Session ID unknown")},
    {"sid and a letter", HTTP_GET, "EIO=4&transport=polling&sid=$x", REFUSES(1, "Session ID unknown")},
    {"POST without a sid", HTTP_POST, "EIO=4&transport=polling", REFUSES(2, "Bad handshake method")},
    {"PUT without a sid", HTTP_OTHER, "EIO=4&transport=polling", REFUSES(2, "Bad handshake method")},
    {"HEAD without a sid", HTTP_HEAD, "EIO=4&transport=polling", REFUSES(2, "Bad handshake method")},
    {"OPTIONS without a sid", HTTP_OPTIONS, "EIO=4&transport=polling", REFUSES(2, "Bad handshake method")},
    {"GET that names WebSocket", HTTP_GET, "EIO=4&transport=websocket", REFUSES(3, "Bad request")},
    {"GET of a session that names WebSocket", HTTP_GET, "EIO=4&transport=websocket&sid=$", REFUSES(3, "Bad request")},
    {"GET of one on a WebSocket", HTTP_GET, "EIO=4&transport=polling&sid=#", REFUSES(3, "Bad request")},
    {"POST of one on a WebSocket", HTTP_POST, "EIO=4&transport=polling&sid=#", REFUSES(3, "Bad request")},
    {"not allowed", HTTP_GET, "EIO=4&transport=polling", 403, "{\"code\":4,\"message\":\"Forbidden\"}", 4, true, NULL},
    {"control character in the origin", HTTP_GET, POLLING, REFUSES_OF("http://a\x01", 3, "Bad request")},
    {"the same of a session", HTTP_GET, TO_SID, REFUSES_OF("\x7f", 3, "Bad request")},
    {"the transport counts first", HTTP_GET, "EIO=4", REFUSES_OF("\x01", 0, "Transport unknown")},
    {"no version", HTTP_GET, "transport=polling", REFUSES(5, "Unsupported protocol version")},
    {"version of letters", HTTP_GET, "EIO=abc&transport=polling", REFUSES(5, "Unsupported protocol version")},
    {"version 5", HTTP_GET, "EIO=5&transport=polling", REFUSES(5, "Unsupported protocol version")},
    {"version 3", HTTP_GET, "EIO=3&transport=polling", REFUSES(5, "Unsupported protocol version")},
    {"version 44", HTTP_GET, "EIO=44&transport=polling", REFUSES(5, "Unsupported protocol version")},
};
// clang-format on

static struct fake_engine *strict_engine(void)
{
    struct eio_options strict = options;

    strict.allow_eio3 = false;
    return fake_engine_new(&strict);
}

static struct span fill_in(const struct fake_engine *fake, const char *query,
                           const char *websocket_sid)
{
    struct buffer out = {0};

    buffer_append(&out, SPAN_LIT(""));
    for (; *query; query++) {
        if (*query == '$')
            buffer_append(&out, span_of(fake->sid));
        else if (*query == '#')
            buffer_append(&out, span_of(websocket_sid));
        else
            buffer_append_char(&out, *query);
    }
    return buffer_span(&out);
}

static void is_refused(void **state)
{
    const struct refusal_row *row = *state;
    struct fake_engine *fake = strict_engine();
    struct fake_exchange *exchange = &fake->exchanges[1];
    char websocket_sid[32];

    assert_true(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    memcpy(websocket_sid, fake->sid, sizeof(websocket_sid));
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    struct span query = fill_in(fake, row->query, websocket_sid);
    fake->forbids = row->forbids;
    fake->origin = row->origin;

    fake_request(fake, 1, row->method, query, SPAN_LIT("4hi"), NULL);
    assert_false(exchange->waits);
    assert_int_equal(exchange->status, row->status);
    assert_span(buffer_span(&exchange->body), row->body);
    assert_span(buffer_span(&exchange->head), "application/json");
    for (int code = 0; code < 6; code++)
        assert_int_equal(metric_get(&fake->metrics.refused[code]), code == row->code);
    assert_int_equal(eio_server_session_count(fake->server), 2);
    assert_span(buffer_span(&fake->heard), "open open ");
    free((void *)query.ptr);
    fake_engine_free(fake);
}

struct admission_row {
    const char *name;
    const char *query;
    const char *body; // NULL: admitted
};

// clang-format off
static const struct admission_row admissions[] = {
    {"WebSocket: handshake", WEBSOCKET, NULL},
    {"WebSocket: upgrade", PROBE, NULL},
    {"WebSocket: empty sid", WEBSOCKET "&sid=", NULL},
    {"WebSocket: no transport", "EIO=4", "{\"code\":0,\"message\":\"Transport unknown\"}"},
    {"WebSocket: unknown sid", WEBSOCKET "&sid=abc", "{\"code\":1,\"message\":\"Session ID unknown\"}"},
    {"WebSocket: polling named", POLLING, "{\"code\":3,\"message\":\"Bad request\"}"},
    {"WebSocket: polling named with a sid", TO_SID, "{\"code\":3,\"message\":\"Bad request\"}"},
    {"WebSocket: no version", "transport=websocket", "{\"code\":5,\"message\":\"Unsupported protocol version\"}"},
};
// clang-format on

static void is_admitted_or_not(void **state)
{
    const struct admission_row *row = *state;
    struct fake_engine *fake = strict_engine();
    struct eio_admission admission;
    struct eio_refusal refusal = {0};
    char body[128];

    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    struct span query = fake_with_sid(fake, row->query);
    struct fake_exchange asks = {
        .request = {.method = HTTP_GET, .query = query, .header = fake_header}};
    bool admitted = eio_admit_websocket(fake->server, &asks.request, &admission, &refusal);
    assert_int_equal(admitted, row->body == NULL);
    if (!admitted) {
        assert_int_equal(refusal.status, 400);
        assert_int_equal(eio_refusal_print(&refusal, body, sizeof(body)), strlen(row->body));
        assert_string_equal(body, row->body);
    }
    assert_int_equal(eio_server_session_count(fake->server), 1); // it changes nothing
    free((void *)query.ptr);
    fake_engine_free(fake);
}

static void asks_the_layer_above_once(void **state)
{
    struct fake_engine *fake = strict_engine();

    (void)state;
    assert_true(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    assert_int_equal(fake->asked, 1);
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_int_equal(fake->asked, 2);
    fake_engine_free(fake);
}

static void refuses_when_it_is_full(void **state)
{
    struct eio_options two = options;

    (void)state;
    two.max_sessions = 2;
    struct fake_engine *fake = fake_engine_new(&two);
    assert_true(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    fake_request(fake, 1, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_int_equal(fake->exchanges[1].status, 503);
    assert_span(buffer_span(&fake->exchanges[1].body), "{\"message\":\"Too many connections\"}");
    assert_int_equal(metric_get(&fake->metrics.refused_full), 1);

    struct span upgrade = fake_with_sid(fake, PROBE); // no further session
    assert_true(fake_websocket_open(fake, 1, upgrade));
    free((void *)upgrade.ptr);
    fake_websocket_gone(fake, 0);
    fake_turn(fake, 0);
    fake_request(fake, 1, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_int_equal(fake->exchanges[1].status, 200);
    fake_engine_free(fake);
}

static void refuses_when_memory_is_short(void **state)
{
    struct memory_budget memory;
    struct eio_options short_of_memory = options;

    (void)state;
    memory_budget_init(&memory, 1600);
    memory_budget_charge(&memory, MEMORY_HTTP, 1550);
    short_of_memory.memory = &memory;
    struct fake_engine *fake = fake_engine_new(&short_of_memory);
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_int_equal(fake->exchanges[0].status, 503);
    assert_span(buffer_span(&fake->exchanges[0].body), "{\"message\":\"Too little memory\"}");
    assert_false(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    assert_int_equal(metric_get(&fake->metrics.refused_memory), 2);

    memory_budget_give(&memory, MEMORY_HTTP, 1550);
    fake_request(fake, 1, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_int_equal(fake->exchanges[1].status, 200);
    fake_engine_free(fake);
}

static void refuses_an_address_that_has_enough(void **state)
{
    struct eio_options two = options;

    (void)state;
    two.max_sessions_per_address = 2;
    struct fake_engine *fake = fake_engine_new(&two);
    fake->peer = "192.0.2.1";
    assert_true(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    fake_request(fake, 1, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_int_equal(fake->exchanges[1].status, 429);
    assert_span(buffer_span(&fake->exchanges[1].body),
                "{\"message\":\"Too many connections from this address\"}");
    assert_false(fake_websocket_open(fake, 1, SPAN_LIT(WEBSOCKET)));
    assert_int_equal(metric_get(&fake->metrics.refused_address), 2);

    struct span upgrade = fake_with_sid(fake, PROBE); // no further session
    assert_true(fake_websocket_open(fake, 1, upgrade));
    free((void *)upgrade.ptr);
    fake->peer = "192.0.2.2";
    assert_true(fake_websocket_open(fake, 2, SPAN_LIT(WEBSOCKET)));
    fake->peer = "192.0.2.1";
    fake_websocket_gone(fake, 0);
    fake_turn(fake, 0);
    fake_request(fake, 1, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_int_equal(fake->exchanges[1].status, 200);
    fake_engine_free(fake);
}

// A turn has its bound; who had much goes on behind those who had to wait for it.
static void one_turn_has_its_limits(void **state)
{
    struct eio_options roomy = options;
    size_t len = 1000000;
    char *text = malloc(len);

    (void)state;
    roomy.max_outbox_bytes = 1 << 24;
    struct fake_engine *fake = fake_engine_new(&roomy);
    memset(text, '4', len);
    assert_true(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    struct eio_session *much = fake->session;
    assert_true(fake_websocket_open(fake, 1, SPAN_LIT(WEBSOCKET)));
    struct eio_session *little = fake->session;
    assert_true(eio_server_flush(fake->server));
    buffer_clear(&fake->websockets[1].wrote);
    buffer_clear(&fake->sent);

    fake->session = much;
    for (int i = 0; i < 7; i++)
        fake_send(fake, FRAME_TEXT, (struct span){text, len});
    fake->session = little;
    fake_send(fake, FRAME_TEXT, SPAN_LIT("4a"));
    assert_false(eio_server_flush(fake->server));
    assert_true(fake->sent.len > 4 * len && fake->sent.len < 6 * len);
    assert_int_equal(fake->websockets[1].wrote.len, 0);
    assert_true(eio_server_flush(fake->server));
    assert_span(buffer_span(&fake->websockets[1].wrote), "4a|");
    assert_true(fake->sent.len > 7 * len);
    assert_true(memmem(fake->sent.ptr, 6 * len,
                       "\x81\x02"
                       "4a",
                       4)); // before the rest
    fake->session = NULL;
    free(text);
    fake_engine_free(fake);
}

// Who has more than a quarter of what may wait is of the crowd, until it is taken or the end.
static void knows_its_crowd(void **state)
{
    struct fake_engine *fake = fake_engine_new(&(struct eio_options){.ping_interval_ms = 300,
                                                                     .ping_timeout_ms = 200,
                                                                     .max_payload = 1000,
                                                                     .max_outbox_bytes = 1600});
    struct eio_session *first;

    (void)state;
    assert_true(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    first = fake->session;
    assert_true(fake_websocket_open(fake, 1, SPAN_LIT(WEBSOCKET)));
    fake_turn(fake, 0);
    fake->websockets[0].backlog = fake->websockets[1].backlog = true;
    fake_send(fake, FRAME_TEXT, SPAN_LIT("4a"));
    assert_int_equal(eio_server_backlog(fake->server).sessions, 0);
    for (int i = 0; i < 4; i++)
        fake_send(fake, FRAME_TEXT, SPAN_LIT("4a"));
    assert_int_equal(eio_server_backlog(fake->server).sessions, 1);
    fake->session = first;
    for (int i = 0; i < 5; i++)
        fake_send(fake, FRAME_TEXT, SPAN_LIT("4a"));
    assert_int_equal(eio_server_backlog(fake->server).sessions, 2);
    assert_int_equal(eio_server_backlog(fake->server).taken, 0);

    fake_websocket_drained(fake, 0);
    fake_turn(fake, 0);
    assert_int_equal(eio_server_backlog(fake->server).sessions, 1);
    assert_int_equal(eio_server_backlog(fake->server).taken, 1);
    fake_websocket_gone(fake, 1);
    assert_int_equal(eio_server_backlog(fake->server).sessions, 0);
    fake_engine_free(fake);
}

// Nobody knows yet who says it.
static void a_stranger_may_say_less(void **state)
{
    static const struct {
        bool stranger;
        size_t len;
        const char *heard;
    } rows[] = {
        {true, EIO_STRANGER_MESSAGE_MAX, "open text:"},
        {true, EIO_STRANGER_MESSAGE_MAX + 1, "open close:parse error "},
        {false, EIO_STRANGER_MESSAGE_MAX + 1, "open text:"},
    };
    struct eio_options large = options;

    (void)state;
    large.max_payload = 1000000;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake_engine *fake = fake_engine_new(&large);
        char *text = calloc(1, 1 + rows[i].len);

        memset(text, '4', 1 + rows[i].len);
        fake->keeps_strangers = rows[i].stranger;
        assert_true(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
        assert_int_equal(eio_websocket_max_message(&fake->websockets[0].engine),
                         rows[i].stranger ? EIO_STRANGER_MESSAGE_MAX : 1000000);
        fake_websocket_says(fake, 0, FRAME_TEXT, (struct span){text, 1 + rows[i].len});
        fake_turn(fake, 0);
        assert_true(span_starts_with(buffer_span(&fake->heard), span_of(rows[i].heard)));
        free(text);
        fake_engine_free(fake);
    }
}

// Of any payload only so many packets are taken; what comes before one too many has been heard.
static void refuses_a_payload_of_too_many_packets(void **state)
{
    static const char *const queries[] = {POLLING, "EIO=3&transport=polling"};
    static const char *const within[] = {"4a\x1e"
                                         "6\x1e"
                                         "4b",
                                         "2:4a1:62:4b"};
    static const char *const beyond[] = {"4a\x1e"
                                         "6\x1e"
                                         "4b\x1e"
                                         "4c",
                                         "2:4a1:62:4b2:4c"};
    struct eio_options three = options;

    (void)state;
    three.max_packets_per_payload = 3;
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        struct fake_engine *fake = fake_engine_new(&three);
        fake_request(fake, 0, HTTP_GET, span_of(queries[i]), SPAN_LIT(""), NULL);
        struct span query = fake_with_sid(fake, TO_SID);
        fake_request(fake, 0, HTTP_POST, query, span_of(within[i]), NULL);
        assert_int_equal(fake->exchanges[0].status, 200);
        fake_request(fake, 0, HTTP_POST, query, span_of(beyond[i]), NULL);
        assert_int_equal(fake->exchanges[0].status, 400);
        fake_turn(fake, 0);
        assert_span(buffer_span(&fake->heard),
                    "open text:a text:b text:a text:b close:parse error ");
        assert_int_equal(metric_get(&fake->metrics.payloads_too_long), 1);
        free((void *)query.ptr);
        fake_engine_free(fake);
    }
}

static void refuses_new_ones_while_it_drains(void **state)
{
    struct fake_engine *fake = fake_engine_new(&options);

    (void)state;
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    eio_server_refuse_new(fake->server);
    fake_request(fake, 1, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_int_equal(fake->exchanges[1].status, 503);
    assert_span(buffer_span(&fake->exchanges[1].body), "{\"message\":\"Server is shutting down\"}");
    assert_false(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    assert_int_equal(metric_get(&fake->metrics.refused_draining), 2);

    struct span poll = fake_with_sid(fake, TO_SID); // those that are open go on
    fake_request(fake, 1, HTTP_GET, poll, SPAN_LIT(""), NULL);
    assert_true(fake->exchanges[1].waits);
    free((void *)poll.ptr);
    fake_engine_free(fake);
}

static void closes_the_oldest_first(void **state)
{
    struct fake_engine *fake = fake_engine_new(&options);

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_true(fake_websocket_open(fake, i, SPAN_LIT(WEBSOCKET)));
    assert_int_equal(eio_server_close_some(fake->server, 2, EIO_SHUTTING_DOWN), 2);
    assert_int_equal(eio_server_session_count(fake->server), 4); // until the turn ends
    fake_turn(fake, 0);
    assert_int_equal(eio_server_session_count(fake->server), 2);
    assert_true(fake->websockets[0].closed && fake->websockets[1].closed);
    assert_false(fake->websockets[2].closed || fake->websockets[3].closed);
    assert_int_equal(fake->websockets[0].close_code, 1001);
    assert_int_equal(eio_server_close_some(fake->server, 10, EIO_SHUTTING_DOWN), 2);
    assert_int_equal(eio_server_close_some(fake->server, 10, EIO_SHUTTING_DOWN), 0);
    fake_engine_free(fake);
}

static void may_be_closed_as_it_opens(void **state)
{
    struct fake_engine *fake = fake_engine_new(&options);

    (void)state;
    fake->closes_at_once = true;
    assert_true(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_false(fake->exchanges[0].waits); // it has its handshake
    fake_turn(fake, 0);
    assert_true(fake->websockets[0].closed);
    assert_int_equal(fake->exchanges[0].status, 200);
    assert_span(buffer_span(&fake->heard), "open open close:forced close close:forced close ");
    fake_engine_free(fake);
}

static void echoes_from_within_the_handler(void **state)
{
    struct fake_engine *fake = fake_engine_new(&options);

    (void)state;
    fake->echoes = true;
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    struct span query = fake_with_sid(fake, TO_SID);
    fake_request(fake, 1, HTTP_GET, query, SPAN_LIT(""), NULL);
    fake_request(fake, 2, HTTP_POST, query,
                 SPAN_LIT("4a\x1e"
                          "bAQI=\x1e"
                          "4b"),
                 NULL);
    fake_turn(fake, 0);
    assert_span(buffer_span(&fake->exchanges[1].body), "4a\x1e"
                                                       "bAQI=\x1e"
                                                       "4b");
    free((void *)query.ptr);
    fake_engine_free(fake);
}

static void replies_are_not_cached(void **state)
{
    struct fake_engine *fake = fake_engine_new(&options);

    (void)state;
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    struct span query = fake_with_sid(fake, TO_SID);
    fake_request(fake, 1, HTTP_POST, query, SPAN_LIT("4a"), NULL);
    assert_span(buffer_span(&fake->exchanges[0].head),
                "text/plain; charset=UTF-8 Cache-Control no-store");
    assert_span(buffer_span(&fake->exchanges[1].head), "text/html Cache-Control no-store");
    free((void *)query.ptr);
    fake_engine_free(fake);
}

// Four members of a room.
static struct fake_engine *room_of_four(struct eio_session *members[4])
{
    struct fake_engine *fake = fake_engine_new(&options);

    for (int i = 0; i < 4; i++) {
        assert_true(fake_websocket_open(fake, i, SPAN_LIT(WEBSOCKET)));
        members[i] = fake->session;
    }
    fake_turn(fake, 0);
    for (int i = 0; i < 4; i++)
        buffer_clear(&fake->websockets[i].wrote);
    return fake;
}

static void send_to_all(struct eio_session *const members[4], const char *packet)
{
    struct frame *frame = frame_new(FRAME_TEXT, span_of(packet));

    for (int i = 0; i < 4; i++)
        eio_session_send(members[i], frame);
    frame_unref(frame);
}

static void one_frame_is_written_as_it_is(void **state)
{
    struct eio_session *members[4];
    struct fake_engine *fake = room_of_four(members);
    struct frame *frame = frame_new(FRAME_TEXT, SPAN_LIT("4a"));

    (void)state;
    for (int i = 0; i < 4; i++)
        eio_session_send(members[i], frame);
    fake_turn(fake, 0);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(fake->websockets[i].last_write[0], frame_wire(frame).ptr);
    frame_unref(frame);
    fake_engine_free(fake);
}

static void the_same_frames_are_put_together_once(void **state)
{
    struct eio_session *members[4];
    struct fake_engine *fake = room_of_four(members);
    uint64_t writes = histogram_count(&fake->metrics.frames_per_write);

    (void)state;
    send_to_all(members, "4a");
    send_to_all(members, "4b");
    fake_turn(fake, 0);
    for (int i = 0; i < 4; i++) {
        assert_span(buffer_span(&fake->websockets[i].wrote), "4a+4b|");
        assert_int_equal(fake->websockets[i].pieces, 1);
        assert_ptr_equal(fake->websockets[i].last_write[0], fake->websockets[0].last_write[0]);
    }
    assert_int_equal(histogram_count(&fake->metrics.frames_per_write) - writes, 4);
    fake_engine_free(fake);
}

// Small frames are joined, large ones stay where they are, between them and at the ends.
static void large_frames_are_not_copied(void **state)
{
    enum { SMALL = 2, LARGE = 3000, ALL = 6 };
    static const size_t sizes[ALL] = {LARGE, SMALL, SMALL, LARGE, LARGE, SMALL};
    static const int piece_of[ALL] = {0, 1, 1, 2, 3, 4};
    struct eio_options roomy = options;
    roomy.max_outbox_bytes = 100000;
    struct fake_engine *fake = fake_engine_new(&roomy);
    struct frame *frames[ALL];
    struct buffer expected = {0};

    (void)state;
    assert_true(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    fake_turn(fake, 0);
    buffer_clear(&fake->sent);
    for (int i = 0; i < ALL; i++) {
        char *packet;
        frames[i] = frame_begin(FRAME_TEXT, sizes[i], &packet);
        memset(packet, 'a' + i, sizes[i]);
        frame_finish(frames[i], sizes[i]);
        eio_session_send(fake->session, frames[i]);
        buffer_append(&expected, frame_wire(frames[i]));
    }
    fake_turn(fake, 0);
    const struct fake_websocket *socket = &fake->websockets[0];
    assert_int_equal(socket->pieces, 5);
    for (int i = 0; i < ALL; i++)
        assert_int_equal(socket->last_write[piece_of[i]] == frame_wire(frames[i]).ptr,
                         sizes[i] == LARGE);
    assert_bytes(buffer_span(&fake->sent), buffer_span(&expected));
    for (int i = 0; i < ALL; i++)
        frame_unref(frames[i]);
    buffer_fini(&expected);
    fake_engine_free(fake);
}

// What was put together for one is not given to another who waits for other frames: as many, or
// only the first of them.
static void other_frames_are_not_mixed_up(void **state)
{
    static const char *const waiting[4] = {"xyz", "xy", "xz", "zx"};
    struct eio_session *members[4];
    struct fake_engine *fake = room_of_four(members);
    struct frame *frames[3] = {frame_new(FRAME_TEXT, SPAN_LIT("4x")),
                               frame_new(FRAME_TEXT, SPAN_LIT("4y")),
                               frame_new(FRAME_TEXT, SPAN_LIT("4z"))};

    (void)state;
    for (int i = 0; i < 4; i++)
        for (const char *at = waiting[i]; *at; at++)
            eio_session_send(members[i], frames[*at - 'x']);
    fake_turn(fake, 0);
    assert_span(buffer_span(&fake->websockets[0].wrote), "4x+4y+4z|");
    assert_span(buffer_span(&fake->websockets[1].wrote), "4x+4y|");
    assert_span(buffer_span(&fake->websockets[2].wrote), "4x+4z|");
    assert_span(buffer_span(&fake->websockets[3].wrote), "4z+4x|");
    for (int i = 0; i < 3; i++)
        frame_unref(frames[i]);
    fake_engine_free(fake);
}

static unsigned count_writes(struct buffer *wrote, size_t *frames)
{
    unsigned writes = 0;

    *frames = 0;
    for (size_t i = 0; i < wrote->len; i++) {
        writes += wrote->ptr[i] == '|';
        *frames += wrote->ptr[i] == '|' || wrote->ptr[i] == '+';
    }
    buffer_clear(wrote);
    return writes;
}

static void one_write_has_its_limits(void **state)
{
    struct eio_session *members[4];
    struct fake_engine *fake = room_of_four(members);
    char large[60000];
    size_t frames;

    (void)state;
    for (int i = 0; i < 300; i++)
        fake_send(fake, FRAME_TEXT, SPAN_LIT("4a"));
    fake_turn(fake, 0);
    assert_int_equal(count_writes(&fake->websockets[3].wrote, &frames), 3); // 128, 128, 44
    assert_int_equal(frames, 300);

    memset(large, '4', sizeof(large));
    for (int i = 0; i < 5; i++)
        fake_send(fake, FRAME_TEXT, (struct span){large, sizeof(large)});
    fake_turn(fake, 0);
    assert_int_equal(count_writes(&fake->websockets[3].wrote, &frames), 3); // 2, 2, 1
    assert_int_equal(frames, 5);
    fake_engine_free(fake);
}

static void attachments_stay_together(void **state)
{
    struct eio_session *members[4];
    struct fake_engine *fake = room_of_four(members);
    struct frame *frame = frame_new(FRAME_TEXT, SPAN_LIT("452-[]"));

    (void)state;
    frame_follow(frame, frame_new(FRAME_BINARY, SPAN_LIT("x")));
    frame_follow(frame, frame_new(FRAME_BINARY, SPAN_LIT("y")));
    for (int i = 0; i < 4; i++)
        eio_session_send(members[i], frame);
    frame_unref(frame);
    send_to_all(members, "4z");
    fake_turn(fake, 0);
    for (int i = 0; i < 4; i++)
        assert_span(buffer_span(&fake->websockets[i].wrote), "452-[]+bin:x+bin:y+4z|");
    fake_engine_free(fake);
}

// What a leaving member's handler sends to the others goes out in the same turn.
static void on_close_send_to_first(struct eio_session *session, enum eio_close_reason reason,
                                   void *arg)
{
    struct eio_session **first = arg;
    struct frame *frame = frame_new(FRAME_TEXT, span_of(eio_close_reason_str(reason)));

    if (*first == session)
        *first = NULL;
    else if (*first)
        eio_session_send(*first, frame);
    frame_unref(frame);
}

static void on_open_remember_first(struct eio_session *session, const struct http_request *request,
                                   void *arg)
{
    struct eio_session **first = arg;

    (void)request;
    if (!*first)
        *first = session;
}

static void on_message_ignore(struct eio_session *session, enum frame_kind kind, struct span bytes,
                              void *arg)
{
    (void)session;
    (void)kind;
    (void)bytes;
    (void)arg;
}

static void a_farewell_reaches_the_others_in_the_same_turn(void **state)
{
    struct eio_session *first = NULL;
    struct eio_handlers handlers = {.on_open = on_open_remember_first,
                                    .on_message = on_message_ignore,
                                    .on_close = on_close_send_to_first,
                                    .arg = &first};
    struct fake_engine fake = {0};

    (void)state;
    deadlines_init(&fake.clock, 0);
    fake.server = eio_server_new(&options, &handlers, &fake.clock, &fake.metrics);
    assert_true(fake_websocket_open(&fake, 0, SPAN_LIT(WEBSOCKET)));
    assert_true(fake_websocket_open(&fake, 1, SPAN_LIT(WEBSOCKET)));
    eio_server_flush(fake.server);
    buffer_clear(&fake.websockets[0].wrote);
    fake_websocket_gone(&fake, 1);
    eio_server_flush(fake.server);
    assert_span(buffer_span(&fake.websockets[0].wrote), "transport close|");

    fake_websocket_gone(&fake, 0);
    eio_server_flush(fake.server);
    eio_server_free(fake.server);
    buffer_fini(&fake.websockets[0].wrote);
    buffer_fini(&fake.websockets[1].wrote);
    buffer_fini(&fake.sent);
}

static void counts_what_happens(void **state)
{
    struct fake_engine *fake = fake_engine_new(&options);
    struct eio_metrics *metrics = &fake->metrics;

    (void)state;
    assert_true(fake_websocket_open(fake, 0, SPAN_LIT(WEBSOCKET)));
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_int_equal(metric_get(&metrics->handshakes_websocket), 1);
    assert_int_equal(metric_get(&metrics->handshakes_polling), 1);
    assert_int_equal(metric_get(&metrics->sessions), 2);
    assert_int_equal(metric_get(&metrics->sessions_websocket), 1);

    struct span upgrade = fake_with_sid(fake, PROBE);
    assert_true(fake_websocket_open(fake, 1, upgrade));
    fake_websocket_says(fake, 1, FRAME_TEXT, SPAN_LIT("abc"));
    assert_int_equal(metric_get(&metrics->upgrades_failed), 1);
    assert_true(fake_websocket_open(fake, 2, upgrade));
    uint64_t bytes = metric_get(&metrics->bytes_out);
    fake_websocket_says(fake, 2, FRAME_TEXT, SPAN_LIT("2probe"));
    assert_int_equal(metric_get(&metrics->bytes_out) - bytes, 8);
    fake_websocket_says(fake, 2, FRAME_TEXT, SPAN_LIT("5"));
    assert_int_equal(metric_get(&metrics->upgrades), 1);
    assert_int_equal(metric_get(&metrics->upgrades_failed), 1);
    assert_int_equal(metric_get(&metrics->sessions_websocket), 2);
    free((void *)upgrade.ptr);

    fake_websocket_says(fake, 0, FRAME_TEXT, SPAN_LIT("4hello"));
    fake_websocket_says(fake, 2, FRAME_BINARY, SPAN_LIT("x"));
    fake_websocket_says(fake, 2, FRAME_TEXT, SPAN_LIT("3"));
    assert_int_equal(metric_get(&metrics->messages_in), 2);
    assert_int_equal(metric_get(&metrics->bytes_in), 6);

    fake_turn(fake, 0);
    uint64_t writes = histogram_count(&metrics->frames_per_write);
    uint64_t frames = metric_get(&metrics->frames_per_write.sum);
    bytes = metric_get(&metrics->bytes_out);
    fake_send(fake, FRAME_TEXT, SPAN_LIT("4a"));
    fake_send(fake, FRAME_TEXT, SPAN_LIT("4b"));
    fake_turn(fake, 0);
    assert_int_equal(histogram_count(&metrics->frames_per_write) - writes, 1);
    assert_int_equal(metric_get(&metrics->frames_per_write.sum) - frames, 2);
    assert_int_equal(metric_get(&metrics->bytes_out) - bytes, 8);

    fake_websocket_gone(fake, 0);
    fake_turn(fake, 0);
    assert_int_equal(metric_get(&metrics->closed[EIO_TRANSPORT_CLOSE]), 1);
    assert_int_equal(metric_get(&metrics->sessions), 1);
    assert_int_equal(metric_get(&metrics->sessions_websocket), 1);
    fake_engine_free(fake);
}

static void ids_differ(void **state)
{
    struct fake_engine *fake = fake_engine_new(&options);
    char first[32];

    (void)state;
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_int_equal(strlen(fake->sid), 22);
    memcpy(first, fake->sid, sizeof(first));
    fake_request(fake, 0, HTTP_GET, SPAN_LIT(POLLING), SPAN_LIT(""), NULL);
    assert_string_not_equal(fake->sid, first);
    fake_engine_free(fake);
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(asks_the_layer_above_once),
        cmocka_unit_test(refuses_when_it_is_full),
        cmocka_unit_test(refuses_when_memory_is_short),
        cmocka_unit_test(refuses_an_address_that_has_enough),
        cmocka_unit_test(one_turn_has_its_limits),
        cmocka_unit_test(knows_its_crowd),
        cmocka_unit_test(a_stranger_may_say_less),
        cmocka_unit_test(refuses_a_payload_of_too_many_packets),
        cmocka_unit_test(refuses_new_ones_while_it_drains),
        cmocka_unit_test(closes_the_oldest_first),
        cmocka_unit_test(may_be_closed_as_it_opens),
        cmocka_unit_test(echoes_from_within_the_handler),
        cmocka_unit_test(replies_are_not_cached),
        cmocka_unit_test(one_frame_is_written_as_it_is),
        cmocka_unit_test(the_same_frames_are_put_together_once),
        cmocka_unit_test(other_frames_are_not_mixed_up),
        cmocka_unit_test(large_frames_are_not_copied),
        cmocka_unit_test(one_write_has_its_limits),
        cmocka_unit_test(attachments_stay_together),
        cmocka_unit_test(a_farewell_reaches_the_others_in_the_same_turn),
        cmocka_unit_test(counts_what_happens),
        cmocka_unit_test(ids_differ),
    };
    struct CMUnitTest tests[ARRAY_LEN(refusals) + ARRAY_LEN(admissions) + ARRAY_LEN(others)];
    size_t count = 0;

    ADD_ROWS(tests, count, refusals, is_refused);
    ADD_ROWS(tests, count, admissions, is_admitted_or_not);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        tests[count++] = others[i];
    return cmocka_run_group_tests_name("engine.io server", tests, NULL, NULL);
}
