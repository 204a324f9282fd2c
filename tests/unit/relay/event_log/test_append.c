// Appending against a Redis that follows a script: answers that are lost, a claim that is lost, a
// server that refuses. The functions of hiredis are those below; the linker takes them in place of
// the library's.
#include "relay/event_log/append.h"
#include "relay/event_log/append_script.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/mem.h"
#include "relay/event_log/acked.h"
#include "tests/unit/capture.h"
#include "tests/unit/unit.h"

#define EPOCH       5
#define SHARDS      2
#define EVENTS      2
#define REPLIES_MAX 64
#define PIECE       256
#define LARGE       (2 * PIECE + 10)
#define ARGS_MAX    (2 * PIECE + 10)

#define IN_SCRIPT " script: 0123456789012345678901234567890123456789, on @user_script:5."

struct dialogue {
    const char *name;
    // What becomes of each EVALSHA: o done, l done and its answer lost, n not done and no answer,
    // r READONLY, m out of memory, c MISCONF, s NOSCRIPT, x done, and the next server lacks it;
    // then o.
    const char *outcomes;
    bool full;           // nothing of the log can be trimmed
    const char *claimed; // by another relay: "first", or "after" the first call; "": never
    int calls;           // of event_log_append()
    const char *transcript;
    size_t entries; // in the log at the end
    // Replicas that have the batch at each WAIT, a digit each; NULL: none is waited for.
    const char *replicas;
};

static struct {
    const char *outcomes, *replicas;
    bool full, fails_over;
    struct position last[SHARDS]; // ids of the streams
    size_t entries;
    redisReply *replies[REPLIES_MAX]; // NULL: lost
    size_t reply_count, reply_next;
    size_t early;             // replies that come together with the one that is waited for
    uint64_t now_ms, slow_ms; // each reply takes so long
    const char *refusal;      // of all writes outside the script
    struct buffer transcript;
} redis;

// ---- the clock

uint64_t clock_monotonic_ms(void)
{
    return redis.now_ms;
}

uint64_t clock_monotonic_us(void)
{
    return redis.now_ms * 1000 + 1; // 0 is no time
}

uint64_t clock_wall_ms(void)
{
    return redis.now_ms;
}

void clock_iso8601(uint64_t wall_ms, char out[ISO8601_LEN + 1])
{
    (void)wall_ms;
    strcpy(out, "1970-01-01T00:00:00.000Z");
}

// ---- replies

static redisReply *reply_of(int type, const char *text, long long integer)
{
    redisReply *reply = mem_zalloc(sizeof(*reply));

    reply->type = type;
    reply->integer = integer;
    reply->str = mem_strdup(text);
    reply->len = text ? strlen(text) : 0;
    return reply;
}

static redisReply *array_of(const char *first, const char *second)
{
    redisReply *reply = reply_of(REDIS_REPLY_ARRAY, NULL, 0);

    reply->elements = second ? 2 : 1;
    reply->element = mem_alloc(2 * sizeof(reply->element[0]));
    reply->element[0] = reply_of(REDIS_REPLY_STRING, first, 0);
    if (second)
        reply->element[1] = reply_of(REDIS_REPLY_STRING, second, 0);
    return reply;
}

void freeReplyObject(void *object)
{
    redisReply *reply = object;

    if (!reply)
        return;
    for (size_t i = 0; i < reply->elements; i++)
        freeReplyObject(reply->element[i]);
    free(reply->element);
    free(reply->str);
    free(reply);
}

// ---- commands

static struct position *last_of(const char *key)
{
    return &redis.last[key[strlen(key) - 2] - '0']; // ws:log:{0}
}

static redisReply *append(int argc, const char **argv, const size_t *lens)
{
    struct position *last = last_of(argv[3]), before;

    if (position_parse((struct span){argv[6], lens[6]}, &before) &&
        position_compare(before, *last) > 0)
        return reply_of(REDIS_REPLY_ERROR, APPEND_REFUSED, 0);
    for (int i = 7; i < argc; i += 2) {
        struct position id;
        assert_true(position_parse((struct span){argv[i], lens[i]}, &id));
        if (position_compare(id, *last) <= 0)
            return reply_of(REDIS_REPLY_ERROR,
                            "ERR The ID specified in XADD is equal or smaller than the target", 0);
        *last = id;
        redis.entries++;
    }
    return reply_of(REDIS_REPLY_INTEGER, NULL, 1);
}

