// The certificates and the key for TLS towards one kind of server, as they were last read and found
// right.
//
// Connections take them from here, so a file that is wrong or half written harms none, and a
// connection that is open keeps what it was opened with.
#pragma once

#include "common/tls_files.h"

struct tls_store;
struct ssl_ctx_st; // SSL_CTX

// Reads the files. Returns NULL, with a line in `errors` for each that cannot be used. Borrows the
// texts of `files`.
NODISCARD struct tls_store *tls_store_new(const struct tls_files *files, struct buffer *errors);
void tls_store_free(struct tls_store *store); // NULL is ignored

// Reads the files again, for connections that are opened from now on. If one cannot be used, all
// stay as they were: returns false, with lines in `errors`.
NODISCARD bool tls_store_read_again(struct tls_store *store, struct buffer *errors);
// Returns true if a file was changed since they were read, and all have been still since the last
// call. Call it about once a second.
NODISCARD bool tls_store_has_changed(struct tls_store *store);

const struct tls_files *tls_store_files(const struct tls_store *store);

// Any thread may call the next two.

// Returns a reference, which the caller gives back by SSL_CTX_free().
NODISCARD struct ssl_ctx_st *tls_store_take(struct tls_store *store);
// Gives them to the SSL_CTX of a library, and makes TLS 1.2 the least.
void tls_store_lend(struct tls_store *store, void *ssl_ctx);
