// JSON from peers, parsed into values that can be asked for. The one module that knows jansson.
//
// Numbers, texts and names come out as JavaScript would give them. What only passes through is
// never parsed; this is for the few payloads that the gateway itself has to understand.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

// A value: of a whole text, or within one (then it lives as long as the whole).
struct json_doc;

enum json_doc_kind {
    DOC_ABSENT = 0,
    DOC_NULL,
    DOC_FALSE,
    DOC_TRUE,
    DOC_NUMBER,
    DOC_TEXT,
    DOC_ARRAY,
    DOC_OBJECT,
};

// NULL when `text` is no JSON, or holds what cannot be represented: integers beyond 64 bits, half
// a surrogate pair, NUL, bytes that are no UTF-8.
NODISCARD struct json_doc *json_doc_parse(struct span text);
void json_doc_free(struct json_doc *doc);

// NULL is allowed as `doc` everywhere below, and is absent.
enum json_doc_kind json_doc_kind(const struct json_doc *doc);
// The member of an object, the element of an array; NULL when there is none.
const struct json_doc *json_doc_member(const struct json_doc *doc, const char *name);
const struct json_doc *json_doc_item(const struct json_doc *doc, size_t i);
// The text of a DOC_TEXT; empty for anything else.
struct span json_doc_text(const struct json_doc *doc);
// Appends a DOC_NUMBER as JavaScript prints it; an integer of 64 bits with all its digits.
void json_doc_print_number(const struct json_doc *doc, struct buffer *out);
