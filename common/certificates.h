// The certificates that a program uses for TLS towards servers: read again on SIGHUP, and by itself
// when their files have changed.
//
// Those towards one kind of server are refused whole when one of their files is wrong (reload.h).
#pragma once

#include "common/reload.h"
#include "common/tls_store.h"

#define CERTIFICATES_MAX 4

struct certificates {
    struct tls_store *stores[CERTIFICATES_MAX];
    size_t count;
};

// Borrows the store; NULL is left out.
void certificates_add(struct certificates *certificates, struct tls_store *store);

// Reads all of them again. Returns false if some were refused.
NODISCARD bool certificates_read_again(struct certificates *certificates);
// Reads those again whose files have changed, and counts that. Call it about once a second.
void certificates_look(struct certificates *certificates, struct reload_metrics *metrics);
