// The body of a reply that many clients get: stored once, reference-counted, and compressed once
// for each coding that a client accepts.
#pragma once

#include "edge/http/content_encoding.h"

struct shared_body;

// Takes over the bytes of `content`, which is empty afterwards. The caller owns the one reference.
NODISCARD struct shared_body *shared_body_new(struct buffer *content);
struct shared_body *shared_body_ref(struct shared_body *body);
void shared_body_unref(struct shared_body *body); // NULL is ignored

struct span shared_body_plain(const struct shared_body *body);
// The body in this coding, compressed by `compressor` on the first call. Valid for as long as the
// body.
struct span shared_body_coded(struct shared_body *body, enum content_coding coding,
                              struct compressor *compressor);
