// What the head of a request says about its body (RFC 9112, 6).
#pragma once

#include "edge/http/request_head.h"

// True for two lengths, a length beside chunks, or a coding other than "chunked". A proxy in front
// may read such a head differently, which is a way to smuggle requests (RFC 9112, 6.3 and 11.2).
bool request_body_is_ambiguous(const struct http_head *head);

// True if a body follows the head.
bool request_body_is_announced(const struct http_head *head);

// True if the Content-Length is more than `max` bytes, or no number. A chunked body announces no
// length.
bool request_body_is_over(const struct http_head *head, size_t max);

// True if the client sends its body only after an answer "100 Continue" (RFC 9110, 10.1.1).
bool request_body_waits_for_continue(const struct http_head *head);
