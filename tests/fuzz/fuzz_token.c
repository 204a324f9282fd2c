// The input as a token, as the payload of one that is signed rightly, and as the auth object of a
// CONNECT packet.
#include <assert.h>

#include "edge/gateway/clients/authentication.h"
#include "tests/unit/token_maker.h"

#define NOW 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(enum token_status status, struct identity **found)
{
    struct identity *identity = *found;

    assert(status < TOKEN_STATUSES && token_status_str(status));
    if (status != TOKEN_OK)
        return;
    assert(!identity_is_anonymous(identity));
    assert(identity->user_json.len >= identity->user.len);
    assert(identity->life.expires_at_s > NOW);
    identity_free(identity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct authentication authentication;
    static struct token_verifier *strict;
    static metric count, left_out;
    static struct buffer payload, token;
    struct span input = {(const char *)data, size};
    struct identity *identity = NULL;

    if (!authentication.verifier) {
        authentication.verifier = token_verifier_new(&(struct token_options){
            .algorithms = TOKEN_HS256, .keys.secret = TOKEN_SECRET, .keep_rooms = true});
        authentication.revocations = revocations_new(&count, &left_out);
    }
    if (!strict)
        strict = token_verifier_new(&(struct token_options){.algorithms = TOKEN_HS256,
                                                            .keys.secret = TOKEN_SECRET,
                                                            .issuers = "a, b",
                                                            .audiences = "a,b",
                                                            .clock_tolerance_s = 10});
    judge(token_verify(authentication.verifier, input, NOW, &identity), &identity);
    judge(authenticate_object(&authentication, input, NOW, &identity), &identity);

    buffer_clear(&payload);
    buffer_append(&payload, input);
    buffer_append(&payload, SPAN_LIT(""));
    make_token(&token, TOKEN_HEADER, payload.ptr ? payload.ptr : "", TOKEN_SECRET);
    judge(token_verify(authentication.verifier, buffer_span(&token), NOW, &identity), &identity);
    judge(token_verify(strict, buffer_span(&token), NOW, &identity), &identity);
    return 0;
}
