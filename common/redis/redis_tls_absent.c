// In place of redis_tls.c where hiredis has no TLS.
#include "common/redis/redis_tls.h"
#include "common/settings.h"

void redis_tls_load(struct redis_settings *settings, struct buffer *errors)
{
    if (settings->tls)
        settings_fault(errors, "REDIS_TLS or rediss:// asks for TLS, which the hiredis of this "
                               "program does not have; that of Debian 13 has it, and elsewhere "
                               "stunnel does it: docs/deployment.md");
}

struct ssl_st *redis_tls_begin(struct tls_store *store, struct redisContext *redis,
                               const char *host, char reason[REDIS_TLS_REASON_MAX])
{
    (void)store, (void)redis, (void)host, (void)reason;
    return NULL;
}

void redis_tls_explain(const struct ssl_st *ssl, const char *otherwise,
                       char reason[REDIS_TLS_REASON_MAX])
{
    (void)ssl, (void)otherwise;
    reason[0] = '\0';
}

void redis_tls_forget_errors(void)
{
}
