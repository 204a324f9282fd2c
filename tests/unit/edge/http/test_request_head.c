#include "edge/http/request_head.h"

#include "common/buffer.h"
#include "tests/unit/unit.h"

struct length_row {
    const char *name;
    struct span bytes;
    size_t length;
};

#define KEY  "dGhlIHNhbXBsZSBub25jZQ=="
#define GET  "GET /a HTTP/1.1\r\n"
#define HOST "Host: h\r\n"

// clang-format off
static const struct length_row lengths[] = {
    {"nothing yet", SPAN_INIT(""), 0},
    {"one byte", SPAN_INIT("\n"), 0},
    {"request line only", SPAN_INIT(GET), 0},
    {"empty line begun", SPAN_INIT(GET HOST "\r"), 0},
    {"whole", SPAN_INIT(GET HOST "\r\n"), 28},
    {"no headers", SPAN_INIT(GET "\r\n"), 19},
    {"body behind", SPAN_INIT(GET HOST "\r\nbody\r\n\r\n"), 28},
    {"bare line feeds", SPAN_INIT("GET /a HTTP/1.1\nHost: h\n\n"), 25},
    {"bare line feeds before CRLF", SPAN_INIT("GET /\n\nx\r\n\r\n"), 7},
    {"bare line feeds behind CRLF", SPAN_INIT("GET /\r\n\r\nx\n\n"), 9},
    {"LF, then an empty line of CRLF", SPAN_INIT("GET /\nHost: h\n\r\n"), 16},
    {"LF, then an empty line of CRLF, and more", SPAN_INIT("GET /\n\r\nx\r\n\r\n"), 8},
    {"CRLF, then an empty line of LF", SPAN_INIT("GET /\r\nHost: h\r\n\n"), 17},
    {"empty line of CRLF begun behind LF", SPAN_INIT("GET /\n\r"), 0},
    {"two carriage returns before the last line feed", SPAN_INIT("GET /\n\r\r\n"), 0},
    {"carriage returns alone", SPAN_INIT("GET /\r\rHost\r\r"), 0},
    {"empty line at once", SPAN_INIT("\r\n\r\n"), 4},
    {"NUL inside", SPAN_INIT("GET /\0\r\n\r\n"), 10},
};
// clang-format on

static void finds_the_end(void **state)
{
    const struct length_row *row = *state;
    struct span bytes = exact_copy(row->bytes);

    assert_int_equal(http_head_length(bytes), row->length);
    free((void *)bytes.ptr);
}

struct head_row {
    const char *name;
    struct span bytes;
    const char *target; // NULL: refused
    size_t headers;
    const char *value; // of the header X, when there is just one
};

