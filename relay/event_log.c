#include "relay/event_log.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "relay/outage.h"

#define LOG_MODULE "redis"
#include "common/log.h"

#define ID_PAGE      50 // entries that are read at once when looking for ids
#define SHA_LEN      40
#define ARGS_FIXED   6                  // EVALSHA sha 2 log channel max_len
#define REFUSED_XADD "equal or smaller" // part of Redis' words when an id is not above the top
#define CLAIM_TRIES  3

// One call for all events of a shard. Each is its own publication.
static const char append_script[] =
    "for i = 2, #ARGV, 2 do\n"
    "  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], ARGV[i], 'e', ARGV[i + 1])\n"
    "  redis.call('PUBLISH', KEYS[2], ARGV[i + 1])\n"
    "end\n"
    "return (#ARGV - 1) / 2\n";

// Raises the top of a stream without leaving an entry.
static const char claim_script[] = "redis.call('XADD', KEYS[1], ARGV[1], 'e', '')\n"
                                   "redis.call('XDEL', KEYS[1], ARGV[1])\n"
                                   "return 1\n";

struct event_log {
    struct event_log_options options;
    redisContext *redis; // NULL: not connected
    char append_sha[SHA_LEN + 1];
    char log_keys[SHARDS_MAX][SHARD_KEY_MAX];
    char bus_channels[SHARDS_MAX][SHARD_KEY_MAX];
    char max_len[21];
    bool answers_due;      // a batch is on its way
    bool sent[SHARDS_MAX]; // which shards it has a command for
    struct envelope_decoder *decoder;
    const char **args; // of one EVALSHA
    size_t *arg_lens;
    size_t arg_cap;
    char (*ids)[POSITION_TEXT_MAX]; // the positions among them
    struct outage outage;
};

struct event_log *event_log_new(const struct event_log_options *options)
{
    struct event_log *log = mem_zalloc(sizeof(*log));

    log->options = *options;
    log->outage.what = "Redis";
    log->outage.settings = "REDIS_HOST, REDIS_PORT and REDIS_PASSWORD";
    log->decoder = envelope_decoder_new();
    snprintf(log->max_len, sizeof(log->max_len), "%" PRIu64, options->max_len);
    for (unsigned i = 0; i < options->shards; i++) {
        shard_log_key(i, log->log_keys[i]);
        shard_bus_channel(i, log->bus_channels[i]);
    }
    return log;
}

static void disconnect(struct event_log *log)
{
    if (log->redis)
        redisFree(log->redis);
    log->redis = NULL;
    log->answers_due = false;
}

void event_log_free(struct event_log *log)
{
    if (!log)
        return;
    disconnect(log);
    envelope_decoder_free(log->decoder);
    free(log->args);
    free(log->arg_lens);
    free(log->ids);
    free(log);
}

bool event_log_connected(const struct event_log *log)
{
    return log->redis != NULL;
}

static bool lose(struct event_log *log, const char *reason)
{
    outage_begin(&log->outage, reason);
    disconnect(log);
    return false;
}

// The next answer, or NULL when the connection is lost.
static redisReply *next_reply(struct event_log *log)
{
    void *reply = NULL;

    if (redisGetReply(log->redis, &reply) == REDIS_OK)
        return reply;
    bool slow = log->redis->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK);
    lose(log, slow ? "no answer in time" : log->redis->errstr);
    return NULL;
}

// One command and its answer; an error is an answer too. NULL: the connection is lost.
static redisReply *ask(struct event_log *log, int argc, const char **argv, const size_t *lens)
{
    assert(!log->answers_due); // or this would take the answer of a batch for its own
    if (!log->redis)
        return NULL;
    redisAppendCommandArgv(log->redis, argc, argv, lens);
    return next_reply(log);
}

#define ASK(log, ...)                                                                              \
    ask((log), (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *)),                \
        (const char *[]){__VA_ARGS__}, NULL)

static bool is_error(const redisReply *reply, const char *part)
{
    return reply->type == REDIS_REPLY_ERROR && strstr(reply->str, part) != NULL;
}

// Takes the reply. What is an error is told, as the reason why Redis cannot be used now.
static bool accept_reply(struct event_log *log, redisReply *reply)
{
    bool ok = reply && reply->type != REDIS_REPLY_ERROR;

    if (reply && !ok)
        outage_begin(&log->outage, reply->str);
    if (reply)
        freeReplyObject(reply);
    return ok;
}

static bool load_script(struct event_log *log, const char *script, char sha[SHA_LEN + 1])
{
    redisReply *reply = ASK(log, "SCRIPT", "LOAD", script);

    if (reply && reply->type == REDIS_REPLY_STRING)
        snprintf(sha, SHA_LEN + 1, "%s", reply->str);
    return accept_reply(log, reply);
}

