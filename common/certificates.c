#define LOG_MODULE "reload"

#include "common/certificates.h"

#include <assert.h>

#include "common/log.h"

void certificates_add(struct certificates *certificates, struct tls_store *store)
{
    if (!store)
        return;
    assert(certificates->count < CERTIFICATES_MAX);
    certificates->stores[certificates->count++] = store;
}

static bool read_again(struct tls_store *store)
{
    struct buffer faults = {0};
    bool read = tls_store_read_again(store, &faults);

    reload_accepts("certificates", &faults);
    buffer_fini(&faults);
    if (read)
        log_info("loaded the certificates again what=%s", tls_store_files(store)->prefix);
    return read;
}

bool certificates_read_again(struct certificates *certificates)
{
    bool all = true;

    for (size_t i = 0; i < certificates->count; i++)
        all = read_again(certificates->stores[i]) && all;
    return all;
}

void certificates_look(struct certificates *certificates, struct reload_metrics *metrics)
{
    for (size_t i = 0; i < certificates->count; i++)
        if (tls_store_has_changed(certificates->stores[i]))
            reload_count(metrics, read_again(certificates->stores[i]));
}
