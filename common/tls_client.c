#include "common/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

static struct tls_client *client_of(const SSL *ssl)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

// A library that was given an address has named it to the server, which has to know the name.
static void name_server(const SSL *ssl)
{
    const char *host = client_of(ssl)->host;

    SSL_set_tlsext_host_name((SSL *)ssl, tls_is_address(host) ? NULL : (char *)host);
}

// The server may refuse the client's certificate after the handshake. The library sees the end of
// the connection then, and may have cleared OpenSSL's errors.
static void on_info(const SSL *ssl, int where, int value)
{
    bool fatal = value >> 8 == SSL3_AL_FATAL;

    if (where & SSL_CB_HANDSHAKE_START)
        name_server(ssl);
    else if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && fatal)
        client_of(ssl)->alert = value;
}

static int on_verified(int fine, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

    if (!fine)
        client_of(ssl)->verify_error = X509_STORE_CTX_get_error(store);
    return fine;
}

static bool expect_host(SSL_CTX *ctx, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return tls_is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1
                                : X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

const char *tls_client_prepare(struct tls_client *client, struct tls_store *store, const char *host,
                               void *ssl_ctx)
{
    SSL_CTX *ctx = ssl_ctx;

    *client = (struct tls_client){.files = tls_store_files(store), .host = host};
    tls_store_lend(store, ctx);
    SSL_CTX_set_app_data(ctx, client);
    SSL_CTX_set_info_callback(ctx, on_info);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verified);
    if (!expect_host(ctx, host))
        return "OpenSSL refuses the host name";
    ERR_clear_error();
    return NULL;
}

static const char *why_unverified(struct tls_client *client)
{
    const char *prefix = client->files->prefix;
    const char *words = X509_verify_cert_error_string(client->verify_error);

    switch (client->verify_error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        snprintf(client->fault, sizeof(client->fault),
                 "the server's certificate is not for the host %.100s; set %s_HOST to one that it "
                 "names",
                 client->host, prefix);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        snprintf(client->fault, sizeof(client->fault),
                 "the server's certificate, or one above it, has expired; renew it");
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        snprintf(client->fault, sizeof(client->fault),
                 "the server's certificate is of an authority that is not trusted (%s); name its "
                 "certificate in %s_CA_FILE",
                 words, prefix);
        break;
    default:
        snprintf(client->fault, sizeof(client->fault), "the server's certificate is refused: %s",
                 words);
        break;
    }
    return client->fault;
}

// TLS 1.2 has no alert of its own for a missing certificate.
static bool is_about_our_certificate(int alert)
{
    switch (alert & 0xff) {
    case SSL_AD_CERTIFICATE_REQUIRED:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_HANDSHAKE_FAILURE:
        return true;
    default:
        return false;
    }
}

static const char *why_refused(struct tls_client *client)
{
    const struct tls_files *files = client->files;
    const char *alert = SSL_alert_desc_string_long(client->alert);

    if (!is_about_our_certificate(client->alert))
        snprintf(client->fault, sizeof(client->fault), "TLS fails: the server says %s", alert);
    else if (files->certificate)
        snprintf(
            client->fault, sizeof(client->fault),
            "the server refuses the certificate in %s_CERT_FILE, or has no common TLS with this "
            "program (%s)",
            files->prefix, alert);
    else
        snprintf(client->fault, sizeof(client->fault),
                 "the server wants a certificate of the client, or has no common TLS with this "
                 "program (%s); give %s_CERT_FILE and %s_KEY_FILE",
                 alert, files->prefix, files->prefix);
    return client->fault;
}

static const char *why_plain(struct tls_client *client)
{
    const char *prefix = client->files->prefix;

    snprintf(client->fault, sizeof(client->fault),
             "the server does not speak TLS at this port; set %s_PORT to its port for TLS, or "
             "%s_TLS=false",
             prefix, prefix);
    return client->fault;
}

const char *tls_client_why(struct tls_client *client)
{
    unsigned long code = ERR_peek_last_error();
    int reason = ERR_GET_REASON(code);

    if (client->verify_error)
        return why_unverified(client);
    if (client->alert)
        return why_refused(client);
    if (ERR_GET_LIB(code) != ERR_LIB_SSL)
        return NULL;
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
        reason == SSL_R_HTTP_REQUEST)
        return why_plain(client);
    snprintf(client->fault, sizeof(client->fault), "TLS fails: %s", tls_newest_reason());
    return client->fault;
}

const char *tls_client_guess(struct tls_client *client, const char *how)
{
    const char *prefix = client->files->prefix;

    if (client->files->certificate)
        snprintf(client->fault, sizeof(client->fault),
                 "%.80s after the handshake of TLS; perhaps the server refuses the certificate in "
                 "%s_CERT_FILE",
                 how, prefix);
    else
        snprintf(client->fault, sizeof(client->fault),
                 "%.80s after the handshake of TLS; perhaps the server wants a certificate of the "
                 "client: give %s_CERT_FILE and %s_KEY_FILE",
                 how, prefix, prefix);
    return client->fault;
}
