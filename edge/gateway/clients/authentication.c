#include "edge/gateway/clients/authentication.h"

#include "common/percent.h"
#include "edge/gateway/clients/json_doc.h"
#include "edge/http/query.h"

void authentication_fini(struct authentication *authentication)
{
    buffer_fini(&authentication->query_token);
}

static enum token_status verify(const struct authentication *authentication, struct span token,
                                int64_t now_s, struct identity **identity)
{
    enum token_status status = token_verify(authentication->verifier, token, now_s, identity);

    if (status != TOKEN_OK || !revocations_cover(authentication->revocations, (*identity)->user,
                                                 (*identity)->life, (uint64_t)now_s * 1000))
        return status;
    identity_free(*identity);
    return TOKEN_REVOKED;
}

static enum token_status verify_value(const struct authentication *authentication,
                                      const struct json_doc *value, int64_t now_s,
                                      struct identity **identity)
{
    switch (json_doc_kind(value)) {
    case DOC_TEXT:
        if (json_doc_text(value).len == 0)
            return TOKEN_MISSING;
        return verify(authentication, json_doc_text(value), now_s, identity);
    case DOC_ABSENT:
    case DOC_NULL:
        return TOKEN_MISSING;
    default:
        return TOKEN_MALFORMED;
    }
}

enum token_status authenticate_object(const struct authentication *authentication,
                                      struct span object, int64_t now_s, struct identity **identity)
{
    if (object.len == 0)
        return TOKEN_MISSING;

    struct json_doc *doc = json_doc_parse(object);
    if (!doc)
        return TOKEN_MALFORMED;
    enum token_status status =
        verify_value(authentication, json_doc_member(doc, "token"), now_s, identity);
    json_doc_free(doc);
    return status;
}

static struct span header_token(struct span header)
{
    static const struct span scheme = {"Bearer", 6};
    struct span value = span_trim(header), word = value;

    if (value.len < scheme.len)
        return value;
    word.len = scheme.len;
    if (!span_eq_nocase(word, scheme))
        return value;
    struct span rest = span_skip(value, scheme.len);
    if (rest.len > 0 && rest.ptr[0] != ' ' && rest.ptr[0] != '\t')
        return value; // a token that begins with "bearer"
    return span_trim(rest);
}

static struct span handshake_token(struct authentication *authentication,
                                   const struct sio_handshake *handshake, unsigned version)
{
    struct span token = header_token(handshake->authorization), raw;

    if (token.len > 0)
        return token;
    if (version != 3 || !query_find(handshake->query, "token", &raw) || raw.len == 0)
        return handshake->cookie;
    buffer_clear(&authentication->query_token);
    if (!percent_decode(raw, true, &authentication->query_token))
        return raw; // token_verify() refuses it as malformed
    return buffer_span(&authentication->query_token);
}

enum token_status authenticate(struct authentication *authentication, struct span auth,
                               const struct sio_handshake *handshake, unsigned version,
                               int64_t now_s, struct identity **identity)
{
    enum token_status status = authenticate_object(authentication, auth, now_s, identity);

    if (status != TOKEN_MISSING)
        return status;
    struct span token = handshake_token(authentication, handshake, version);
    if (token.len > 0)
        return verify(authentication, token, now_s, identity);
    if (!authentication->allow_anonymous)
        return TOKEN_MISSING;
    *identity = identity_new_anonymous();
    return TOKEN_OK;
}
