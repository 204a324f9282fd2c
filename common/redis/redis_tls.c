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

void redis_tls_explain(const SSL *ssl, const char *otherwise, char reason[REDIS_TLS_REASON_MAX])
{
    long verified = SSL_get_verify_result(ssl);
    const char *words = ERR_peek_last_error() != 0 ? tls_newest_reason() : otherwise;

    if (verified != X509_V_OK)
        snprintf(reason, REDIS_TLS_REASON_MAX, "TLS: the certificate is refused: %s",
                 X509_verify_cert_error_string(verified));
    else if (!SSL_is_init_finished(ssl))
        snprintf(reason, REDIS_TLS_REASON_MAX, "TLS: %s; does the server speak TLS at this port?",
                 words);
    else
        snprintf(reason, REDIS_TLS_REASON_MAX, "%s", words);
}

SSL *redis_tls_begin(const struct redis_tls *tls, struct redisContext *redis, const char *host,
                     char reason[REDIS_TLS_REASON_MAX])
{
    SSL *ssl = SSL_new(tls->context);

    if (!ssl || !expect_host(ssl, host))
        abort(); // out of memory
    if (redisInitiateSSL(redis, ssl) == REDIS_OK)
        return ssl; // which `redis` owns now
    redis_tls_explain(ssl, redis->errstr, reason);
    SSL_free(ssl);
    return NULL;
}

void redis_tls_forget_errors(void)
{
    ERR_clear_error();
}
