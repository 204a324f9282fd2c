#include "common/redis/redis_tls.h"

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/tls_store.h"

void redis_tls_load(struct redis_settings *settings, struct buffer *errors)
{
    if (settings->tls)
        settings->store = tls_store_new(&settings->files, errors);
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

SSL *redis_tls_begin(struct tls_store *store, struct redisContext *redis, const char *host,
                     char reason[REDIS_TLS_REASON_MAX])
{
    SSL_CTX *context = tls_store_take(store);
    SSL *ssl = SSL_new(context);

    SSL_CTX_free(context); // `ssl` has a reference
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
