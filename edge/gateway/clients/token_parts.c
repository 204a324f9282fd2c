#include "edge/gateway/clients/token_parts.h"

#include <ctype.h>

#include "common/base64.h"
#include "edge/gateway/clients/json_doc.h"

bool token_split(struct span token, struct token_parts *parts)
{
    struct span more;

    return span_take_until(&token, '.', &parts->header) &&
           span_take_until(&token, '.', &parts->payload) &&
           span_take_until(&token, '.', &parts->signature) && !span_take_until(&token, '.', &more);
}

bool token_part_is_base64url(struct span part)
{
    for (size_t i = 0; i < part.len; i++)
        if (!isalnum((unsigned char)part.ptr[i]) && part.ptr[i] != '-' && part.ptr[i] != '_')
            return false;
    return true;
}

// The JSON object that a part of the token encodes, or NULL. The caller frees it.
static struct json_doc *decode_part(struct span part, struct buffer *scratch)
{
    struct json_doc *doc = NULL;

    buffer_clear(scratch);
    if (token_part_is_base64url(part) && base64url_decode(scratch, part))
        doc = json_doc_parse(buffer_span(scratch));
    if (json_doc_kind(doc) == DOC_OBJECT)
        return doc;
    json_doc_free(doc);
    return NULL;
}

bool token_part_is_object(struct span part, struct buffer *scratch)
{
    struct json_doc *doc = decode_part(part, scratch);
    bool readable = doc != NULL;

    json_doc_free(doc);
    return readable;
}

bool token_header_read(struct token_header *header, struct span text, unsigned accepted,
                       struct buffer *scratch)
{
    if (header->text.len > 0 && span_eq(text, buffer_span(&header->text)))
        return true;
    struct json_doc *doc = decode_part(text, scratch);
    if (!doc || json_doc_member(doc, "crit")) {
        json_doc_free(doc);
        return false;
    }
    header->algorithm = accepted & token_algorithm_find(json_doc_text(json_doc_member(doc, "alg")));
    buffer_clear(&header->id);
    buffer_append(&header->id, json_doc_text(json_doc_member(doc, "kid")));
    json_doc_free(doc);
    buffer_clear(&header->text);
    buffer_append(&header->text, text);
    return true;
}

void token_header_fini(struct token_header *header)
{
    buffer_fini(&header->text);
    buffer_fini(&header->id);
}
