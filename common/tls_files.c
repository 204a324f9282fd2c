#include "common/tls_files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json_string.h"

bool tls_is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

const char *tls_newest_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_GET_LIB(code) == ERR_LIB_SYS ? strerror(ERR_GET_REASON(code))
                                                          : ERR_reason_error_string(code);

    return reason ? reason : "OpenSSL does not say why";
}

static bool load_ca(SSL_CTX *ctx, const char *path)
{
    return path ? SSL_CTX_load_verify_locations(ctx, path, NULL) == 1
                : SSL_CTX_set_default_verify_paths(ctx) == 1;
}

static void report(const struct tls_files *files, const char *setting, const char *path,
                   struct buffer *errors)
{
    buffer_printf(errors, "%s_%s ", files->prefix, setting);
    json_string_append(errors, span_of(path));
    bool readable = access(path, R_OK) == 0;
    buffer_printf(errors, " cannot be used: %s\n",
                  readable ? tls_newest_reason() : strerror(errno));
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
    if (!load_ca(ctx, files->ca))
        report(files, "CA_FILE", files->ca ? files->ca : "of the system", errors);
    if (!files->certificate != !files->key)
        buffer_printf(errors, "%s_CERT_FILE and %s_KEY_FILE must be given together\n",
                      files->prefix, files->prefix);
    if (!files->certificate || !files->key)
        return errors->len == before;
    if (SSL_CTX_use_certificate_chain_file(ctx, files->certificate) != 1)
        report(files, "CERT_FILE", files->certificate, errors);
    else if (SSL_CTX_use_PrivateKey_file(ctx, files->key, SSL_FILETYPE_PEM) != 1)
        report(files, "KEY_FILE", files->key, errors);
    return errors->len == before;
}

void tls_files_check(const struct tls_files *files, struct buffer *errors)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (!ctx)
        abort(); // out of memory
    if (!tls_files_load(files, ctx, errors))
        ERR_clear_error();
    SSL_CTX_free(ctx);
}