// clang-format off
static const struct head_row heads[] = {
    {"plain", SPAN_INIT(GET "X: 1\r\n\r\n"), "/a", 1, "1"},
    {"no headers", SPAN_INIT(GET "\r\n"), "/a", 0, NULL},
    {"body behind", SPAN_INIT(GET "X: 1\r\n\r\nY: 2\r\n"), "/a", 1, "1"},
    {"unknown method", SPAN_INIT("BREW / HTTP/1.1\r\n\r\n"), "/", 0, NULL},
    {"older version", SPAN_INIT("GET / HTTP/1.0\r\n\r\n"), "/", 0, NULL},
    {"query", SPAN_INIT("GET /a?b=%00&c HTTP/1.1\r\n\r\n"), "/a?b=%00&c", 0, NULL},
    {"bytes beyond ASCII in the target", SPAN_INIT("GET /\xc3\xa9 HTTP/1.1\r\n\r\n"), "/\xc3\xa9", 0, NULL},
    {"name in another case", SPAN_INIT(GET "x: 1\r\n\r\n"), "/a", 1, "1"},
    {"no blank before the value", SPAN_INIT(GET "X:1\r\n\r\n"), "/a", 1, "1"},
    {"blanks around the value", SPAN_INIT(GET "X: \t1 \t\r\n\r\n"), "/a", 1, "1"},
    {"blanks inside the value", SPAN_INIT(GET "X: 1 2\t3\r\n\r\n"), "/a", 1, "1 2\t3"},
    {"empty value", SPAN_INIT(GET "X:\r\n\r\n"), "/a", 1, ""},
    {"colon in the value", SPAN_INIT(GET "X: a:b\r\n\r\n"), "/a", 1, "a:b"},
    {"bytes beyond ASCII in the value", SPAN_INIT(GET "X: \xff\r\n\r\n"), "/a", 1, "\xff"},
    {"header doubled", SPAN_INIT(GET "X: 1\r\nX: 1\r\n\r\n"), "/a", 2, NULL},
    {"header doubled in another case", SPAN_INIT(GET "X: 1\r\nx: 2\r\n\r\n"), "/a", 2, NULL},
    {"name that begins alike", SPAN_INIT(GET "X: 1\r\nXX: 2\r\n\r\n"), "/a", 2, "1"},

    {"nothing", SPAN_INIT(""), NULL, 0, NULL},
    {"not whole", SPAN_INIT(GET "X: 1\r\n"), NULL, 0, NULL},
    {"last line cut", SPAN_INIT(GET "X: 1\r\n\r"), NULL, 0, NULL},
    {"empty line first", SPAN_INIT("\r\n" GET "\r\n"), NULL, 0, NULL},
    {"bare line feeds", SPAN_INIT("GET /a HTTP/1.1\nX: 1\n\n"), NULL, 0, NULL},
    {"bare line feed behind the request line", SPAN_INIT("GET /a HTTP/1.1\nX: 1\r\n\r\n"), NULL, 0, NULL},
    {"LF, then an empty line of CRLF", SPAN_INIT(GET "X: 1\n\r\n"), NULL, 0, NULL},
    {"LF behind the request line, then CRLF", SPAN_INIT("GET /a HTTP/1.1\n\r\n"), NULL, 0, NULL},
    {"CRLF, then an empty line of LF", SPAN_INIT(GET "X: 1\r\n\n"), NULL, 0, NULL},
    {"bare line feed behind a header", SPAN_INIT(GET "X: 1\nY: 2\r\n\r\n"), NULL, 0, NULL},
    {"carriage return in a value", SPAN_INIT(GET "X: 1\r2\r\n\r\n"), NULL, 0, NULL},
    {"carriage return in the version", SPAN_INIT("GET / HTTP/1.1\r\r\n\r\n"), NULL, 0, NULL},
    {"folded line, blank", SPAN_INIT(GET "X: 1\r\n 2\r\n\r\n"), NULL, 0, NULL},
    {"folded line, tab", SPAN_INIT(GET "X: 1\r\n\t2: 3\r\n\r\n"), NULL, 0, NULL},
    {"NUL in a value", SPAN_INIT(GET "X: \0\r\n\r\n"), NULL, 0, NULL},
    {"NUL in a name", SPAN_INIT(GET "X\0: 1\r\n\r\n"), NULL, 0, NULL},
    {"NUL in the target", SPAN_INIT("GET /\0 HTTP/1.1\r\n\r\n"), NULL, 0, NULL},
    {"NUL in the method", SPAN_INIT("G\0T / HTTP/1.1\r\n\r\n"), NULL, 0, NULL},
    {"NUL in the version", SPAN_INIT("GET / HTTP/1.1\0\r\n\r\n"), NULL, 0, NULL},
    {"delete in a value", SPAN_INIT(GET "X: \x7f\r\n\r\n"), NULL, 0, NULL},
    {"no colon", SPAN_INIT(GET "X\r\n\r\n"), NULL, 0, NULL},
    {"no name", SPAN_INIT(GET ": 1\r\n\r\n"), NULL, 0, NULL},
    {"blank before the colon", SPAN_INIT(GET "X : 1\r\n\r\n"), NULL, 0, NULL},
    {"blank in a name", SPAN_INIT(GET "X Y: 1\r\n\r\n"), NULL, 0, NULL},
    {"name beyond ASCII", SPAN_INIT(GET "\xc3\xa9: 1\r\n\r\n"), NULL, 0, NULL},
    {"two blanks before the target", SPAN_INIT("GET  /a HTTP/1.1\r\n\r\n"), NULL, 0, NULL},
    {"two blanks behind the target", SPAN_INIT("GET /a  HTTP/1.1\r\n\r\n"), NULL, 0, NULL},
    {"blank behind the version", SPAN_INIT("GET /a HTTP/1.1 \r\n\r\n"), NULL, 0, NULL},
    {"blank in the target", SPAN_INIT("GET /a b HTTP/1.1\r\n\r\n"), NULL, 0, NULL},
    {"tab for a blank", SPAN_INIT("GET\t/a HTTP/1.1\r\n\r\n"), NULL, 0, NULL},
    {"no version", SPAN_INIT("GET /a\r\n\r\n"), NULL, 0, NULL},
    {"empty version", SPAN_INIT("GET /a \r\n\r\n"), NULL, 0, NULL},
    {"no target", SPAN_INIT("GET HTTP/1.1\r\n\r\n"), NULL, 0, NULL},
    {"whole address as target", SPAN_INIT("GET http://h/a HTTP/1.1\r\n\r\n"), NULL, 0, NULL},
    {"asterisk as target", SPAN_INIT("OPTIONS * HTTP/1.1\r\n\r\n"), NULL, 0, NULL},
    {"no method", SPAN_INIT(" /a HTTP/1.1\r\n\r\n"), NULL, 0, NULL},
};
// clang-format on

