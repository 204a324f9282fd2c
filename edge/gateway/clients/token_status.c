#include "edge/gateway/clients/token_status.h"

const char *token_status_str(enum token_status status)
{
    static const char *const text[TOKEN_STATUSES] = {
        [TOKEN_OK] = "ok",
        [TOKEN_MISSING] = "No token provided",
        [TOKEN_MALFORMED] = "jwt malformed",
        [TOKEN_INVALID] = "invalid token",
        [TOKEN_UNSIGNED] = "jwt signature is required",
        [TOKEN_BAD_SIGNATURE] = "invalid signature",
        [TOKEN_UNKNOWN_KEY] = "invalid signature",
        [TOKEN_BAD_ALGORITHM] = "invalid algorithm",
        [TOKEN_EXPIRED] = "jwt expired",
        [TOKEN_NOT_ACTIVE] = "jwt not active",
        [TOKEN_BAD_AUDIENCE] = "jwt audience invalid",
        [TOKEN_BAD_ISSUER] = "jwt issuer invalid",
        [TOKEN_HALF_LOGIN] = "second factor required",
        [TOKEN_REVOKED] = "jwt revoked",
    };
    return text[status];
}