static redisReply *answer_script(int argc, const char **argv, const size_t *lens)
{
    char outcome = *redis.outcomes ? *redis.outcomes++ : 'o';

    buffer_printf(&redis.transcript, "append ");
    switch (outcome) {
    case 'l':
        freeReplyObject(append(argc, argv, lens));
        return NULL;
    case 'n':
        return NULL;
    case 'x':
        redis.fails_over = true;
        return append(argc, argv, lens);
    case 'r':
        return reply_of(REDIS_REPLY_ERROR, "READONLY You can't write against a read only replica.",
                        0);
    case 'm':
        return reply_of(REDIS_REPLY_ERROR,
                        "OOM command not allowed when used memory > 'maxmemory'." IN_SCRIPT, 0);
    case 'c':
        return reply_of(REDIS_REPLY_ERROR, "MISCONF Errors writing to the AOF file." IN_SCRIPT, 0);
    case 's':
        return reply_of(REDIS_REPLY_ERROR, "NOSCRIPT No matching script.", 0);
    default:
        return append(argc, argv, lens);
    }
}

static redisReply *answer_info(const char *key)
{
    const struct position *last = last_of(key);
    char id[POSITION_TEXT_MAX];

    buffer_printf(&redis.transcript, "ask ");
    if (position_is_none(*last))
        return reply_of(REDIS_REPLY_ERROR, "ERR no such key", 0);
    position_print(*last, id);
    return array_of("last-generated-id", id);
}

static redisReply *answer(int argc, const char **argv, const size_t *lens)
{
    if (strcmp(argv[0], "EVALSHA") == 0)
        return answer_script(argc, argv, lens);
    if (strcmp(argv[0], "WAIT") == 0) {
        assert_string_equal(argv[1], "2");
        buffer_printf(&redis.transcript, "wait ");
        if (redis.fails_over) {
            redis.fails_over = false;
            memset(redis.last, 0, sizeof(redis.last));
            redis.entries = 0;
            return NULL;
        }
        return reply_of(REDIS_REPLY_INTEGER, NULL, *redis.replicas++ - '0');
    }
    if (strcmp(argv[0], "XINFO") == 0)
        return answer_info(argv[2]);
    if (strcmp(argv[0], "ROLE") == 0)
        return array_of("master", NULL);
    if (strcmp(argv[0], "MEMORY") == 0)
        return reply_of(REDIS_REPLY_INTEGER, NULL, 100000000);
    if (strcmp(argv[0], "XLEN") == 0)
        return reply_of(REDIS_REPLY_INTEGER, NULL, 1000);
    if (strcmp(argv[0], "XTRIM") == 0) {
        buffer_printf(&redis.transcript, "trim ");
        return reply_of(REDIS_REPLY_INTEGER, NULL, redis.full ? 0 : 250);
    }
    if (strcmp(argv[0], "HSET") == 0 && redis.refusal)
        return reply_of(REDIS_REPLY_ERROR, redis.refusal, 0);
    if (strcmp(argv[0], "SET") == 0)
        buffer_printf(&redis.transcript, "mark ");
    if (strcmp(argv[0], "SCRIPT") == 0)
        buffer_printf(&redis.transcript, "load ");
    return reply_of(REDIS_REPLY_STRING, "0123456789012345678901234567890123456789", 0);
}

int redisAppendCommandArgv(redisContext *context, int argc, const char **argv, const size_t *lens)
{
    (void)context;
    assert_true(redis.reply_count < REPLIES_MAX);
    redis.replies[redis.reply_count++] = answer(argc, argv, lens);
    return REDIS_OK;
}

static uint64_t take_number(struct span *command, const char *mark)
{
    uint64_t n;

    assert_true(span_starts_with(*command, span_of(mark)));
    *command = span_skip(*command, 1);
    assert_true(span_take_uint(command, LARGE * 4, &n));
    assert_true(span_starts_with(*command, SPAN_LIT("\r\n")));
    *command = span_skip(*command, 2);
    return n;
}