static bool greet(struct event_log *log)
{
    char db[12];

    snprintf(db, sizeof(db), "%d", log->options.db);
    if (log->options.password && !accept_reply(log, ASK(log, "AUTH", log->options.password)))
        return false;
    return accept_reply(log, ASK(log, "CLIENT", "SETNAME", "ws-relay")) &&
           accept_reply(log, ASK(log, "SELECT", db)) &&
           load_script(log, append_script, log->append_sha);
}

// Tries one address after the other; together they have EVENT_LOG_CONNECT_MS.
static bool dial(struct event_log *log)
{
    struct addresses addresses;
    const char *unresolved = resolver_ask(log->options.resolver, EVENT_LOG_CONNECT_MS, &addresses);

    if (unresolved)
        return lose(log, unresolved);
    long wait_ms = EVENT_LOG_CONNECT_MS / (long)addresses.count;
    for (size_t i = 0; i < addresses.count; i++) {
        disconnect(log);
        log->redis = redisConnectWithTimeout(addresses.text[i], log->options.port,
                                             (struct timeval){.tv_usec = wait_ms * 1000});
        if (!log->redis)
            abort(); // out of memory
        if (!log->redis->err)
            return true;
    }
    return lose(log, log->redis->errstr);
}

bool event_log_connect(struct event_log *log)
{
    struct timeval answer = {.tv_usec = EVENT_LOG_ANSWER_MS * 1000};

    if (log->redis)
        return true;
    if (!dial(log))
        return false;
    redisSetTimeout(log->redis, answer);
    redisEnableKeepAlive(log->redis);
    if (!greet(log)) {
        disconnect(log);
        return false;
    }
    log_info("connected to Redis host=%s port=%d db=%d", log->options.resolver->host,
             log->options.port, log->options.db);
    outage_clear(&log->outage);
    return true;
}

static bool parse_id(const redisReply *reply, struct position *out)
{
    return reply->type == REDIS_REPLY_STRING &&
           position_parse((struct span){reply->str, reply->len}, out);
}

// The last id that the stream ever gave out, whether its entry still exists or not.
static bool find_last_id(const redisReply *info, struct position *out)
{
    for (size_t i = 0; i + 1 < info->elements; i += 2) {
        const redisReply *name = info->element[i];
        if (name->type == REDIS_REPLY_STRING && strcmp(name->str, "last-generated-id") == 0)
            return parse_id(info->element[i + 1], out);
    }
    return false;
}

static bool read_last_id(struct event_log *log, unsigned shard, struct position *out)
{
    redisReply *info = ASK(log, "XINFO", "STREAM", log->log_keys[shard]);

    *out = (struct position){0};
    if (info && is_error(info, "no such key")) {
        freeReplyObject(info);
        return true;
    }
    bool found = info && info->type == REDIS_REPLY_ARRAY && find_last_id(info, out);
    return accept_reply(log, info) && found;
}

// The entries of a page, newest first, that stand before `below` ("+": from the top).
static redisReply *read_page(struct event_log *log, unsigned shard, const char *below, size_t count)
{
    char limit[21];

    snprintf(limit, sizeof(limit), "%zu", count);
    return ASK(log, "XREVRANGE", log->log_keys[shard], below, "-", "COUNT", limit);
}

static bool read_newest(struct event_log *log, unsigned shard, struct position *out)
{
    redisReply *page = read_page(log, shard, "+", 1);

    *out = (struct position){0};
    if (page && page->type == REDIS_REPLY_ARRAY && page->elements == 1 &&
        page->element[0]->type == REDIS_REPLY_ARRAY && page->element[0]->elements == 2 &&
        !parse_id(page->element[0]->element[0], out)) {
        freeReplyObject(page);
        return lose(log, "an entry of the log has no proper id");
    }
    return accept_reply(log, page);
}

bool event_log_read_tops(struct event_log *log, struct position tops[SHARDS_MAX])
{
    for (unsigned i = 0; i < log->options.shards; i++)
        if (!read_newest(log, i, &tops[i]))
            return false;
    return true;
}

static bool find_epoch(struct event_log *log, uint64_t now_ms, uint64_t *epoch)
{
    *epoch = now_ms;
    for (unsigned i = 0; i < log->options.shards; i++) {
        struct position last;
        if (!read_last_id(log, i, &last))
            return false;
        if (last.epoch >= *epoch)
            *epoch = last.epoch + 1;
    }
    return true;
}

