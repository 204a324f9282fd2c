// TLS towards a server, on the SSL_CTX of the library that makes the connection.
//
// The certificate of the server and its name are verified by OpenSSL itself, and TLS 1.2 is the
// least. The library may connect to an address: the name that is meant comes from here.
#pragma once

#include "common/tls_store.h"

#define TLS_FAULT_MAX 220

// One connection. It must live as long as the SSL_CTX.
struct tls_client {
    const struct tls_files *files;
    const char *host;          // a name or an address that the certificate must be for
    int verify_error;          // why the certificate was refused; 0: it was not
    int alert;                 // a fatal one of the server; 0: none
    char fault[TLS_FAULT_MAX]; // of tls_client_why()
};

// Prepares `ssl_ctx` (SSL_CTX) for connections to `host`, with what `store` has now. Borrows the
// store and the host. Returns NULL, or why OpenSSL refuses the host.
NODISCARD const char *tls_client_prepare(struct tls_client *client, struct tls_store *store,
                                         const char *host, void *ssl_ctx);
// Why the last handshake or read has failed, with the way out if there is one, or NULL if OpenSSL
// has nothing to say. Valid until the next call.
const char *tls_client_why(struct tls_client *client);
// What may be behind the end of a connection soon after its handshake, when tls_client_why() does
// not know: the alert of a server that refuses the client can be lost with the connection. `how` is
// how it ended. Valid until the next call.
const char *tls_client_guess(struct tls_client *client, const char *how);