int redisAppendFormattedCommand(redisContext *context, const char *text, size_t len)
{
    char *copy = memcpy(mem_alloc(len), text, len); // where each argument gets a NUL
    struct span command = {copy, len};
    const char *argv[ARGS_MAX];
    size_t lens[ARGS_MAX];
    size_t argc = take_number(&command, "*");

    assert_true(argc <= ARGS_MAX);
    for (size_t i = 0; i < argc; i++) {
        lens[i] = take_number(&command, "$");
        argv[i] = command.ptr;
        command = span_skip(command, lens[i]);
        assert_true(span_starts_with(command, SPAN_LIT("\r\n")));
        copy[command.ptr - copy] = '\0';
        command = span_skip(command, 2);
    }
    assert_int_equal(command.len, 0);
    int status = redisAppendCommandArgv(context, (int)argc, argv, lens);
    free(copy);
    return status;
}

int redisBufferWrite(redisContext *context, int *done)
{
    (void)context;
    *done = 1;
    return REDIS_OK;
}

int redisGetReplyFromReader(redisContext *context, void **reply)
{
    *reply = NULL;
    if (redis.early == 0 || redis.reply_next == redis.reply_count)
        return REDIS_OK;
    redis.early--;
    return redisGetReply(context, reply);
}

int redisGetReply(redisContext *context, void **reply)
{
    assert_true(redis.reply_next < redis.reply_count);
    redis.now_ms += redis.slow_ms;
    *reply = redis.replies[redis.reply_next++];
    if (redis.reply_next == redis.reply_count)
        redis.reply_next = redis.reply_count = 0;
    if (*reply)
        return REDIS_OK;
    context->err = REDIS_ERR_IO;
    errno = EAGAIN;
    return REDIS_ERR;
}

// ---- the connection

redisContext *redisConnectWithTimeout(const char *ip, int port, const struct timeval limit)
{
    (void)ip, (void)port, (void)limit;
    buffer_printf(&redis.transcript, "connect ");
    return mem_zalloc(sizeof(redisContext));
}

void redisFree(redisContext *context)
{
    while (redis.reply_next < redis.reply_count)
        freeReplyObject(redis.replies[redis.reply_next++]);
    redis.reply_next = redis.reply_count = 0;
    free(context);
}

int redisSetTimeout(redisContext *context, const struct timeval limit)
{
    (void)context, (void)limit;
    return REDIS_OK;
}

int redisEnableKeepAlive(redisContext *context)
{
    (void)context;
    return REDIS_OK;
}

// ---- the dialogues

static const struct dialogue dialogues[] = {
    {"appended", "", false, "", 1, "connect load append ok ", EVENTS, NULL},
    {"the answer is lost, and the batch is in", "l", false, "", 2,
     "connect load append failed connect load ask ok ", EVENTS, NULL},
    {"the answer is lost, and the batch is not in", "n", false, "", 2,
     "connect load append failed connect load ask append ok ", EVENTS, NULL},
    {"two answers are lost, the second of what is in", "nl", false, "", 3,
     "connect load append failed connect load ask append failed connect load ask ok ", EVENTS,
     NULL},
    {"another relay has claimed the log", "", false, "first", 1,
     "connect load append ask superseded ", 0, NULL},
    {"another relay claims the log while a batch is in doubt", "n", false, "after", 2,
     "connect load append failed connect load ask superseded ", 0, NULL},
    {"the server became a replica", "r", false, "", 2,
     "connect load append failed connect load ask append ok ", EVENTS, NULL},
    {"Redis has forgotten the script", "s", false, "", 1, "connect load append load ask append ok ",
     EVENTS, NULL},
    {"Redis is out of memory, and the log makes room", "m", false, "", 1,
     "connect load append trim ask append ok ", EVENTS, NULL},
    {"Redis is out of memory, and the log has none to give", "m", true, "", 1,
     "connect load append trim failed ", 0, NULL},
    {"enough replicas have it", "", false, "", 1, "connect load append wait ok ", EVENTS, "2"},
    {"more than enough have it", "", false, "", 1, "connect load append wait ok ", EVENTS, "3"},
    {"too few have it, and then enough", "", false, "", 3,
     "connect load append wait failed ask mark wait failed ask mark wait ok ", EVENTS, "012"},
    {"too few have it, and another relay claims the log", "", false, "after", 2,
     "connect load append wait failed ask superseded ", EVENTS, "1"},
    {"the primary is lost before a replica has it", "x", false, "", 2,
     "connect load append wait failed connect load ask append wait ok ", EVENTS, "2"},
    {"the script is forgotten, and then the primary is lost", "sx", false, "", 2,
     "connect load append wait load ask append wait failed connect load ask append wait ok ",
     EVENTS, "22"},
    {"the answer is lost, the batch is in, and replicas are asked", "l", false, "", 2,
     "connect load append wait failed connect load ask mark wait ok ", EVENTS, "22"},
    {"a refused script with a WAIT behind it", "c", false, "", 2,
     "connect load append wait failed ask append wait ok ", EVENTS, "02"},
};

