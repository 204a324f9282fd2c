#include "edge/gateway/clients/json_doc.h"

#include <inttypes.h>
#include <jansson.h>

#include "common/js_number.h"

// A `struct json_doc` is a json_t: it is never defined, only cast.
static const json_t *value_of(const struct json_doc *doc)
{
    return (const json_t *)doc;
}

struct json_doc *json_doc_parse(struct span text)
{
    if (text.len == 0)
        return NULL;
    return (struct json_doc *)json_loadb(text.ptr, text.len, JSON_DECODE_ANY, NULL);
}

void json_doc_free(struct json_doc *doc)
{
    json_decref((json_t *)doc);
}

enum json_doc_kind json_doc_kind(const struct json_doc *doc)
{
    if (!doc)
        return DOC_ABSENT;
    switch (json_typeof(value_of(doc))) {
    case JSON_OBJECT:
        return DOC_OBJECT;
    case JSON_ARRAY:
        return DOC_ARRAY;
    case JSON_STRING:
        return DOC_TEXT;
    case JSON_INTEGER:
    case JSON_REAL:
        return DOC_NUMBER;
    case JSON_TRUE:
        return DOC_TRUE;
    case JSON_FALSE:
        return DOC_FALSE;
    case JSON_NULL:
        return DOC_NULL;
    }
    return DOC_ABSENT;
}

const struct json_doc *json_doc_member(const struct json_doc *doc, const char *name)
{
    return (const struct json_doc *)json_object_get(value_of(doc), name);
}

const struct json_doc *json_doc_item(const struct json_doc *doc, size_t i)
{
    return (const struct json_doc *)json_array_get(value_of(doc), i);
}

struct span json_doc_text(const struct json_doc *doc)
{
    return (struct span){json_string_value(value_of(doc)), json_string_length(value_of(doc))};
}

void json_doc_print_number(const struct json_doc *doc, struct buffer *out)
{
    if (json_is_integer(value_of(doc)))
        buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value_of(doc)));
    else
        js_number_append(json_real_value(value_of(doc)), out);
}
