#include "common/redis/redis_tls.h"

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"

struct redis_tls {
    SSL_CTX *context;
};

struct redis_tls *redis_tls_new(const struct redis_settings *settings, struct buffer *errors)
{
    SSL_CTX *context;

    if (!settings->tls)
        return NULL;
    context = SSL_CTX_new(TLS_client_method());
    if (!context)
        abort(); // out of memory
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (!tls_files_load(&settings->files, context, errors)) {
        SSL_CTX_free(context);
        return NULL;
    }
    struct redis_tls *tls = mem_zalloc(sizeof(*tls));
    tls->context = context;
    return tls;
}

void redis_tls_free(struct redis_tls *tls)
{
    if (tls)
        SSL_CTX_free(tls->context);
    free(tls);
}

static bool expect_host(SSL *ssl, const char *host)
{
    if (tls_is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

static void find_reason(const SSL *ssl, const redisContext *redis,
                        char reason[REDIS_TLS_REASON_MAX])
{
    long verified = SSL_get_verify_result(ssl);

    if (verified != X509_V_OK)
        snprintf(reason, REDIS_TLS_REASON_MAX, "TLS: the certificate is refused: %s",
                 X509_verify_cert_error_string(verified));
    else
        snprintf(reason, REDIS_TLS_REASON_MAX, "TLS: %s; does the server speak it at this port?",
                 redis->errstr);
}

bool redis_tls_begin(const struct redis_tls *tls, struct redisContext *redis, const char *host,
                     char reason[REDIS_TLS_REASON_MAX])
{
    SSL *ssl = SSL_new(tls->context);

    if (!ssl || !expect_host(ssl, host))
        abort(); // out of memory
    if (redisInitiateSSL(redis, ssl) == REDIS_OK)
        return true; // which owns `ssl` now
    find_reason(ssl, redis, reason);
    SSL_free(ssl);
    return false;
}

void redis_tls_forget_errors(void)
{
    ERR_clear_error();
}