// The batch has an event for each of two shards.
static const struct dialogue dialogues_with_two[] = {
    {"the first of two scripts is refused", "c", false, "", 2,
     "connect load append append wait failed ask ask append wait ok ", EVENTS, "22"},
    {"the second of two scripts is refused, and replicas are missing", "oc", false, "", 3,
     "connect load append append wait failed ask ask append wait failed ask ask mark wait ok ",
     EVENTS, "012"},
    {"both scripts are refused", "cc", false, "", 2,
     "connect load append append wait failed ask ask append append wait ok ", EVENTS, "02"},
};

struct flight_row {
    const char *name, *outcomes, *replicas; // as above
    // What is asked: 1 and 2 add an event of the first and the second shard and send it, k one that
    // is known, ? takes answers, ! all of them, a appends, r asks for the role, c connects, d drops
    // what is in the log, o writes whether the log may lack what edges have got, z makes each
    // answer take 600 ms.
    const char *steps;
    size_t early;           // answers that come together with the first one
    const char *transcript; // and after ? and ! how many events at the front are in the log
    size_t entries;
};

static const struct flight_row flight_rows[] = {
    {"two parts are sent before an answer is read", "", NULL, "11??", 0, "append append 1 2 ", 2},
    {"answers that have come are taken together", "", NULL, "111??", 1, "append append append 2 3 ",
     3},
    {"all answers are taken", "", NULL, "111!", 0, "append append append 3 ", 3},
    {"what is asked in between takes the answers first", "", NULL, "12r", 0,
     "append append role(2) ", 2},
    {"what is in the log leaves, and positions go on", "", NULL, "11?d1?d?", 0,
     "append append 1 append 1 1 ", 3},
    {"the first is refused: the second must not be in the log before it", "s", NULL, "11?", 0,
     "append append load ask ask append 2 ", 2},
    {"no memory for the first: nor is there for the second", "m", NULL, "11?", 0,
     "append append trim trim ask ask append 2 ", 2},
    {"the first is refused, and the second is of the other shard", "s", NULL, "12?", 0,
     "append append load ask ask append 2 ", 2},
    {"the first is refused and the server lost: both are sent again", "r", NULL, "11?a", 0,
     "append append 0 connect load ask ask append 2 ", 2},
    {"the answers are lost, both are in", "ll", NULL, "11?a", 0,
     "append append 0 connect load ask ask 2 ", 2},
    {"the answers are lost, the first is in", "ln", NULL, "11?a", 0,
     "append append 0 connect load ask ask append 2 ", 2},
    {"a lost connection shows when something else is asked", "ln", NULL, "11r1a", 0,
     "append append role(0) connect load ask ask append 3 ", 3},
    {"nothing is sent while the batch is in doubt", "n", NULL, "1?1a", 0,
     "append 0 connect load ask ask append 2 ", 2},
    {"each part waits for replicas", "", "22", "11??", 0, "append wait append wait 1 2 ", 2},
    {"replicas lack the first, and have it with the second", "", "122", "11?a", 0,
     "append wait append wait 0 ask ask mark wait 2 ", 2},
    {"replicas lack the first: nothing more is sent before the log was asked", "", "12", "1?1a", 0,
     "append wait 0 ask ask append wait 2 ", 2},
    {"replicas lack the second", "", "212", "11??a", 0,
     "append wait append wait 1 1 ask ask mark wait 2 ", 2},
    {"a script is refused and replicas answer: it is not taken for confirmed", "cl", "222", "1?aa",
     0, "append wait 0 ask ask append wait 0 connect load ask ask mark wait 1 ", 1},
    {"a known delivery is with replicas before it leaves", "", "02", "k?a", 0,
     "mark wait 0 ask ask mark wait 1 ", 0},
    {"a known delivery needs nothing sent", "", NULL, "k?", 0, "1 ", 0},
    {"as many parts as may be are unanswered: the next is sent later", "", NULL,
     "11111111111111111??", 0,
     "append append append append append append append append append append append append append "
     "append append append 1 2 ",
     16},
    {"fewer, if each waits for replicas", "", "2222", "11111??", 0,
     "append wait append wait append wait append wait 1 2 ", 4},
    {"many slow answers are not awaited: the log is asked", "", NULL, "11111z!a", 0,
     "append append append append append 2 connect load ask ask 5 ", 5},
    {"a refusal and slow answers", "s", NULL, "11111z?a", 0,
     "append append append append append 0 connect load ask ask append 5 ", 5},
    {"nothing is owed over the first connection", "c", NULL, "1o?oao", 0,
     "append even 0 even ask ask append 1 even ", 1},
    {"owed until the next server has it, and not until it was tried there", "xc", "22", "1o?coaoao",
     0,
     "append wait even 0 connect load owes ask ask append wait 0 owes ask ask append wait 1 even ",
     1},
    {"what was not sent before is not owed", "nc", NULL, "1?1coaoao", 0,
     "append 0 connect load owes ask ask append 0 owes ask ask append 2 even ", 2},
    {"the same server has it: nothing is owed, and what is new may fail", "lc", NULL, "1?1coaoao",
     0, "append 0 connect load owes ask ask append 1 even ask ask append 2 even ", 2},
    {"in the log of the next server, and not with replicas: edges find it there", "x", "0002",
     "1?coaoao", 0,
     "append wait 0 connect load owes ask ask append wait 0 owes ask ask mark wait 0 even ", 1},
};

