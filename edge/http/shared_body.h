// The body of a reply that many clients are sent: one copy for all of them, which goes with its
// last reader, and is compressed once for each coding that somebody accepts.
#pragma once

#include "edge/http/content_encoding.h"

struct shared_body;

// Takes the bytes out of `content`, which is empty afterwards.
NODISCARD struct shared_body *shared_body_new(struct buffer *content);
struct shared_body *shared_body_ref(struct shared_body *body);
void shared_body_unref(struct shared_body *body); // NULL is fine

struct span shared_body_plain(const struct shared_body *body);
// In this coding; `compressor` makes it if nobody asked for it before. Valid for as long as the
// body.
struct span shared_body_coded(struct shared_body *body, enum content_coding coding,
                              struct compressor *compressor);
