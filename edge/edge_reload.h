// What the edge reads again while it runs: on SIGHUP its keys, its gateway file, its certificates,
// its log level and its log files (reload.h), and the files of keys and certificates also by itself
// when they have changed.
//
// Signals that come close together are one reload.
#pragma once

#include "common/certificates.h"
#include "common/file_watch.h"
#include "common/reload.h"
#include "edge/adapters/event_loop.h"
#include "edge/edge_settings.h"
#include "edge/gateway/clients/key_ring.h"

struct edge_reload_handlers {
    void (*on_keys)(void *arg); // there are other keys than before
    void (*on_file)(
        void *arg); // there is another gateway file; the one before is about to be freed
    void *arg;
};

struct edge_reload {
    const struct edge_settings *start;
    struct gateway_file *file;    // owned; the newest. NULL: that of `start`
    struct edge_settings *newest; // owned; has the keys that were read last. NULL: those of `start`
    uv_signal_t hangup;
    struct deadline_queue delays;
    struct deadline delay;
    struct file_watch watch;
    char *paths[FILE_WATCH_MAX]; // of the watched files; owned
    struct certificates certificates;
    struct deadline_queue looks; // at the certificates
    struct deadline look;
    struct reload_metrics *metrics;
    struct edge_reload_handlers handlers;
};

// Borrows `start`, `loop` and `metrics`. Copies `handlers`.
void edge_reload_init(struct edge_reload *reload, const struct edge_settings *start,
                      struct event_loop *loop, struct reload_metrics *metrics,
                      const struct edge_reload_handlers *handlers);
// Ends the watch over signal and files.
void edge_reload_close(struct edge_reload *reload);
// Call after edge_reload_close(), when the loop has ended.
void edge_reload_fini(struct edge_reload *reload);

// The keys of settings and files as they are now. Valid until `on_keys` is called.
struct token_keys edge_reload_keys(const struct edge_reload *reload);
// The gateway file as it is now. Valid until `on_file` returns.
const struct gateway_file *edge_reload_file(const struct edge_reload *reload);