static void parses(void **state)
{
    const struct head_row *row = *state;
    struct span bytes = exact_copy(row->bytes);
    struct http_head head;
    bool ok = http_head_parse(bytes, &head);

    assert_int_equal(ok, row->target != NULL);
    if (ok) {
        assert_span(head.target, row->target);
        assert_int_equal(head.header_count, row->headers);
        struct span value = http_head_single(&head, "X");
        assert_int_equal(value.ptr != NULL, row->value != NULL);
        assert_span(value, row->value);
    }
    free((void *)bytes.ptr);
}

static bool parses_with_headers(size_t count)
{
    struct buffer text = {0};
    struct http_head head;

    buffer_append(&text, SPAN_LIT(GET));
    for (size_t i = 0; i < count; i++)
        buffer_append(&text, SPAN_LIT("X: 1\r\n"));
    buffer_append(&text, SPAN_LIT("\r\n"));
    bool ok = http_head_parse(buffer_span(&text), &head);
    buffer_fini(&text);
    return ok;
}

static void limits_the_headers(void **state)
{
    (void)state;
    assert_true(parses_with_headers(HTTP_HEADERS_MAX));
    assert_false(parses_with_headers(HTTP_HEADERS_MAX + 1));
}

struct upgrade_row {
    const char *name;
    const char *line;    // NULL: the usual
    const char *headers; // instead of the usual ones
    bool asks;
};

#define UPGRADE    "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define WITH_KEY   "Sec-WebSocket-Key: " KEY "\r\n"
#define VERSION    "Sec-WebSocket-Version: 13\r\n"