static const char *const words[] = {
    [EVENT_LOG_OK] = "ok ", [EVENT_LOG_FAILED] = "failed ", [EVENT_LOG_SUPERSEDED] = "superseded "};

// Of two shards, the room user:2 is in the first and user:1 in the second.
static void fill(struct batch *batch, uint64_t events, unsigned shards)
{
    static const char *const rooms[SHARDS] = {"user:1", "user:2"};
    struct sequence sequence = {.epoch = EPOCH, .shards = shards};

    batch_init(batch, events + 1, 1024 * 1024);
    batch->wants_replicas = redis.replicas != NULL;
    for (uint64_t tag = 1; tag <= events; tag++)
        batch_add(batch, &sequence, tag,
                  &(struct envelope){.id = SPAN_LIT("id"),
                                     .room = span_of(rooms[tag % SHARDS]),
                                     .event = SPAN_LIT("event"),
                                     .args = SPAN_LIT("{}")});
}

static void claim_by_another(void)
{
    redis.last[0] = (struct position){EPOCH + 1, 0};
}

static void play(const struct dialogue *d, struct event_log *log, unsigned shards)
{
    struct batch batch;

    fill(&batch, EVENTS, shards);
    for (int i = 0; i < d->calls; i++) {
        if (strcmp(d->claimed, i == 0 ? "first" : "after") == 0)
            claim_by_another();
        enum event_log_status status = event_log_append(log, &batch);
        buffer_append(&redis.transcript, span_of(words[status]));
        assert_int_equal(status == EVENT_LOG_OK, batch_logged(&batch));
    }
    batch_fini(&batch);
}

static const struct redis_settings plain = {.db = 1};

static struct event_log *new_log(struct resolver *resolver, unsigned shards, unsigned replicas)
{
    resolver_init(resolver, "127.0.0.1");
    return event_log_new(&(struct event_log_options){.resolver = resolver,
                                                     .redis = &plain,
                                                     .shards = shards,
                                                     .nodes = 1,
                                                     .wait_replicas = replicas,
                                                     .max_len = 1000,
                                                     .max_bytes = 1 << 30});
}

