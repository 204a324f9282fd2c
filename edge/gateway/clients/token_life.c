#include "edge/gateway/clients/token_life.h"

int64_t token_life_warning_s(struct token_life life, int64_t now_s)
{
    bool dated = life.issued_at_s <= now_s && life.issued_at_s < life.expires_at_s &&
                 life.issued_at_s != TOKEN_UNDATED;
    int64_t from_s = dated ? life.issued_at_s : now_s;

    if (life.expires_at_s - from_s > TOKEN_BRIEF_S)
        return TOKEN_WARNING_S;
    return (life.expires_at_s - from_s + 4) / 5;
}
