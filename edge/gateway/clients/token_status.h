// Why a token is refused, in the words of Node's jsonwebtoken, which clients know.
#pragma once

enum token_status {
    TOKEN_OK = 0,
    TOKEN_MISSING,
    TOKEN_MALFORMED,
    TOKEN_INVALID,
    TOKEN_UNSIGNED,
    TOKEN_BAD_SIGNATURE,
    TOKEN_BAD_ALGORITHM,
    TOKEN_EXPIRED,
    TOKEN_NOT_ACTIVE,
    TOKEN_HALF_LOGIN, // of a login whose second factor is still to come
    TOKEN_STATUSES,   // how many there are
};
const char *token_status_str(enum token_status status);
