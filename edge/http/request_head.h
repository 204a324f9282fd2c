// HTTP/1.1 request heads: where one ends, what it says, and whether it asks for a WebSocket.
//
// Borrows: every span points into the bytes that were parsed.
#pragma once

#include "edge/http/request.h"

#define HTTP_HEAD_MAX    16384 // bytes of a request head
#define HTTP_HEADERS_MAX 100

struct http_header {
    struct span name, value;
};

struct http_head {
    struct span method, target, version;
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t header_count;
};

// The length of the first head in `bytes`, its empty line included; 0 while it is not whole. Any
// line may end in LF alone: http_head_parse() refuses such a head, because a proxy may see other
// lines in it, but nobody must wait for its end.
size_t http_head_length(struct span bytes);

// True if `s` can be the name of a header, a method or a version: not empty, no control characters,
// blanks or colons.
bool http_is_token(struct span s);
// True if `s` can be the value of a header: no control characters but tabs.
bool http_is_field_value(struct span s);

// Parses a whole head strictly: single spaces, CRLF, no folded lines, no control characters in
// values, a target that begins with a slash. False for anything else, which a more lenient server
// may still understand.
NODISCARD bool http_head_parse(struct span bytes, struct http_head *head);

// The value of the only header of this name; ptr is NULL when there is none or more than one.
struct span http_head_single(const struct http_head *head, const char *name);

// RFC 6455, 4.2.1: GET, HTTP/1.1, Upgrade: websocket, Connection: upgrade, a key, version 13; and
// no body. Fills `key` (24 characters).
NODISCARD bool http_head_asks_for_websocket(const struct http_head *head, struct span *key);

// The first subprotocol that a WebSocket handshake offers; an empty span if there is none. The
// server accepts it whatever it is, because browsers close a WebSocket whose offer is not answered.
struct span http_first_subprotocol(const struct http_request *request);

// A head as the struct http_request of the layers above. Borrows head and peer.
struct http_head_request {
    struct http_request request;
    const struct http_head *head;
};
void http_head_request_init(struct http_head_request *out, const struct http_head *head,
                            struct span peer);
