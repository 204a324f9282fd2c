#include "edge/gateway/clients/token_algorithm.h"

#include <jwt.h>

#define ABSENT (-1)

// CMake looks which of them libjwt has.
#ifdef JWT_HAS_PS
#define PS(bits) JWT_ALG_PS##bits
#else
#define PS(bits) ABSENT
#endif
#ifdef JWT_HAS_EDDSA
#define EDDSA JWT_ALG_EDDSA
#else
#define EDDSA ABSENT
#endif

static const struct {
    const char *name;
    enum token_algorithm algorithm;
    int of_libjwt;
} algorithms[] = {
    {"HS256", TOKEN_HS256, JWT_ALG_HS256}, {"HS384", TOKEN_HS384, JWT_ALG_HS384},
    {"HS512", TOKEN_HS512, JWT_ALG_HS512}, {"RS256", TOKEN_RS256, JWT_ALG_RS256},
    {"RS384", TOKEN_RS384, JWT_ALG_RS384}, {"RS512", TOKEN_RS512, JWT_ALG_RS512},
    {"ES256", TOKEN_ES256, JWT_ALG_ES256}, {"ES384", TOKEN_ES384, JWT_ALG_ES384},
    {"ES512", TOKEN_ES512, JWT_ALG_ES512}, {"PS256", TOKEN_PS256, PS(256)},
    {"PS384", TOKEN_PS384, PS(384)},       {"PS512", TOKEN_PS512, PS(512)},
    {"EdDSA", TOKEN_EDDSA, EDDSA},
};

enum token_algorithm token_algorithm_find(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (span_is(name, algorithms[i].name))
            return algorithms[i].algorithm;
    return 0;
}

unsigned token_algorithms_available(void)
{
    unsigned set = 0;

    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (algorithms[i].of_libjwt != ABSENT)
            set |= algorithms[i].algorithm;
    return set;
}

void token_algorithms_print(unsigned set, struct buffer *out)
{
    const char *separator = "";

    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (!(set & algorithms[i].algorithm))
            continue;
        buffer_printf(out, "%s%s", separator, algorithms[i].name);
        separator = ", ";
    }
}

int token_algorithm_of_libjwt(enum token_algorithm algorithm)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (algorithms[i].algorithm == algorithm)
            return algorithms[i].of_libjwt;
    return ABSENT;
}