static void free_log(struct event_log *log, struct resolver *resolver)
{
    event_log_free(log);
    resolver_fini(resolver);
    buffer_fini(&redis.transcript);
}

// A batch that has grown while the server was away: no script is busy with it for long.
static void sends_a_large_batch_in_pieces(void **state)
{
    struct resolver resolver;
    struct batch batch;

    (void)state;
    memset(&redis, 0, sizeof(redis));
    redis.outcomes = "on"; // the answer to the second piece does not come
    struct event_log *log = new_log(&resolver, 1, 0);
    fill(&batch, LARGE, 1);
    assert_int_equal(event_log_append(log, &batch), EVENT_LOG_FAILED);
    assert_int_equal(redis.entries, PIECE);
    assert_int_equal(batch_unlogged_count(&batch), LARGE - PIECE);
    assert_int_equal(event_log_append(log, &batch), EVENT_LOG_OK);
    assert_int_equal(redis.entries, LARGE);
    assert_true(batch_logged(&batch));
    batch_fini(&batch);
    free_log(log, &resolver);
}

// Two pieces were sent to a server that is lost, and the next one gets them one after the other
// while it has no replicas.
static void owes_until_all_pieces_are_in_the_log(void **state)
{
    struct resolver resolver;
    struct batch batch;

    (void)state;
    memset(&redis, 0, sizeof(redis));
    redis.outcomes = "x";
    redis.replicas = "0000";
    struct event_log *log = new_log(&resolver, 1, 2);
    assert_true(event_log_connect(log));
    fill(&batch, 2 * PIECE, 1);
    event_log_send(log, &batch);
    event_log_send(log, &batch);
    assert_int_equal(event_log_answers(log, &batch), EVENT_LOG_FAILED);
    assert_int_equal(event_log_append(log, &batch), EVENT_LOG_FAILED);
    assert_int_equal(redis.entries, PIECE);
    assert_true(event_log_owes(log, &batch));
    assert_int_equal(event_log_append(log, &batch), EVENT_LOG_FAILED);
    assert_int_equal(redis.entries, 2 * PIECE);
    assert_int_equal(event_log_append(log, &batch), EVENT_LOG_FAILED);
    assert_false(event_log_owes(log, &batch));
    assert_false(batch_logged(&batch));
    batch_fini(&batch);
    free_log(log, &resolver);
}

// Two kinds of writes are refused by turns, in words that differ.
static void one_line_while_every_write_is_refused(void **state)
{
    static const struct {
        const char *outcomes, *refusal;
    } rows[] = {
        {"ccc", "MISCONF Errors writing to the AOF file."},
        {"mmm", "OOM command not allowed when used memory > 'maxmemory'."},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct resolver resolver;
        struct batch batch;
        struct buffer lines = {0};

        memset(&redis, 0, sizeof(redis));
        redis.outcomes = rows[i].outcomes;
        redis.refusal = rows[i].refusal;
        redis.full = true;
        struct event_log *log = new_log(&resolver, 1, 0);
        fill(&batch, 1, 1);
        struct capture capture = capture_start(STDERR_FILENO);
        for (int turn = 0; turn < 3; turn++) {
            (void)!event_log_append(log, &batch);
            (void)!event_log_store_acked(log, (struct position){EPOCH, 1});
        }
        capture_end(&capture, &lines);
        assert_int_equal(capture_count(&lines, "unavailable"), 1);
        buffer_fini(&lines);
        batch_fini(&batch);
        free_log(log, &resolver);
    }
}

// Deliveries that are in the log already, and for which only replicas are asked, have no epoch of
// their own that the log could be ahead of.
static void known_deliveries_in_doubt_are_not_superseded(void **state)
{
    struct resolver resolver;
    struct batch batch;

    (void)state;
    memset(&redis, 0, sizeof(redis));
    redis.outcomes = "";
    redis.replicas = "02";
    redis.last[0] = (struct position){EPOCH, 1};
    struct event_log *log = new_log(&resolver, 1, 2);
    fill(&batch, 0, 1);
    batch_add_known(&batch, 1);
    assert_int_equal(event_log_append(log, &batch), EVENT_LOG_FAILED);
    assert_int_equal(event_log_append(log, &batch), EVENT_LOG_OK);
    assert_span(buffer_span(&redis.transcript), "connect load mark wait ask mark wait ");
    batch_fini(&batch);
    free_log(log, &resolver);
}

