// Parses JSON into a tree of values. The only module that uses jansson.
//
// For the few payloads that the gateway reads itself, such as tokens and requests for rooms.
// Payloads that only pass through are never parsed.
#pragma once

#include "common/attr.h"
#include "common/buffer.h"
#include "common/span.h"

// A value: a whole document, or a value within one, which is valid as long as the document.
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

// NULL if `text` is not JSON, or has what jansson cannot represent: integers beyond 64 bits, half a
// surrogate pair, \u0000, invalid UTF-8.
NODISCARD struct json_doc *json_doc_parse(struct span text);
void json_doc_free(struct json_doc *doc);

// `doc` may be NULL everywhere below; its kind is DOC_ABSENT.
enum json_doc_kind json_doc_kind(const struct json_doc *doc);
// A member of an object, an element of an array; NULL if there is none.
const struct json_doc *json_doc_member(const struct json_doc *doc, const char *name);
const struct json_doc *json_doc_item(const struct json_doc *doc, size_t i);
// The text of a DOC_TEXT; empty for anything else.
struct span json_doc_text(const struct json_doc *doc);
// Appends a DOC_NUMBER as JavaScript prints it, but an integer of 64 bits with all its digits.
void json_doc_print_number(const struct json_doc *doc, struct buffer *out);
