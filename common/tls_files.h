// The PEM files of settings for TLS towards a server, loaded into an SSL_CTX of OpenSSL.
#pragma once

#include <stdbool.h>

#include "common/attr.h"
#include "common/buffer.h"

struct tls_files {
    const char *prefix;            // of the settings, for the messages: "RABBITMQ"
    const char *ca;                // NULL: the certificates of the system
    const char *certificate, *key; // of the client; NULL: it has none
};

// Loads the files, and makes TLS 1.2 the least. A key with a passphrase is not asked for. Returns
// false, with a line in `errors` for each file that cannot be used, and one if only one of
// certificate and key is given.
NODISCARD bool tls_files_load(const struct tls_files *files, void *ssl_ctx, struct buffer *errors);

// What OpenSSL says about its newest error.
const char *tls_newest_reason(void);
// True for an IP address, which a certificate names in another way than a host.
bool tls_is_address(const char *host);
