#include "common/setting_typos.h"

#include <ctype.h>
#include <unistd.h>

#define NAME_LEN_MAX 64
#define LONG_NAME    10 // may have two slips, a shorter one has one

// Of all programs of the project, for they may share an environment.
static const char *const known[] = {
    "ALLOW_AUTH_WITHOUT_JWT",
    "ALLOW_EIO3",
    "BOOKING_SERVICE_URL",
    "BUS_SHARDS",
    "CLIENT_BUNDLE_DIR",
    "CONNECT_TIMEOUT",
    "CORS_ORIGIN",
    "DEV_CONSOLE",
    "DRAIN_SECONDS",
    "EDGE_ID",
    "EVENT_ROUTES_FILE",
    "HEAD_TIMEOUT",
    "JWT_ALGORITHMS",
    "JWT_EXPIRES_IN",
    "JWT_JWKS_FILE",
    "JWT_PUBLIC_KEY_FILE",
    "JWT_REFRESH_EXPIRES_IN",
    "JWT_SECRET",
    "LOG_DIR",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "LOG_MAXLEN",
    "LOG_MAX_BYTES",
    "MAX_BYTES_PER_SECOND",
    "MAX_CONNECTIONS",
    "MAX_CONNECTIONS_PER_ADDRESS",
    "MAX_EVENTS_PER_SECOND",
    "MAX_EVENTS_PER_SECOND_PER_USER",
    "MAX_EVENT_BYTES",
    "MAX_MEMORY_BYTES",
    "MAX_OUTBOX_BYTES",
    "MAX_PACKETS_PER_PAYLOAD",
    "MAX_PAYLOAD",
    "MAX_ROOMS_PER_SOCKET",
    "MAX_ROOM_DELIVERIES_PER_SECOND",
    "MAX_SOCKETS_PER_USER",
    "MESSAGE_SERVICE_PATH",
    "MESSAGE_SERVICE_URL",
    "METRICS_ENABLED",
    "METRICS_ROOMS",
    "NODE_ENV",
    "NOTIFICATION_SERVICE_PATH",
    "NOTIFICATION_SERVICE_URL",
    "OPS_PORT",
    "PING_INTERVAL",
    "PING_TIMEOUT",
    "PORT",
    "QUEUE_PREFIX",
    "RABBITMQ_EXCHANGES",
    "RABBITMQ_HOST",
    "RABBITMQ_PASSWORD",
    "RABBITMQ_PORT",
    "RABBITMQ_USER",
    "RABBITMQ_VHOST",
    "REDIS_DB",
    "REDIS_HOST",
    "REDIS_PASSWORD",
    "REDIS_PORT",
    "RELAY_LINGER_MS",
    "RELAY_PREFETCH",
    "ROOM_AUTHORIZATION",
    "ROOM_AUTHORIZATION_CACHE_SECONDS",
    "ROOM_AUTHORIZATION_CACHE_SIZE",
    "ROOM_AUTHORIZATION_CA_FILE",
    "ROOM_AUTHORIZATION_CONCURRENCY",
    "ROOM_AUTHORIZATION_QUEUE",
    "ROOM_AUTHORIZATION_TIMEOUT",
    "SERVICE_HOST",
    "SHARE_PORT",
    "TRUSTED_PROXIES",
    "UPGRADE_TIMEOUT",
    "WS_COMPRESSION",
    "WS_COMPRESSION_THRESHOLD",
    "WS_COMPRESSION_WINDOW_BITS",
    "WS_TOKEN",
    "WS_URL",
};

static bool same_letter(char a, char b)
{
    return toupper((unsigned char)a) == toupper((unsigned char)b);
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

// Optimal string alignment: cost[i][j] is the distance of the first i letters of `a` from the first
// j of `b`. Three rows are enough.
unsigned typo_distance(struct span a, struct span b)
{
    unsigned rows[3][NAME_LEN_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    size_t apart = a.len > b.len ? a.len - b.len : b.len - a.len;

    if (apart >= TYPO_DISTANCE_MAX || a.len > NAME_LEN_MAX || b.len > NAME_LEN_MAX)
        return TYPO_DISTANCE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = last[j] = before[j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *reused = before;
        before = last, last = row, row = reused;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            bool same = same_letter(a.ptr[i - 1], b.ptr[j - 1]);
            row[j] = smaller(smaller(last[j], row[j - 1]) + 1, last[j - 1] + !same);
            if (i > 1 && j > 1 && same_letter(a.ptr[i - 1], b.ptr[j - 2]) &&
                same_letter(a.ptr[i - 2], b.ptr[j - 1]))
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
    }
    return smaller(row[b.len], TYPO_DISTANCE_MAX);
}

// NULL when it is known, or like none.
static const char *find_meant(struct span name)
{
    const char *nearest = NULL;
    unsigned least = TYPO_DISTANCE_MAX;

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (span_is(name, known[i]))
            return NULL;
        unsigned apart = typo_distance(name, span_of(known[i]));
        if (apart < least && (apart < 2 || strlen(known[i]) >= LONG_NAME)) {
            least = apart;
            nearest = known[i];
        }
    }
    return nearest;
}

void settings_find_typos(struct buffer *warnings)
{
    for (char **variable = environ; *variable; variable++) {
        struct span rest = span_of(*variable), name;
        if (!span_take_until(&rest, '=', &name))
            continue;
        const char *meant = find_meant(name);
        if (meant)
            settings_fault(warnings, "%.*s is not known; is %s meant?", (int)name.len, name.ptr,
                           meant);
    }
}
