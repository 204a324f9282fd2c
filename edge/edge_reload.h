// What the edge reads again while it runs: on SIGHUP its keys, its certificates, its log level and
// its log files (reload.h), and the files of keys and certificates also by itself when they have
// changed.
//
// Signals that come close together are one reload.
#pragma once

#include "common/certificates.h"
#include "common/file_watch.h"
#include "common/reload.h"
#include "edge/adapters/event_loop.h"
#include "edge/edge_settings.h"
#include "edge/gateway/clients/key_ring.h"

struct edge_reload {
    const struct edge_settings *start;
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
    void (*on_keys)(void *arg);
    void *arg;
};

// Borrows `start`, `loop` and `metrics`. `on_keys` is called when there are other keys than before.
void edge_reload_init(struct edge_reload *reload, const struct edge_settings *start,
                      struct event_loop *loop, struct reload_metrics *metrics,
                      void (*on_keys)(void *arg), void *arg);
// Ends the watch over signal and files.
void edge_reload_close(struct edge_reload *reload);
// Call after edge_reload_close(), when the loop has ended.
void edge_reload_fini(struct edge_reload *reload);

// The keys of settings and files as they are now. Valid until `on_keys` is called.
struct token_keys edge_reload_keys(const struct edge_reload *reload);