// Sets `taken` when another relay was quicker.
static bool raise_tops(struct event_log *log, uint64_t epoch, bool *taken)
{
    char id[POSITION_TEXT_MAX];

    position_print((struct position){epoch, 0}, id);
    *taken = false;
    for (unsigned i = 0; i < log->options.shards && !*taken; i++) {
        redisReply *reply = ASK(log, "EVAL", claim_script, "1", log->log_keys[i], id);
        *taken = reply && is_error(reply, REFUSED_XADD);
        if (*taken)
            freeReplyObject(reply);
        else if (!accept_reply(log, reply))
            return false;
    }
    return true;
}

bool event_log_claim(struct event_log *log, uint64_t now_ms, struct sequence *out)
{
    bool taken = true;

    *out = (struct sequence){.shards = log->options.shards};
    for (int i = 0; i < CLAIM_TRIES && taken; i++)
        if (!find_epoch(log, now_ms, &out->epoch) || !raise_tops(log, out->epoch, &taken))
            return false;
    return !taken && event_log_read_tops(log, out->last);
}

// The field `e` of an entry: the envelope.
static void visit_entry(struct event_log *log, const redisReply *entry, event_id_fn visit,
                        void *arg)
{
    const redisReply *fields = entry->element[1];

    if (fields->type != REDIS_REPLY_ARRAY || fields->elements < 2)
        return;
    const redisReply *bytes = fields->element[1];
    const struct envelope *envelope =
        bytes->type == REDIS_REPLY_STRING
            ? envelope_decode(log->decoder, (struct span){bytes->str, bytes->len})
            : NULL;
    if (envelope)
        visit(envelope->id, arg);
}

static bool is_entry(const redisReply *entry)
{
    return entry->type == REDIS_REPLY_ARRAY && entry->elements == 2 &&
           entry->element[0]->type == REDIS_REPLY_STRING;
}

static bool visit_shard(struct event_log *log, unsigned shard, size_t count, event_id_fn visit,
                        void *arg)
{
    char below[POSITION_TEXT_MAX + 1] = "+";
    size_t got = ID_PAGE;

    for (size_t left = count; left > 0 && got == ID_PAGE; left -= left < got ? left : got) {
        redisReply *page = read_page(log, shard, below, ID_PAGE);
        got = page && page->type == REDIS_REPLY_ARRAY ? page->elements : 0;
        for (size_t i = 0; i < got && is_entry(page->element[i]); i++) {
            visit_entry(log, page->element[i], visit, arg);
            snprintf(below, sizeof(below), "(%.*s", POSITION_TEXT_MAX - 1,
                     page->element[i]->element[0]->str);
        }
        if (!accept_reply(log, page))
            return false;
    }
    return true;
}

bool event_log_newest_ids(struct event_log *log, size_t count, event_id_fn visit, void *arg)
{
    for (unsigned i = 0; i < log->options.shards; i++)
        if (!visit_shard(log, i, count, visit, arg))
            return false;
    return true;
}

static void make_room(struct event_log *log, size_t events)
{
    size_t need = ARGS_FIXED + 2 * events;

    if (need <= log->arg_cap)
        return;
    log->args = mem_realloc(log->args, need * sizeof(*log->args));
    log->arg_lens = mem_realloc(log->arg_lens, need * sizeof(*log->arg_lens));
    log->ids = mem_realloc(log->ids, events * sizeof(*log->ids));
    log->arg_cap = need;
}

static void put_arg(struct event_log *log, size_t i, const char *ptr, size_t len)
{
    log->args[i] = ptr;
    log->arg_lens[i] = len;
}

static void put_text(struct event_log *log, size_t i, const char *text)
{
    put_arg(log, i, text, strlen(text));
}

// Puts the command for one shard on its way. False when the shard has nothing to append.
static bool send_shard(struct event_log *log, const struct batch *batch, unsigned shard)
{
    size_t argc = ARGS_FIXED, events = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        if (entry->logged || entry->shard != shard)
            continue;
        struct span envelope = batch_envelope(batch, entry);
        size_t id_len = position_print(entry->position, log->ids[events]);
        put_arg(log, argc++, log->ids[events++], id_len);
        put_arg(log, argc++, envelope.ptr, envelope.len);
    }
    if (events == 0)
        return false;
    put_text(log, 0, "EVALSHA");
    put_arg(log, 1, log->append_sha, SHA_LEN);
    put_text(log, 2, "2");
    put_text(log, 3, log->log_keys[shard]);
    put_text(log, 4, log->bus_channels[shard]);
    put_text(log, 5, log->max_len);
    redisAppendCommandArgv(log->redis, (int)argc, log->args, log->arg_lens);
    return true;
}

