// How long a request's body is, by what its head says of it (RFC 9112, 6).
#pragma once

#include "edge/http/request_head.h"

// Two lengths, a length and chunks, another coding than "chunked": what a proxy and a server may
// read differently is a way to smuggle requests (RFC 9112, 6.3).
bool request_body_is_ambiguous(const struct http_head *head);

// Whether a body follows the head.
bool request_body_is_announced(const struct http_head *head);

// Whether the head announces more than `max` bytes. Chunks announce nothing; the length, if there
// is one, must be a number.
bool request_body_is_over(const struct http_head *head, size_t max);

// The client sends its body only after an answer "100 Continue" (RFC 9110, 10.1.1).
bool request_body_waits_for_continue(const struct http_head *head);
