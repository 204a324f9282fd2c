#include "relay/event_log/event_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/redis_error.h"
#include "relay/event_log/append_script.h"
#include "relay/event_log/event_log_internal.h"

#define LOG_MODULE "redis"
#include "common/log.h"

struct event_log *event_log_new(const struct event_log_options *options)
{
    struct event_log *log = mem_zalloc(sizeof(*log));

    log->options = *options;
    log->outage.module = "relay";
    log->outage.what = redis_settings_what(options->redis, log->what);
    log->outage.remedy = redis_settings_remedy(options->redis);
    redis_dialer_init(&log->dialer, options->redis, options->resolver, EVENT_LOG_CONNECT_MS,
                      EVENT_LOG_ANSWER_MS);
    log->decoder = envelope_decoder_new();
    snprintf(log->max_len, sizeof(log->max_len), "%" PRIu64, options->max_len);
    redis_names_init(&log->names, options->redis->key_prefix, (unsigned)options->redis->db);
    for (unsigned i = options->node; i < options->shards; i += options->nodes) {
        redis_log_key(&log->names, i, log->log_keys[i]);
        redis_bus_channel(&log->names, i, log->bus_channels[i]);
    }
    return log;
}

static void disconnect(struct event_log *log)
{
    if (log->redis)
        redisFree(log->redis);
    if (log->early)
        freeReplyObject(log->early);
    log->redis = NULL;
    log->early = NULL;
    log->flight_count = 0;
    log->usable = false;
}

void event_log_free(struct event_log *log)
{
    if (!log)
        return;
    disconnect(log);
    redis_dialer_fini(&log->dialer);
    envelope_decoder_free(log->decoder);
    buffer_fini(&log->command);
    free(log);
}

bool event_log_connected(const struct event_log *log)
{
    return log->redis != NULL;
}

enum event_log_refusal event_log_refusal(const struct event_log *log)
{
    return log->refusal;
}

uint64_t event_log_unreplicated(const struct event_log *log)
{
    return log->unreplicated;
}

uint64_t event_log_losses(const struct event_log *log)
{
    return log->losses;
}

unsigned event_log_shards(const struct event_log *log)
{
    return log->options.shards;
}

bool event_log_lose(struct event_log *log, const char *reason)
{
    outage_log_begin(&log->outage, log->usable ? reason : redis_error_explain(reason));
    log->losses += log->usable;
    disconnect(log);
    return false;
}

static const char *remedy_of(const struct event_log *log, const char *error)
{
    if (redis_error_is_out_of_memory(error))
        return "check maxmemory of Redis, what else is in it, and LOG_MAX_BYTES";
    return redis_error_ends_connection(error) ? redis_settings_remedy(log->options.redis) : NULL;
}

// The remedy is that of this error, which is not always the settings of the connection. A Redis
// that refuses every write refuses it in a script and outside: that is one outage.
void event_log_report_error(struct event_log *log, const char *error)
{
    char plain[OUTAGE_LOG_REASON_MAX];

    redis_error_plain(error, plain, sizeof(plain));
    log->outage.remedy = remedy_of(log, plain);
    if (redis_error_ends_connection(plain))
        event_log_lose(log, plain);
    else
        outage_log_begin(&log->outage, plain);
    log->outage.remedy = redis_settings_remedy(log->options.redis);
}

void event_log_record_write(struct event_log *log, const char *error)
{
    if (!error)
        log->refusal = log->refusal == EVENT_LOG_NO_REPLICAS ? log->refusal : EVENT_LOG_WRITABLE;
    else
        log->refusal =
            redis_error_is_out_of_memory(error) ? EVENT_LOG_NO_MEMORY : EVENT_LOG_REFUSED;
}

redisReply *event_log_next_reply(struct event_log *log)
{
    void *reply = log->early;

    log->early = NULL;
    if (reply || redisGetReply(log->redis, &reply) == REDIS_OK)
        return reply;
    bool slow = log->redis->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
    event_log_lose(log, slow ? "no answer in time" : log->redis->errstr);
    return NULL;
}