struct answers {
    bool lost;      // not all came
    bool unclear;   // an id was refused: what is in must be found out
    bool no_script; // Redis has forgotten the script
    bool failed;    // Redis said no for another reason
};

static void judge_answer(struct event_log *log, redisReply *reply, struct answers *answers)
{
    if (!reply) {
        answers->lost = true;
        return;
    }
    if (is_error(reply, "NOSCRIPT"))
        answers->no_script = true;
    else if (is_error(reply, REFUSED_XADD))
        answers->unclear = true;
    else if (is_error(reply, "READONLY")) // no longer the primary: the name may lead to the new one
        answers->lost = !lose(log, reply->str);
    else if (reply->type == REDIS_REPLY_ERROR)
        answers->failed = true;
    if (answers->failed)
        outage_begin(&log->outage, reply->str);
    freeReplyObject(reply);
}

static void mark_shard_logged(struct batch *batch, unsigned shard)
{
    batch_mark_logged(batch, shard, (struct position){UINT64_MAX, UINT64_MAX});
}

// Puts the commands for all shards on their way in one write.
static void send_batch(struct event_log *log, struct batch *batch)
{
    int flushed = 0;

    make_room(log, batch->count);
    batch->in_doubt = true;
    log->answers_due = true;
    for (unsigned i = 0; i < log->options.shards; i++)
        log->sent[i] = send_shard(log, batch, i);
    while (!flushed && redisBufferWrite(log->redis, &flushed) == REDIS_OK)
        ; // what cannot be sent shows when the answers are taken
}

static struct answers take_answers(struct event_log *log, struct batch *batch)
{
    struct answers answers = {0};

    log->answers_due = false;
    for (unsigned i = 0; i < log->options.shards && !answers.lost; i++) {
        struct answers answer = {0};
        if (!log->sent[i])
            continue;
        judge_answer(log, next_reply(log), &answer);
        if (!answer.lost && !answer.unclear && !answer.no_script && !answer.failed)
            mark_shard_logged(batch, i);
        answers.lost |= answer.lost;
        answers.unclear |= answer.unclear;
        answers.no_script |= answer.no_script;
        answers.failed |= answer.failed;
    }
    return answers;
}

static uint64_t epoch_of(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!position_is_none(batch->entries[i].position))
            return batch->entries[i].position.epoch;
    return 0;
}

// Compares the batch with the tops of the log.
static enum event_log_status resolve_doubt(struct event_log *log, struct batch *batch)
{
    for (unsigned i = 0; i < log->options.shards; i++) {
        struct position last;
        if (!read_last_id(log, i, &last))
            return EVENT_LOG_FAILED;
        if (last.epoch > epoch_of(batch))
            return EVENT_LOG_SUPERSEDED;
        batch_mark_logged(batch, i, last);
    }
    batch->in_doubt = false;
    return EVENT_LOG_OK;
}

static enum event_log_status append_once(struct event_log *log, struct batch *batch)
{
    if (batch->in_doubt && !log->answers_due) {
        enum event_log_status status = resolve_doubt(log, batch);
        if (status != EVENT_LOG_OK || batch_logged(batch))
            return status;
    }
    if (!log->answers_due)
        send_batch(log, batch);
    struct answers answers = take_answers(log, batch);
    if (answers.no_script && !answers.lost)
        load_script(log, append_script, log->append_sha);
    if (batch_logged(batch)) {
        batch->in_doubt = false;
        outage_end(&log->outage);
    }
    return answers.lost || answers.failed ? EVENT_LOG_FAILED : EVENT_LOG_OK;
}

void event_log_send(struct event_log *log, struct batch *batch)
{
    if (log->redis && !batch->in_doubt && !batch_logged(batch))
        send_batch(log, batch);
}

enum event_log_status event_log_append(struct event_log *log, struct batch *batch)
{
    enum event_log_status status = EVENT_LOG_OK;

    // The second and third time are for a script that Redis has forgotten and for refused ids.
    for (int i = 0; i < 3 && status == EVENT_LOG_OK && !batch_logged(batch); i++) {
        if (!event_log_connect(log))
            return EVENT_LOG_FAILED;
        status = append_once(log, batch);
    }
    return status == EVENT_LOG_OK && !batch_logged(batch) ? EVENT_LOG_FAILED : status;
}

bool event_log_publish_control(struct event_log *log, struct span message)
{
    const char *argv[] = {"PUBLISH", CONTROL_CHANNEL, message.ptr};
    const size_t lens[] = {7, sizeof(CONTROL_CHANNEL) - 1, message.len};

    return accept_reply(log, ask(log, 3, argv, lens));
}