// clang-format off
static const struct upgrade_row upgrades[] = {
    {"as browsers ask", NULL, HOST UPGRADE CONNECTION WITH_KEY VERSION, true},
    {"other headers beside", NULL, HOST "Origin: http://h\r\n" UPGRADE CONNECTION WITH_KEY VERSION "Sec-WebSocket-Extensions: permessage-deflate\r\nCookie: a=b\r\n", true},
    {"words in another case", NULL, HOST "UPGRADE: WebSocket\r\nconnection: upgrade\r\nsec-websocket-key: " KEY "\r\nsec-websocket-version: 13\r\n", true},
    {"one of several connection options", NULL, HOST UPGRADE "Connection: keep-alive, Upgrade\r\n" WITH_KEY VERSION, true},
    {"two connection headers", NULL, HOST UPGRADE "Connection: keep-alive\r\nConnection: Upgrade\r\n" WITH_KEY VERSION, true},
    {"two connection headers, the other way", NULL, HOST UPGRADE CONNECTION WITH_KEY "Connection: keep-alive\r\n" VERSION, true},
    {"two connection headers without it", NULL, HOST UPGRADE "Connection: keep-alive\r\nConnection: close\r\n" WITH_KEY VERSION, false},
    {"connection options without blanks", NULL, HOST UPGRADE "Connection: a,upgrade,b\r\n" WITH_KEY VERSION, true},

    {"POST", "POST / HTTP/1.1\r\n", HOST UPGRADE CONNECTION WITH_KEY VERSION, false},
    {"get in small letters", "get / HTTP/1.1\r\n", HOST UPGRADE CONNECTION WITH_KEY VERSION, false},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n", HOST UPGRADE CONNECTION WITH_KEY VERSION, false},
    {"HTTP/1.11", "GET / HTTP/1.11\r\n", HOST UPGRADE CONNECTION WITH_KEY VERSION, false},
    {"no upgrade", NULL, HOST CONNECTION WITH_KEY VERSION, false},
    {"upgrade to h2c", NULL, HOST "Upgrade: h2c\r\n" CONNECTION WITH_KEY VERSION, false},
    {"upgrade to one of two", NULL, HOST "Upgrade: h2c, websocket\r\n" CONNECTION WITH_KEY VERSION, false},
    {"upgrade to something longer", NULL, HOST "Upgrade: websockets\r\n" CONNECTION WITH_KEY VERSION, false},
    {"upgrade with a version", NULL, HOST "Upgrade: websocket/13\r\n" CONNECTION WITH_KEY VERSION, false},
    {"two upgrades", NULL, HOST UPGRADE UPGRADE CONNECTION WITH_KEY VERSION, false},
    {"no connection", NULL, HOST UPGRADE WITH_KEY VERSION, false},
    {"connection kept alive", NULL, HOST UPGRADE "Connection: keep-alive\r\n" WITH_KEY VERSION, false},
    {"connection option that contains the word", NULL, HOST UPGRADE "Connection: upgraded, no-upgrade, up grade\r\n" WITH_KEY VERSION, false},
    {"no key", NULL, HOST UPGRADE CONNECTION VERSION, false},
    {"short key", NULL, HOST UPGRADE CONNECTION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n" VERSION, false},
    {"long key", NULL, HOST UPGRADE CONNECTION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ===\r\n" VERSION, false},
    {"key with a blank", NULL, HOST UPGRADE CONNECTION "Sec-WebSocket-Key: dGhlIHNhbXBs ZSBub25jZQ=\r\n" VERSION, false},
    {"two keys", NULL, HOST UPGRADE CONNECTION WITH_KEY WITH_KEY VERSION, false},
    {"no version", NULL, HOST UPGRADE CONNECTION WITH_KEY, false},
    {"version 8", NULL, HOST UPGRADE CONNECTION WITH_KEY "Sec-WebSocket-Version: 8\r\n", false},
    {"two versions", NULL, HOST UPGRADE CONNECTION WITH_KEY "Sec-WebSocket-Version: 13, 8\r\n", false},
    {"a body", NULL, HOST UPGRADE CONNECTION WITH_KEY VERSION "Content-Length: 5\r\n", false},
    {"an empty body", NULL, HOST UPGRADE CONNECTION WITH_KEY VERSION "Content-Length: 0\r\n", true},
    {"a body of zeros", NULL, HOST UPGRADE CONNECTION WITH_KEY VERSION "Content-Length: 00\r\n", false},
    {"an empty length", NULL, HOST UPGRADE CONNECTION WITH_KEY VERSION "Content-Length:\r\n", false},
    {"an empty body and chunks", NULL, HOST UPGRADE CONNECTION WITH_KEY VERSION "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", false},
    {"a body in chunks", NULL, HOST UPGRADE CONNECTION WITH_KEY VERSION "Transfer-Encoding: chunked\r\n", false},
    {"two lengths", NULL, HOST UPGRADE CONNECTION WITH_KEY VERSION "Content-Length: 0\r\nContent-Length: 0\r\n", false},
};
// clang-format on

static void tells_upgrades(void **state)
{
    const struct upgrade_row *row = *state;
    struct buffer text = {0};
    struct http_head head;
    struct span key;

    buffer_append(&text, span_of(row->line ? row->line : "GET / HTTP/1.1\r\n"));
    buffer_append(&text, span_of(row->headers));
    buffer_append(&text, SPAN_LIT("\r\n"));
    assert_true(http_head_parse(buffer_span(&text), &head));
    assert_int_equal(http_head_asks_for_websocket(&head, &key), row->asks);
    if (row->asks)
        assert_span(key, KEY);
    buffer_fini(&text);
}

struct request_row {
    const char *name;
    const char *text;
    enum http_method method;
    const char *path, *query;
    const char *x; // NULL: absent
};

static const struct request_row requests[] = {
    {"path and query", "GET /a/?b=c HTTP/1.1\r\n\r\n", HTTP_GET, "/a/", "b=c", NULL},
    {"no query", "HEAD /a/ HTTP/1.1\r\n\r\n", HTTP_HEAD, "/a/", "", NULL},
    {"empty query", "POST /a? HTTP/1.1\r\n\r\n", HTTP_POST, "/a", "", NULL},
    {"question mark in the query", "OPTIONS /a?b?c HTTP/1.1\r\n\r\n", HTTP_OPTIONS, "/a", "b?c",
     NULL},
    {"method of another kind", "PUT / HTTP/1.1\r\n\r\n", HTTP_OTHER, "/", "", NULL},
    {"method in small letters", "get / HTTP/1.1\r\n\r\n", HTTP_OTHER, "/", "", NULL},
    {"header", "GET / HTTP/1.1\r\nX: 1\r\n\r\n", HTTP_GET, "/", "", "1"},
    {"empty header", "GET / HTTP/1.1\r\nX:\r\n\r\n", HTTP_GET, "/", "", ""},
    {"first of two headers", "GET / HTTP/1.1\r\nx: 1\r\nX: 2\r\n\r\n", HTTP_GET, "/", "", "1"},
};

static void becomes_a_request(void **state)
{
    const struct request_row *row = *state;
    struct http_head head;
    struct http_head_request out;

    assert_true(http_head_parse(span_of(row->text), &head));
    http_head_request_init(&out, &head, SPAN_LIT("192.0.2.7"));
    assert_int_equal(out.request.method, row->method);
    assert_span(out.request.path, row->path);
    assert_span(out.request.query, row->query);
    assert_span(out.request.peer, "192.0.2.7");
    assert_int_equal(out.request.body.len, 0);
    struct span x = http_request_header(&out.request, "X");
    assert_int_equal(x.ptr != NULL, row->x != NULL);
    assert_span(x, row->x);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(lengths) + ARRAY_LEN(heads) + ARRAY_LEN(upgrades) +
                            ARRAY_LEN(requests) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, lengths, finds_the_end);
    ADD_ROWS(tests, count, heads, parses);
    ADD_ROWS(tests, count, upgrades, tells_upgrades);
    ADD_ROWS(tests, count, requests, becomes_a_request);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(limits_the_headers);
    return cmocka_run_group_tests_name("http head", tests, NULL, NULL);
}
