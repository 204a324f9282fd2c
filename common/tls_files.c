#include "common/tls_files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/json_string.h"

bool tls_is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static const char *words_of(unsigned long code)
{
    const char *reason = ERR_GET_LIB(code) == ERR_LIB_SYS ? strerror(ERR_GET_REASON(code))
                                                          : ERR_reason_error_string(code);

    return reason ? reason : "OpenSSL does not say why";
}

const char *tls_newest_reason(void)
{
    return words_of(ERR_peek_last_error());
}

// Of a file the oldest error is the cause, and the newest no more than where it was noticed.
static const char *file_reason(void)
{
    return words_of(ERR_peek_error());
}

static void report(const struct tls_files *files, const char *setting, const char *path,
                   const char *reason, struct buffer *errors)
{
    buffer_printf(errors, "%s_%s ", files->prefix, setting);
    json_string_append(errors, span_of(path));
    buffer_printf(errors, " cannot be used: %s\n", reason);
    ERR_clear_error();
}

static void report_content(const struct tls_files *files, const char *setting, const char *path,
                           struct buffer *errors)
{
    char reason[256];

    snprintf(reason, sizeof(reason),
             "%s; it must hold certificates in PEM form (-----BEGIN CERTIFICATE-----)",
             file_reason());
    report(files, setting, path, reason, errors);
}

// OpenSSL would wait for the writer of a named pipe.
static bool can_open(const struct tls_files *files, const char *setting, const char *path,
                     struct buffer *errors)
{
    if (file_can_be_opened(path))
        return true;
    report(files, setting, path, errno == ENOTSUP ? "it is a named pipe" : strerror(errno), errors);
    return false;
}

static void load_ca(const struct tls_files *files, SSL_CTX *ctx, struct buffer *errors)
{
    if (!files->ca && SSL_CTX_set_default_verify_paths(ctx) != 1)
        report(files, "CA_FILE", "of the system", file_reason(), errors);
    if (files->ca && can_open(files, "CA_FILE", files->ca, errors) &&
        SSL_CTX_load_verify_locations(ctx, files->ca, NULL) != 1)
        report_content(files, "CA_FILE", files->ca, errors);
}

// OpenSSL keeps one certificate of each type of key, and does not compare a key of another type.
static bool takes_key(SSL_CTX *ctx, const char *path)
{
    return SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_check_private_key(ctx) == 1;
}

static void load_certificate(const struct tls_files *files, SSL_CTX *ctx, struct buffer *errors)
{
    if (!can_open(files, "CERT_FILE", files->certificate, errors))
        return;
    if (SSL_CTX_use_certificate_chain_file(ctx, files->certificate) != 1)
        report_content(files, "CERT_FILE", files->certificate, errors);
    else if (can_open(files, "KEY_FILE", files->key, errors) && !takes_key(ctx, files->key))
        report(files, "KEY_FILE", files->key, file_reason(), errors);
}

// A key with a passphrase would be asked for on the terminal.
static int give_no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out, (void)size, (void)writing, (void)arg;
    return 0;
}

bool tls_files_load(const struct tls_files *files, void *ssl_ctx, struct buffer *errors)
{
    SSL_CTX *ctx = ssl_ctx;
    size_t before = errors->len;

    ERR_clear_error();
    SSL_CTX_set_default_passwd_cb(ctx, give_no_passphrase);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    load_ca(files, ctx, errors);
    if (files->certificate && files->key)
        load_certificate(files, ctx, errors);
    else if (files->certificate || files->key)
        buffer_printf(errors, "%s_CERT_FILE and %s_KEY_FILE must be given together\n",
                      files->prefix, files->prefix);
    ERR_clear_error();
    return errors->len == before;
}
