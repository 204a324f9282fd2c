#include "tests/bench/tokens.h"

#include <inttypes.h>
#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/span.h"
#include "compose/tools/tool.h"

#define DAY_S 86400

static char *mint(struct span secret, const char *user)
{
    long now_s = (long)(clock_wall_ms() / 1000);
    char *text = NULL;
    jwt_t *token;

    if (jwt_new(&token) != 0)
        return NULL;
    if (jwt_add_grant(token, "id", user) == 0 && jwt_add_grant_int(token, "iat", now_s) == 0 &&
        jwt_add_grant_int(token, "exp", now_s + DAY_S) == 0 &&
        jwt_set_alg(token, JWT_ALG_HS256, (const unsigned char *)secret.ptr, (int)secret.len) == 0)
        text = jwt_encode_str(token);
    jwt_free(token);
    return text;
}

char **tokens_new(const char *secret, const char *prefix, uint32_t count)
{
    char **tokens = mem_zalloc(count * sizeof(tokens[0]));

    for (uint32_t i = 0; i < count; i++) {
        char user[64];
        snprintf(user, sizeof(user), "%s-%" PRIu32, prefix, i);
        tokens[i] = mint(span_of(secret), user);
        if (tokens[i])
            continue;
        tool_fail("JWT_SECRET signs no token");
        tokens_free(tokens, count);
        return NULL;
    }
    return tokens;
}

void tokens_free(char **tokens, uint32_t count)
{
    for (uint32_t i = 0; tokens && i < count; i++)
        free(tokens[i]);
    free(tokens);
}