bool event_log_has_reply(struct event_log *log)
{
    // An error of the reader shows when the answer is read.
    if (!log->early && redisGetReplyFromReader(log->redis, &log->early) != REDIS_OK)
        log->early = NULL;
    return log->early != NULL;
}

redisReply *event_log_ask(struct event_log *log, int argc, const char **argv, const size_t *lens)
{
    if (log->flight_count > 0)
        log->settle(log);
    if (!log->redis)
        return NULL;
    redisAppendCommandArgv(log->redis, argc, argv, lens);
    return event_log_next_reply(log);
}

bool reply_is_error(const redisReply *reply, const char *part)
{
    return reply->type == REDIS_REPLY_ERROR && strstr(reply->str, part) != NULL;
}

bool event_log_accept_reply(struct event_log *log, redisReply *reply)
{
    bool ok = reply && reply->type != REDIS_REPLY_ERROR;

    if (reply && !ok)
        event_log_report_error(log, reply->str);
    if (reply)
        freeReplyObject(reply);
    return ok;
}

// A replica accepts publications, but edges and relays follow the primary. If the user of Redis may
// not ask for the role, the first refused write shows it.
bool event_log_is_primary(struct event_log *log)
{
    redisReply *role = EVENT_LOG_ASK(log, "ROLE");

    if (role && role->type == REDIS_REPLY_ARRAY && role->elements > 0 &&
        role->element[0]->type == REDIS_REPLY_STRING &&
        strcmp(role->element[0]->str, "master") != 0)
        event_log_lose(log, "this server is no primary");
    else if (role && role->type == REDIS_REPLY_ERROR && redis_error_ends_connection(role->str))
        event_log_lose(log, role->str);
    if (role)
        freeReplyObject(role);
    return log->redis != NULL;
}

bool event_log_load_append_script(struct event_log *log)
{
    redisReply *reply = EVENT_LOG_ASK(log, "SCRIPT", "LOAD", event_log_append_script);

    if (reply && reply->type == REDIS_REPLY_STRING)
        snprintf(log->append_sha, sizeof(log->append_sha), "%s", reply->str);
    return event_log_accept_reply(log, reply);
}

static bool log_in(struct event_log *log)
{
    const struct redis_settings *redis = log->options.redis;
    redisReply *reply;

    if (!redis->password)
        return true;
    reply = redis->username ? EVENT_LOG_ASK(log, "AUTH", redis->username, redis->password)
                            : EVENT_LOG_ASK(log, "AUTH", redis->password);
    if (!reply || reply->type != REDIS_REPLY_ERROR || !redis_error_wants_no_password(reply->str))
        return event_log_accept_reply(log, reply);
    if (!log->needless_password_logged)
        log_warn("REDIS_PASSWORD is set, but Redis wants none; going on without it");
    log->needless_password_logged = true;
    freeReplyObject(reply);
    return true;
}

// Prepares a new connection for use.
static bool prepare(struct event_log *log)
{
    char db[21];

    snprintf(db, sizeof(db), "%" PRId64, log->options.redis->db);
    return log_in(log) &&
           event_log_accept_reply(log, EVENT_LOG_ASK(log, "CLIENT", "SETNAME", "ws-relay")) &&
           event_log_is_primary(log) &&
           event_log_accept_reply(log, EVENT_LOG_ASK(log, "SELECT", db)) &&
           event_log_load_append_script(log);
}

bool event_log_connect(struct event_log *log)
{
    if (log->redis)
        return true;
    log->redis = redis_dial(&log->dialer);
    if (!log->redis)
        return event_log_lose(log, log->dialer.reason);
    if (!prepare(log)) {
        redis_dial_elsewhere(&log->dialer);
        disconnect(log);
        return false;
    }
    const struct host_address *primary = redis_dialed_primary(&log->dialer);
    log_info("connected to Redis host=%s port=%" PRId64 " db=%" PRId64,
             redis_settings_host(log->options.redis, primary),
             redis_settings_port(log->options.redis, primary), log->options.redis->db);
    outage_log_clear(&log->outage);
    log->usable = true;
    log->grown_bytes = log->options.max_bytes; // unknown what this server holds: measure soon
    return true;
}
