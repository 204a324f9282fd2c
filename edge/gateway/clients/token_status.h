// The reasons why a token is refused. The texts are those of Node's jsonwebtoken, since clients
// know them; but strangers are not told which issuers and audiences are expected.
#pragma once

enum token_status {
    TOKEN_OK = 0,
    TOKEN_MISSING,
    TOKEN_MALFORMED,
    TOKEN_INVALID,
    TOKEN_UNSIGNED,
    TOKEN_BAD_SIGNATURE,
    TOKEN_UNKNOWN_KEY, // signed with a key that is not there
    TOKEN_BAD_ALGORITHM,
    TOKEN_EXPIRED,
    TOKEN_NOT_ACTIVE,
    TOKEN_BAD_AUDIENCE, // meant for others
    TOKEN_BAD_ISSUER,
    TOKEN_HALF_LOGIN, // issued before the second factor of a login
    TOKEN_REVOKED,    // issued before the user's tokens were revoked
    TOKEN_STATUSES,   // the number of values
};
const char *token_status_str(enum token_status status);
