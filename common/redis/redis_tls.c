#include "common/redis/redis_tls.h"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/settings.h"

struct redis_tls {
    SSL_CTX *context;
};

static bool is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static void report(const char *setting, const char *path, struct buffer *errors)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    settings_fault(errors, "%s \"%s\" cannot be used: %s", setting, path,
                   reason ? reason : "it cannot be read");
}

static bool load_authorities(SSL_CTX *context, const struct redis_settings *settings,
                             struct buffer *errors)
{
    if (!settings->ca_file)
        return SSL_CTX_set_default_verify_paths(context) == 1;
    if (SSL_CTX_load_verify_locations(context, settings->ca_file, NULL) == 1)
        return true;
    report("REDIS_CA_FILE", settings->ca_file, errors);
    return false;
}

static bool load_certificate(SSL_CTX *context, const struct redis_settings *settings,
                             struct buffer *errors)
{
    if (!settings->cert_file)
        return true;
    if (SSL_CTX_use_certificate_chain_file(context, settings->cert_file) != 1)
        report("REDIS_CERT_FILE", settings->cert_file, errors);
    else if (SSL_CTX_use_PrivateKey_file(context, settings->key_file, SSL_FILETYPE_PEM) != 1)
        report("REDIS_KEY_FILE", settings->key_file, errors);
    else
        return true;
    return false;
}

// A key with a passphrase would be asked for on the terminal.
static int give_no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out, (void)size, (void)writing, (void)arg;
    return 0;
}

struct redis_tls *redis_tls_new(const struct redis_settings *settings, struct buffer *errors)
{
    SSL_CTX *context;

    if (!settings->tls || (settings->cert_file && !settings->key_file))
        return NULL; // the second is reported with the settings
    context = SSL_CTX_new(TLS_client_method());
    if (!context)
        abort(); // out of memory
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(context, give_no_passphrase);
    ERR_clear_error();
    if (!load_authorities(context, settings, errors) ||
        !load_certificate(context, settings, errors)) {
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
    if (is_address(host))
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