static void add_and_send(struct event_log *log, struct batch *batch, struct sequence *sequence,
                         char what)
{
    static uint64_t tag;

    if (what == 'k')
        batch_add_known(batch, ++tag);
    else
        batch_add(batch, sequence, ++tag,
                  &(struct envelope){.id = SPAN_LIT("id"),
                                     .room = span_of(what == '1' ? "user:2" : "user:1"),
                                     .event = SPAN_LIT("event"),
                                     .args = SPAN_LIT("{}")});
    event_log_send(log, batch);
}

static void write_logged(const struct batch *batch)
{
    buffer_printf(&redis.transcript, "%zu ", batch_logged_count(batch, UINT64_MAX));
}

static void do_step(struct event_log *log, struct batch *batch, char step)
{
    if (step == '?') {
        (void)!event_log_answers(log, batch);
    } else if (step == '!') {
        event_log_settle(log);
    } else if (step == 'a') {
        (void)!event_log_append(log, batch);
    } else if (step == 'd') {
        batch_drop(batch, batch_logged_count(batch, UINT64_MAX));
        return;
    } else if (step == 'z') {
        redis.slow_ms = 600;
        return;
    } else if (step == 'c') {
        assert_true(event_log_connect(log));
        return;
    } else if (step == 'o') {
        buffer_printf(&redis.transcript, event_log_owes(log, batch) ? "owes " : "even ");
        return;
    } else {
        event_log_is_primary(log);
        buffer_printf(&redis.transcript, "role(%zu) ", batch_logged_count(batch, UINT64_MAX));
        return;
    }
    write_logged(batch);
}

static void flies(void **state)
{
    const struct flight_row *row = *state;
    struct sequence sequence = {.epoch = EPOCH, .shards = SHARDS};
    struct resolver resolver;
    struct batch batch;

    memset(&redis, 0, sizeof(redis));
    redis.outcomes = row->outcomes;
    redis.replicas = row->replicas;
    struct event_log *log = new_log(&resolver, SHARDS, row->replicas ? 2 : 0);
    assert_true(event_log_connect(log));
    buffer_clear(&redis.transcript);
    redis.early = row->early;
    batch_init(&batch, 32, 4096);
    batch.wants_replicas = row->replicas != NULL;
    for (const char *step = row->steps; *step; step++) {
        if (strchr("12k", *step))
            add_and_send(log, &batch, &sequence, *step);
        else
            do_step(log, &batch, *step);
    }
    assert_span(buffer_span(&redis.transcript), row->transcript);
    assert_int_equal(redis.entries, row->entries);
    batch_fini(&batch);
    free_log(log, &resolver);
}

static void follow(const struct dialogue *d, unsigned shards)
{
    struct resolver resolver;

    memset(&redis, 0, sizeof(redis));
    redis.outcomes = d->outcomes;
    redis.full = d->full;
    redis.replicas = d->replicas;
    struct event_log *log = new_log(&resolver, shards, d->replicas ? 2 : 0);
    play(d, log, shards);
    assert_span(buffer_span(&redis.transcript), d->transcript);
    assert_int_equal(redis.entries, d->entries);
    free_log(log, &resolver);
}

static void follows_the_script(void **state)
{
    follow(*state, 1);
}

static void follows_the_script_with_two(void **state)
{
    follow(*state, SHARDS);
}

int main(void)
{
    struct CMUnitTest
        tests[ARRAY_LEN(dialogues) + ARRAY_LEN(dialogues_with_two) + ARRAY_LEN(flight_rows) + 4];
    size_t count = 0;

    ADD_ROWS(tests, count, dialogues, follows_the_script);
    ADD_ROWS(tests, count, dialogues_with_two, follows_the_script_with_two);
    ADD_ROWS(tests, count, flight_rows, flies);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(sends_a_large_batch_in_pieces);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(owes_until_all_pieces_are_in_the_log);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(one_line_while_every_write_is_refused);
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(known_deliveries_in_doubt_are_not_superseded);
    return cmocka_run_group_tests_name("append", tests, NULL, NULL);
}
