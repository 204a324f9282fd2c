#define LOG_MODULE "websocket"

#include "edge/adapters/listener/websocket_tables.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/log.h"
#include "common/mem.h"

#define SERVICE_BUFFER    4096 // bytes of one read: few, so that no client holds up the others
#define OTHER_DESCRIPTORS 512  // descriptors of the process for listeners, brokers, files, pipes
#define SMALLEST          4096 // descriptors in the first table
#define GROWTH            4    // times as many in the next one
#define TABLES_MAX        8    // enough for the largest limit that the library accepts, 10 million

struct table {
    struct lws_context *context;
    struct lws_vhost *vhost;
    rlim_t size;
};

struct websocket_tables {
    struct table all[TABLES_MAX]; // by size
    size_t count;
};

// The library takes the limit of open files for the size. So that is lowered while it looks.
static struct lws_context *create_context(const struct lws_context_creation_info *info, rlim_t size)
{
    struct rlimit limit, lowered;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return NULL;
    lowered = limit;
    if (lowered.rlim_cur > size)
        lowered.rlim_cur = size;
    setrlimit(RLIMIT_NOFILE, &lowered);
    struct lws_context *context = lws_create_context(info);
    setrlimit(RLIMIT_NOFILE, &limit);
    return context;
}

static bool add_table(struct websocket_tables *tables, const struct lws_context_creation_info *info,
                      rlim_t size)
{
    struct table *table = &tables->all[tables->count];

    table->context = create_context(info, size);
    if (!table->context)
        return false;
    table->size = size;
    tables->count++;
    table->vhost = lws_create_vhost(table->context, info);
    return table->vhost != NULL;
}

static bool add_tables(struct websocket_tables *tables,
                       const struct lws_context_creation_info *info, rlim_t largest)
{
    for (rlim_t size = SMALLEST; size < largest && tables->count < TABLES_MAX - 1; size *= GROWTH)
        if (!add_table(tables, info, size))
            return false;
    return add_table(tables, info, largest);
}

static void on_library_log(int level, const char *line)
{
    size_t len = strcspn(line, "\n");

    if (level & LLL_ERR)
        log_debug("libwebsockets says text=%.*s", (int)len, line);
}

struct websocket_tables *websocket_tables_new(struct event_loop *loop, uint32_t max_connections,
                                              const struct lws_protocols *protocols, void *user)
{
    static const lws_retry_bo_t no_keepalive = {0}; // the library takes O(n) to arm a timer
    struct websocket_tables *tables = mem_zalloc(sizeof(*tables));
    struct rlimit limit = {.rlim_cur = SMALLEST};
    void *loops[] = {&loop->uv};
    const struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DISABLE_IPV6,
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .foreign_loops = loops,
        .pt_serv_buf_size = SERVICE_BUFFER,
        .retry_and_idle_policy = &no_keepalive,
        .protocols = protocols,
        .user = user,
        .vhost_name = "clients",
    };

    lws_set_log_level(LLL_ERR, on_library_log);
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t wanted = (rlim_t)max_connections + OTHER_DESCRIPTORS;
    if (!add_tables(tables, &info, wanted < limit.rlim_cur ? wanted : limit.rlim_cur)) {
        log_error("libwebsockets cannot start remedy=%s", "install libwebsockets-evlib-uv");
        websocket_tables_close(tables);
        free(tables);
        return NULL;
    }
    return tables;
}

// The library refuses a descriptor that is too high for the largest table too.
struct lws_vhost *websocket_tables_find(const struct websocket_tables *tables, int fd)
{
    const struct table *table = tables->all;

    while (table < &tables->all[tables->count - 1] && (rlim_t)fd >= table->size)
        table++;
    return table->vhost;
}

void websocket_tables_close(struct websocket_tables *tables)
{
    for (size_t i = 0; i < tables->count; i++)
        lws_context_destroy(tables->all[i].context);
}

void websocket_tables_free(struct websocket_tables *tables)
{
    if (!tables)
        return;
    websocket_tables_close(tables); // on a foreign loop the second call completes the first
    free(tables);
}
