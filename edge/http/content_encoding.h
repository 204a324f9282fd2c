// Compresses HTTP bodies with gzip or deflate, for clients that accept it.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

enum content_coding { CODING_IDENTITY = 0, CODING_GZIP, CODING_DEFLATE, CODINGS };

// The coding to use for an Accept-Encoding header (RFC 9110, 12.5.3): gzip before deflate, never
// one with q=0. An empty header means identity.
enum content_coding content_coding_accepted(struct span accept_encoding);
// The coding's name for the header Content-Encoding.
const char *content_coding_name(enum content_coding coding);

// One compressor serves all replies, one after another; its memory (about 270 KB) is allocated
// with the first.
struct compressor;
NODISCARD struct compressor *compressor_new(void);
void compressor_free(struct compressor *compressor);

// Compresses `body`. The result is valid until the next call.
struct span compressor_run(struct compressor *compressor, enum content_coding coding,
                           struct span body);
