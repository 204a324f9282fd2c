#include "common/tls_store.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/file_changes.h"
#include "common/mem.h"

// The context is never changed once others can see it, only replaced.
struct tls_store {
    struct tls_files files;
    struct file_changes changes;
    pthread_mutex_t lock;
    SSL_CTX *context; // under the lock
};

// The files are looked at before they are read: what changes meanwhile is a change.
static SSL_CTX *load(struct tls_store *store, struct buffer *errors)
{
    const char *const paths[] = {store->files.ca, store->files.certificate, store->files.key};
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (!context)
        abort(); // out of memory
    file_changes_set(&store->changes, paths, ARRAY_LEN(paths), false);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (tls_files_load(&store->files, context, errors))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

struct tls_store *tls_store_new(const struct tls_files *files, struct buffer *errors)
{
    struct tls_store *store = mem_zalloc(sizeof(*store));

    store->files = *files;
    pthread_mutex_init(&store->lock, NULL);
    store->context = load(store, errors);
    if (store->context)
        return store;
    tls_store_free(store);
    return NULL;
}

void tls_store_free(struct tls_store *store)
{
    if (!store)
        return;
    SSL_CTX_free(store->context);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

bool tls_store_read_again(struct tls_store *store, struct buffer *errors)
{
    SSL_CTX *fresh = load(store, errors), *old;

    if (!fresh)
        return false;
    pthread_mutex_lock(&store->lock);
    old = store->context;
    store->context = fresh;
    pthread_mutex_unlock(&store->lock);
    SSL_CTX_free(old); // connections have references of their own
    return true;
}

bool tls_store_has_changed(struct tls_store *store)
{
    return file_changes_look(&store->changes);
}

const struct tls_files *tls_store_files(const struct tls_store *store)
{
    return &store->files;
}

SSL_CTX *tls_store_take(struct tls_store *store)
{
    pthread_mutex_lock(&store->lock);
    SSL_CTX *context = store->context;
    SSL_CTX_up_ref(context);
    pthread_mutex_unlock(&store->lock);
    return context;
}

static bool lend_certificate(SSL_CTX *to, const SSL_CTX *from)
{
    X509 *certificate = SSL_CTX_get0_certificate(from);
    STACK_OF(X509) *chain = NULL;

    if (!certificate)
        return true;
    return SSL_CTX_get0_chain_certs((SSL_CTX *)from, &chain) == 1 &&
           SSL_CTX_use_certificate(to, certificate) == 1 && SSL_CTX_set1_chain(to, chain) == 1 &&
           SSL_CTX_use_PrivateKey(to, SSL_CTX_get0_privatekey(from)) == 1;
}

void tls_store_lend(struct tls_store *store, void *ssl_ctx)
{
    SSL_CTX *ours = tls_store_take(store);

    SSL_CTX_set_min_proto_version(ssl_ctx, TLS1_2_VERSION);
    SSL_CTX_set1_cert_store(ssl_ctx, SSL_CTX_get_cert_store(ours));
    if (!lend_certificate(ssl_ctx, ours))
        abort(); // out of memory
    SSL_CTX_free(ours);
}
