#define LOG_MODULE "edge"

#include "edge/edge_reload.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/gateway_file/succession.h"
#include "common/log.h"
#include "common/mem.h"
#include "edge/edge_keys.h"
#include "edge/edge_options.h"
#include "edge/edge_rooms.h"

#define DELAY_MS 100
#define LOOK_MS  1000

static const struct edge_settings *current(const struct edge_reload *reload)
{
    return reload->newest ? reload->newest : reload->start;
}

struct token_keys edge_reload_keys(const struct edge_reload *reload)
{
    return options_of_tokens(current(reload)).keys;
}

static void watch_files(struct edge_reload *reload, bool read_before)
{
    static const char *const names[] = {"JWT_SECRET_FILE", "JWT_SECRET_PREVIOUS_FILE",
                                        "JWT_PUBLIC_KEY_FILE", "JWT_JWKS_FILE"};
    static_assert(ARRAY_LEN(names) <= FILE_WATCH_MAX, "all can be watched");

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        free(reload->paths[i]);
        reload->paths[i] =
            settings_is_given(names[i]) ? mem_strdup(setting_variable(names[i])) : NULL;
    }
    file_watch_set(&reload->watch, (const char *const *)reload->paths, ARRAY_LEN(names),
                   read_before);
}

// Returns whether they are others than before.
static bool take(struct edge_reload *reload, struct edge_settings *fresh)
{
    struct token_keys before = edge_reload_keys(reload), after = options_of_tokens(fresh).keys;
    struct edge_settings *old = reload->newest;
    bool other = !token_keys_equal(&before, &after);

    reload->newest = fresh;
    if (other) {
        log_info("the keys were replaced");
        reload->handlers.on_keys(reload->handlers.arg);
    }
    edge_keys_free_again(old);
    return other;
}

enum outcome { REFUSED, SAME, OTHER };

static enum outcome read_keys(struct edge_reload *reload)
{
    struct buffer errors = {0}, warnings = {0};
    struct edge_settings *fresh = edge_keys_load_again(reload->start, &errors, &warnings);
    enum outcome outcome = !fresh ? REFUSED : take(reload, fresh) ? OTHER : SAME;

    reload_accepts("keys", &errors);
    if (outcome == OTHER)
        program_log_warnings(&warnings);
    buffer_fini(&errors);
    buffer_fini(&warnings);
    return outcome;
}

const struct gateway_file *edge_reload_file(const struct edge_reload *reload)
{
    return reload->file ? reload->file : reload->start->file;
}

// The one place where a gateway file takes the place of another: nobody uses the old one after
// on_file().
static void use_file(struct edge_reload *reload, struct gateway_file *fresh)
{
    struct gateway_file *old = reload->file;

    gateway_file_succeed(fresh, edge_reload_file(reload), clock_wall_ms());
    reload->file = fresh;
    log_info("the gateway file was replaced types=%zu", fresh->rooms->count);
    reload->handlers.on_file(reload->handlers.arg);
    gateway_file_free(old);
}

// At the start edge.c says so, if the first file has such types.
static void warn_of_default(const struct edge_settings *settings)
{
    if (settings->room_authorization == ROOM_AUTHORIZATION_OPEN &&
        !settings_is_given("ROOM_AUTHORIZATION"))
        log_warn("ROOM_AUTHORIZATION is not set, everybody may join rooms of types without join");
}

// Returns false if the file was refused. The built-in file is always the same.
static bool read_file(struct edge_reload *reload)
{
    struct buffer errors = {0};
    struct gateway_file *fresh;
    bool assumes = false;

    if (!reload->start->gateway_file.path && !reload->start->gateway_file.routes_path)
        return true;
    fresh = edge_rooms_load(reload->start, &assumes, &errors);
    reload_accepts("gateway file", &errors);
    buffer_fini(&errors);
    if (!fresh)
        return false;
    if (fresh->fingerprint != edge_reload_file(reload)->fingerprint)
        use_file(reload, fresh);
    else
        gateway_file_free(fresh);
    if (assumes)
        warn_of_default(reload->start);
    return true;
}

static void on_file_changed(void *arg)
{
    struct edge_reload *reload = arg;
    enum outcome outcome = read_keys(reload);

    if (outcome != SAME)
        reload_count(reload->metrics, outcome == OTHER);
}

// The watch is set before the files are read: a change while they are read is another change.
static void on_delay(struct deadline *delay, void *arg)
{
    struct edge_reload *reload = arg;

    (void)delay;
    bool shared = reload_shared();
    watch_files(reload, false);
    bool keys = read_keys(reload) != REFUSED;
    bool file = read_file(reload);
    bool certificates = certificates_read_again(&reload->certificates);
    reload_finish(reload->metrics, shared && keys && file && certificates);
}

static void on_hangup(uv_signal_t *handle, int number)
{
    struct edge_reload *reload = handle->data;

    (void)number;
    if (!deadline_is_armed(&reload->delay))
        deadline_arm(&reload->delay, &reload->delays);
}

static void on_look(struct deadline *look, void *arg)
{
    struct edge_reload *reload = arg;

    deadline_arm(look, &reload->looks);
    certificates_look(&reload->certificates, reload->metrics);
}

static void watch_certificates(struct edge_reload *reload, struct event_loop *loop)
{
    struct certificates *certificates = &reload->certificates;

    certificates_add(certificates, reload->start->redis.store);
    certificates_add(certificates, reload->start->authorization_tls);
    certificates_add(certificates, reload->start->jwks_tls);
    deadline_queue_init(&reload->looks, &loop->deadlines, LOOK_MS, on_look, reload);
    deadline_init(&reload->look);
    if (certificates->count > 0)
        deadline_arm(&reload->look, &reload->looks);
}

void edge_reload_init(struct edge_reload *reload, const struct edge_settings *start,
                      struct event_loop *loop, struct reload_metrics *metrics,
                      const struct edge_reload_handlers *handlers)
{
    *reload = (struct edge_reload){.start = start, .metrics = metrics, .handlers = *handlers};
    deadline_queue_init(&reload->delays, &loop->deadlines, DELAY_MS, on_delay, reload);
    deadline_init(&reload->delay);
    file_watch_init(&reload->watch, &loop->deadlines, on_file_changed, reload);
    watch_files(reload, true);
    watch_certificates(reload, loop);
    uv_signal_init(&loop->uv, &reload->hangup);
    reload->hangup.data = reload;
    uv_signal_start(&reload->hangup, on_hangup, SIGHUP);
}

void edge_reload_close(struct edge_reload *reload)
{
    uv_close((uv_handle_t *)&reload->hangup, NULL);
    deadline_cancel(&reload->delay);
    deadline_cancel(&reload->watch.look);
    deadline_cancel(&reload->look);
}

void edge_reload_fini(struct edge_reload *reload)
{
    deadline_queue_fini(&reload->delays);
    deadline_queue_fini(&reload->looks);
    file_watch_fini(&reload->watch);
    for (size_t i = 0; i < FILE_WATCH_MAX; i++)
        free(reload->paths[i]);
    edge_keys_free_again(reload->newest);
    gateway_file_free(reload->file);
}
