// The loop of the relay against brokers that follow a script: what it appends, acknowledges and
// gives back. The functions of the event log, the consumer and the dead letters are those below;
// the linker takes them in place of the library's.
#include "relay/relay_loop.h"
#include "relay/relay_nodes.h"

#include "common/clock.h"
#include "proto/envelope.h"
#include "relay/event_log/acked.h"
#include "relay/event_log/claim.h"
#include "relay/event_log/heartbeat.h"
#include "relay/event_log/size_limit.h"
#include "relay/event_log/walk.h"
#include "relay/rabbitmq/join.h"
#include "tests/unit/unit.h"

#define IDS_MAX         32
#define ENDLESS_MS      60000 // a relay that waits longer would wait for ever
#define LETTERS_MAX     2
#define PREFETCH        4
#define FLIGHT_PREFETCH 40
#define NODES_MAX       2

struct dialogue {
    const char *name;
    // What RabbitMQ delivers: a small letter is the id of an event, for the second server of Redis
    // from n on if there are two, a capital one the same delivered again, ! an event without a
    // room, ~ a lost connection, = a connection that is blocked; | ends what comes in one read.
    // A comma is 6 s without an event, a - 20 ms before the next one, a : a wait for one that does
    // not come, and with * a heartbeat is due behind it; from _ on, events wait until
    // the queues are left. Before them, each ^ is an attempt to join that is refused as another
    // relay is active, and each > is an attempt to join that is to be made at another
    // host, each . one that is to be made later.
    const char *deliveries;
    // What comes of appends, by turn and server: o in the log, f failed, s superseded, d Redis is
    // away from now on, D its second server; and of claims: u failed, U failed from now on. From
    // now on is until the queues are left. l the connection is lost, and there again at once, L so
    // is that to RabbitMQ, r the log was asked and lacks what was sent, and Redis refuses it; a
    // heartbeat is due after these. Then o.
    const char *appends;
    const char *log; // ids that are in it; x: it cannot be read, y: that of the second server
    // Another relay sends heartbeats, and has claimed the log of the first servers: so many.
    unsigned other_speaks;
    int turns;
    const char *transcript;
};

static struct {
    const char *deliveries, *appends;
    bool connected, readable, second_readable;
    unsigned other_speaks;
    bool redis_away, second_away, unclaimed, refused;
    bool stood_by; // and since then has sent no heartbeat
    bool bare;     // the last heartbeat named no positions
    uint64_t now_ms, refused_ms, joined_ms, left_ms;
    char log[IDS_MAX + 1];
    uint64_t tag, epoch, losses;
    unsigned nodes;
    bool flies;                        // answers come later than what was sent
    uint64_t unanswered_us[NODES_MAX]; // since when they are to come
    uint64_t *next_heartbeat_ms;
    struct batch *batches[NODES_MAX];
    uint16_t prefetch;
    size_t letters;
    char id[2]; // of the last event taken
    struct buffer transcript;
} brokers;

static struct gateway_file *file;
// Of two shards, the room user:2 is in the first and user:1 in the second.
static const char good_body[] = "{\"userId\":\"1\"}", bad_body[] = "{}";
static const char first_body[] = "{\"userId\":\"2\"}";

// ---- the clock: time passes only while the relay sleeps

uint64_t clock_monotonic_ms(void)
{
    return brokers.now_ms;
}

uint64_t clock_monotonic_us(void)
{
    return brokers.now_ms * 1000;
}

uint64_t clock_wall_ms(void)
{
    return brokers.now_ms;
}

uint64_t clock_thread_cpu_us(void)
{
    return 0;
}

void clock_sleep_ms(uint64_t ms)
{
    brokers.now_ms += ms;
}

void clock_iso8601(uint64_t wall_ms, char out[ISO8601_LEN + 1])
{
    (void)wall_ms;
    strcpy(out, "1970-01-01T00:00:00.000Z");
}

// The waits have jitter, so the transcript has only whether one was as long as it must be.
static void write_if_long(const char *what, uint64_t since_ms, uint64_t least_ms)
{
    if (brokers.now_ms - since_ms >= least_ms)
        buffer_printf(&brokers.transcript, "%s(%u s) ", what, (unsigned)(least_ms / 1000));
}

// ---- the consumer

enum consumer_state consumer_join(struct consumer *consumer)
{
    (void)consumer;
    if (*brokers.deliveries == '^') {
        brokers.deliveries++;
        brokers.stood_by = true;
        brokers.left_ms = brokers.now_ms;
        buffer_printf(&brokers.transcript, "standby ");
        return CONSUMER_STANDBY;
    }
    if (brokers.refused && brokers.now_ms > brokers.refused_ms)
        buffer_printf(&brokers.transcript, "pause ");
    brokers.refused = *brokers.deliveries == '>' || *brokers.deliveries == '.';
    brokers.refused_ms = brokers.now_ms;
    if (brokers.refused) {
        buffer_printf(&brokers.transcript, "refused ");
        return *brokers.deliveries++ == '>' ? CONSUMER_ELSEWHERE : CONSUMER_DOWN;
    }
    if (!brokers.connected) {
        brokers.deliveries += *brokers.deliveries == '_';
        write_if_long("away", brokers.left_ms, 3000);
        brokers.joined_ms = brokers.now_ms;
    }
    brokers.connected = true;
    brokers.tag = 0; // a new channel counts anew
    return CONSUMER_ACTIVE;
}

bool consumer_connected(const struct consumer *consumer)
{
    (void)consumer;
    return brokers.connected;
}

static const char *body_of(char id)
{
    if (id == '!')
        return bad_body;
    return brokers.nodes > 1 && (id | 0x20) < 'n' ? first_body : good_body;
}

enum consumer_take consumer_take(struct consumer *consumer, uint32_t wait_ms, struct event *out)
{
    (void)consumer;
    if (*brokers.deliveries == '|')
        brokers.deliveries++;
    if (*brokers.deliveries == '\0' || *brokers.deliveries == '_') {
        brokers.now_ms += wait_ms;
        return CONSUMER_NONE;
    }
    char c = *brokers.deliveries++;
    if (c == '*') {
        *brokers.next_heartbeat_ms = 0;
        c = *brokers.deliveries++;
    }
    if (c == '-') {
        brokers.now_ms += 20;
        c = *brokers.deliveries++;
    }
    if (c == '=')
        return CONSUMER_NONE;
    if (c == ':') {
        brokers.now_ms += wait_ms;
        buffer_printf(&brokers.transcript, "wait(%u) ", wait_ms);
        return CONSUMER_NONE;
    }
    if (c == ',') {
        brokers.now_ms += 6000;
        return CONSUMER_NONE;
    }
    if (c == '~') {
        brokers.connected = false;
        return CONSUMER_LOST;
    }
    brokers.id[0] = (char)(c | 0x20);
    *out = (struct event){
        .route = routes_find(file->routes, SPAN_LIT("booking.confirmed")),
        .tag = ++brokers.tag,
        .redelivered = c >= 'A' && c <= 'Z',
        .message_id = {brokers.id, 1},
        .body = span_of(body_of(c)),
        .received_ms = clock_wall_ms(),
    };
    assert_non_null(out->route);
    return CONSUMER_EVENT;
}

bool consumer_has_more(const struct consumer *consumer)
{
    (void)consumer;
    return *brokers.deliveries != '\0' && !strchr("|,_-*", *brokers.deliveries);
}

void consumer_ack(struct consumer *consumer, uint64_t tag, bool up_to)
{
    (void)consumer;
    if (brokers.connected)
        buffer_printf(&brokers.transcript, "ack(%u%s) ", (unsigned)tag, up_to ? "+" : "");
}

void consumer_leave(struct consumer *consumer)
{
    (void)consumer;
    brokers.connected = brokers.redis_away = brokers.second_away = brokers.unclaimed = false;
    write_if_long("held", brokers.joined_ms, 10000);
    buffer_printf(&brokers.transcript, "leave ");
    brokers.left_ms = brokers.now_ms;
}

uint16_t consumer_prefetch(const struct consumer *consumer)
{
    (void)consumer;
    return brokers.prefetch;
}

uint64_t consumer_count_waiting(struct consumer *consumer)
{
    (void)consumer;
    return strchr(brokers.deliveries, '_') ? 1 : 0;
}

size_t consumer_left_out(const struct consumer *consumer, size_t *first)
{
    (void)consumer, (void)first;
    return 0;
}

size_t consumer_refused_bindings(const struct consumer *consumer)
{
    (void)consumer;
    return 0;
}

void consumer_tend(struct consumer *consumer)
{
    (void)consumer;
}

void consumer_keep_alive(struct consumer *consumer)
{
    (void)consumer;
}

// ---- dead letters, which nobody confirms

void dead_letters_add(struct dead_letters *letters, const struct event *event, const char *reason)
{
    (void)letters, (void)reason;
    brokers.letters++;
    buffer_printf(&brokers.transcript, "letter(%u) ", (unsigned)event->tag);
}

size_t dead_letters_count(const struct dead_letters *letters)
{
    (void)letters;
    return brokers.letters;
}

bool dead_letters_full(const struct dead_letters *letters)
{
    (void)letters;
    return brokers.letters >= LETTERS_MAX;
}

bool dead_letters_failing(const struct dead_letters *letters)
{
    (void)letters;
    return false;
}

void dead_letters_flush(struct dead_letters *letters)
{
    (void)letters;
}

void dead_letters_forget(struct dead_letters *letters)
{
    (void)letters;
    brokers.letters = 0;
}

// ---- the event log

static struct event_log *log_of(unsigned node)
{
    static char logs[NODES_MAX]; // only their addresses count

    return (struct event_log *)&logs[node];
}

static unsigned node_of(const struct event_log *log)
{
    return log == log_of(0) ? 0 : 1;
}

static void write_id(const struct batch *batch, const struct batch_entry *entry, bool logged)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    const struct envelope *envelope = envelope_decode(decoder, batch_envelope(batch, entry));

    assert_non_null(envelope);
    buffer_printf(&brokers.transcript, SPAN_FMT, SPAN_ARG(envelope->id));
    assert_true(strlen(brokers.log) < IDS_MAX);
    if (logged)
        strncat(brokers.log, envelope->id.ptr, 1);
    envelope_decoder_free(decoder);
}

static void log_entries(const char *what, struct batch *batch)
{
    buffer_printf(&brokers.transcript, "%s(", what);
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_entry *entry = &batch->entries[i];
        if (!entry->logged)
            write_id(batch, entry, true);
        entry->logged = true;
    }
    batch->in_doubt = false;
    buffer_printf(&brokers.transcript, ") ");
}

uint64_t event_log_unanswered_us(const struct event_log *log)
{
    return brokers.unanswered_us[node_of(log)];
}

bool event_log_may_send(const struct event_log *log)
{
    (void)log;
    return true;
}

static void send_entries(struct batch *batch)
{
    buffer_printf(&brokers.transcript, "send(");
    for (; batch->sent < batch->count; batch->sent++)
        if (!batch->entries[batch->sent].logged)
            write_id(batch, &batch->entries[batch->sent], false);
    buffer_printf(&brokers.transcript, ") ");
}

void event_log_send(struct event_log *log, struct batch *batch)
{
    uint64_t *since_us = &brokers.unanswered_us[node_of(log)];
    size_t last = batch->count - 1;

    if (!brokers.flies || batch->sent == batch->count || batch->entries[last].logged ||
        (batch->in_doubt && *since_us == 0))
        return;
    send_entries(batch);
    batch->in_doubt = true;
    batch->tried = batch->left + batch->sent;
    batch->losses = brokers.losses;
    if (*since_us == 0)
        *since_us = brokers.now_ms * 1000;
    brokers.batches[node_of(log)] = batch;
}

enum event_log_status event_log_answers(struct event_log *log, struct batch *batch)
{
    brokers.unanswered_us[node_of(log)] = 0;
    return event_log_append(log, batch);
}

void event_log_settle(struct event_log *log)
{
    if (brokers.unanswered_us[node_of(log)] != 0)
        log_entries("settle", brokers.batches[node_of(log)]);
    brokers.unanswered_us[node_of(log)] = 0;
}

bool event_log_owes(const struct event_log *log, const struct batch *batch)
{
    (void)log;
    return batch_owes(batch, brokers.losses);
}

static void fail_append(char outcome, struct batch *batch)
{
    if (outcome == 'r') {
        batch_note_losses(batch, brokers.losses);
        batch->losses = brokers.losses;
    } else {
        brokers.losses++;
    }
    if (outcome == 'L')
        brokers.connected = false;
    *brokers.next_heartbeat_ms = 0;
    buffer_printf(&brokers.transcript, "%s ", outcome == 'r' ? "failed" : "lost");
}

enum event_log_status event_log_append(struct event_log *log, struct batch *batch)
{
    if (brokers.now_ms - brokers.joined_ms > ENDLESS_MS)
        brokers.redis_away = brokers.second_away = false;
    char outcome = brokers.redis_away ? 'd' : *brokers.appends ? *brokers.appends++ : 'o';

    (void)log;
    if (outcome == 'd') {
        if (!brokers.redis_away)
            buffer_printf(&brokers.transcript, "lost ");
        brokers.redis_away = true;
        return EVENT_LOG_FAILED;
    }
    if (outcome == 'D') {
        buffer_printf(&brokers.transcript, "lost ");
        brokers.second_away = true;
        return EVENT_LOG_FAILED;
    }
    if (outcome == 'l' || outcome == 'L' || outcome == 'r') {
        fail_append(outcome, batch);
        return EVENT_LOG_FAILED;
    }
    if (outcome == 'f') {
        buffer_printf(&brokers.transcript, "failed ");
        return EVENT_LOG_FAILED;
    }
    if (outcome == 's') {
        buffer_printf(&brokers.transcript, "superseded ");
        return EVENT_LOG_SUPERSEDED;
    }
    log_entries("append", batch);
    return EVENT_LOG_OK;
}

bool event_log_claim(const struct event_logs *logs, uint64_t now_ms, struct sequence *out)
{
    (void)logs, (void)now_ms;
    if (brokers.unclaimed || *brokers.appends == 'u' || *brokers.appends == 'U') {
        if (!brokers.unclaimed)
            buffer_printf(&brokers.transcript, "unclaimed ");
        brokers.unclaimed = brokers.unclaimed || *brokers.appends++ == 'U';
        return false;
    }
    *out = (struct sequence){.epoch = ++brokers.epoch, .shards = brokers.nodes};
    buffer_printf(&brokers.transcript, "claim ");
    return true;
}

void event_log_walk_init(struct log_walk *walk, struct position below)
{
    (void)below;
    *walk = (struct log_walk){.page = 1};
}

bool event_log_walk_on(struct event_log *log, struct log_walk *walk, unsigned shard,
                       log_entry_fn visit, void *arg)
{
    (void)log;
    bool readable = brokers.readable && (shard == 0 || brokers.second_readable);

    for (size_t i = strlen(brokers.log); i > 0 && readable; i--)
        visit((struct span){&brokers.log[i - 1], 1}, (struct position){1, i}, arg);
    walk->at_start[shard] = readable;
    return readable;
}

enum event_log_heartbeat event_log_publish_heartbeat(struct event_log *log, struct span message,
                                                     const char *speaker, bool over_others)
{
    struct envelope_decoder *decoder = envelope_decoder_new();
    const struct control *control = control_decode(decoder, message);

    (void)log, (void)speaker, (void)over_others;
    assert_true(control && control->kind == CONTROL_HEARTBEAT);
    bool bare = control->heartbeat.shard_count == 0;
    if (bare != brokers.bare)
        buffer_printf(&brokers.transcript, "%s ", bare ? "bare" : "full");
    brokers.bare = bare;
    if (brokers.stood_by)
        buffer_printf(&brokers.transcript, "beat ");
    brokers.stood_by = false;
    envelope_decoder_free(decoder);
    return brokers.other_speaks ? EVENT_LOG_HEARTBEAT_LEFT : EVENT_LOG_HEARTBEAT_PUBLISHED;
}

bool event_log_is_superseded(struct event_log *log, uint64_t epoch)
{
    (void)epoch;
    return brokers.other_speaks > (log == log_of(0) ? 0 : 1);
}

bool event_log_connected(const struct event_log *log)
{
    bool away = brokers.second_away && log == log_of(1);

    return !brokers.redis_away && !away;
}

bool event_log_connect(struct event_log *log)
{
    return event_log_connected(log);
}

bool event_log_is_primary(struct event_log *log)
{
    (void)log;
    return true;
}

uint64_t event_log_unreplicated(const struct event_log *log)
{
    (void)log;
    return 0;
}

uint64_t event_log_losses(const struct event_log *log)
{
    (void)log;
    return brokers.losses;
}

enum event_log_refusal event_log_refusal(const struct event_log *log)
{
    (void)log;
    return EVENT_LOG_WRITABLE;
}

unsigned event_log_shards(const struct event_log *log)
{
    (void)log;
    return brokers.nodes;
}

bool event_log_read_tops(struct event_log *log, struct position tops[SHARDS_MAX])
{
    (void)log, (void)tops;
    buffer_printf(&brokers.transcript, "tops ");
    return true;
}

bool event_log_read_acked(struct event_log *log, struct position *out)
{
    (void)log;
    *out = (struct position){0};
    return true;
}

bool event_log_store_acked(struct event_log *log, struct position acked)
{
    (void)log, (void)acked;
    return true;
}

void event_log_keep_within_bytes(struct event_log *log)
{
    (void)log;
}

uint64_t event_log_trimmed(const struct event_log *log)
{
    (void)log;
    return 0;
}

// ---- the dialogues

static const struct dialogue dialogues[] = {
    {"appended, then acknowledged", "ab", "", "", 0, 1, "claim append(ab) ack(2+) "},
    {"what comes in two reads is two batches", "a|b", "", "", 0, 2,
     "claim append(a) ack(1+) append(b) ack(2+) "},
    {"nothing is acknowledged before the log has it", "ab", "ff", "", 0, 5,
     "claim failed failed append(ab) ack(2+) "},
    {"a claim that is lost: the batch goes back", "ab", "s", "", 0, 1, "claim superseded leave "},
    {"claimed again: what went back is appended", "ab|AB", "s", "", 0, 2,
     "claim superseded leave claim append(ab) ack(2+) "},
    {"another relay sends heartbeats and has the log", "a", "", "", 1, 2,
     "claim append(a) ack(1+) leave "},
    {"delivered again, in the log: acknowledged alone", "AB", "", "ab", 0, 1, "claim ack(2+) "},
    {"delivered again, not in the log: appended", "AB", "", "a", 0, 1, "claim append(b) ack(2+) "},
    {"delivered again more often than it is in the log", "AA", "", "a", 0, 1,
     "claim append(a) ack(2+) "},
    {"an id of the log that is not delivered again is new", "a", "", "a", 0, 1,
     "claim append(a) ack(1+) "},
    {"a log that cannot be read: the event goes back", "A", "", "x", 0, 1, "claim leave "},
    {"connection lost after a batch: it is not appended twice", "a~|A", "", "", 0, 2,
     "claim append(a) claim ack(1+) "},
    {"a wait is a whole read, though a heartbeat is due before", "-a|-b|-c|-d|-e|:::::::::::", "",
     "", 0, 16,
     "claim append(a) ack(1+) append(b) ack(2+) append(c) ack(3+) append(d) ack(4+) append(e) "
     "ack(5+) "
     "wait(100) wait(100) wait(100) wait(100) wait(100) wait(100) wait(100) wait(100) wait(100) "
     "wait(40) wait(100) "},
    {"a connection that is blocked: what follows is taken", "a=b", "", "", 0, 2,
     "claim append(a) ack(1+) append(b) ack(2+) "},
    {"a claim that fails at first: the queues are kept", "a", "uu", "", 0, 4,
     "unclaimed unclaimed claim append(a) ack(1+) "},
    {"no claim for 10 s: the queues are left for 3 s", "a", "U", "", 0, 200,
     "unclaimed held(10 s) leave away(3 s) claim append(a) ack(1+) "},
    {"Redis away for 10 s: the batch goes back", "ab|AB", "d", "", 0, 200,
     "claim lost held(10 s) leave away(3 s) claim append(ab) ack(2+) "},
    {"a round of hosts without a pause, then one", ">>.>>.a", "", "", 0, 7,
     "refused refused refused pause refused refused refused pause claim append(a) ack(1+) "},
    {"a standby sends no heartbeat, one that cannot reach RabbitMQ does", "^^..|a", "", "", 0, 6,
     "standby standby refused tops beat pause refused pause claim append(a) ack(1+) "},
    {"a dead letter is not acknowledged with the others", "a!b", "", "", 0, 1,
     "claim letter(2) append(ab) ack(1) ack(3) "},
    {"a dead letter alone", "!", "", "", 0, 1, "claim letter(1) "},
    {"as many dead letters as may wait: nothing more is taken", "!!|a", "", "", 0, 2,
     "claim letter(1) letter(2) "},
};

// With two servers of Redis.
static const struct dialogue dialogues_with_two[] = {
    {"two servers: each has the events of its rooms", "anbo", "", "", 0, 1,
     "claim append(ab) append(no) ack(4+) "},
    {"one of two servers fails: the other's events are appended, and acknowledged each for itself",
     "an|bo", "ofoo", "", 0, 4,
     "claim append(a) failed ack(1) append(b) ack(3) append(no) ack(4+) "},
    {"what a server that fails leaves waiting is bounded: then nothing more is taken", "nopqrstu|a",
     "ff", "", 0, 6, "claim failed failed append(nopqrstu) ack(8+) append(a) ack(9+) "},
    {"one of two servers fails, and RabbitMQ is lost: it delivers what waits again", "an~|N", "of",
     "", 0, 2, "claim append(a) failed claim append(n) ack(1+) "},
    {"delivered again while the log of the other server cannot be read", "A", "", "y", 0, 1,
     "claim append(a) ack(1+) "},
    {"delivered again while the log of its server cannot be read", "N", "", "y", 0, 1,
     "claim leave "},
    {"another relay has the log of the first: the second is asked for its answers", "an|AN", "so",
     "", 0, 2, "claim superseded append(n) leave claim append(a) ack(2+) "},
    {"one of two servers says that another relay has the log", "an|AN", "os", "", 0, 2,
     "claim append(a) superseded leave claim append(n) ack(2+) "},
    {"another relay has the log of the first of two servers, and the second is asked as well", "a",
     "", "", 1, 2, "claim append(a) ack(1+) leave "},
    {"one of two servers is away, its events fill the prefetch, and more wait: they go back",
     "nopq|_NOPQ", "D", "", 0, 200,
     "claim lost held(10 s) leave away(3 s) claim append(nopq) ack(4+) "},
    {"one of two servers is away, its events fill the prefetch, and none waits: they are held",
     "nopq|", "D", "", 0, 200, "claim lost "},
    {"one of two servers is away, fewer than the prefetch wait for it: they are held", "nop|_", "D",
     "", 0, 200, "claim lost "},
    {"one of two servers is away, its events fill the prefetch, and other queues flow",
     "nopq|,a,b,c,d_", "D", "", 0, 12,
     "claim lost append(a) ack(5) append(b) ack(6) append(c) ack(7) append(d) ack(8) "},
};

// Answers are to come for what was sent. "append" is that they are taken. Events l and m came
// before.
static const struct dialogue dialogues_in_flight[] = {
    {"a second event is sent before the answer to the first is taken", "a|b|c", "", "", 0, 3,
     "send(a) send(b) send(c) "},
    {"the answers are taken when nothing comes, and one acknowledgement is for all", "a|b", "", "",
     0, 3, "send(a) send(b) append(ab) ack(2+) "},
    {"after that an answer is awaited at once", "a|=b|c|d", "", "", 0, 5,
     "send(a) append(a) ack(1+) send(b) append(b) ack(2+) send(c) send(d) "},
    {"the answers are taken 40 ms after the first was sent", "a|-b|-c|d", "", "", 0, 4,
     "send(a) send(b) send(c) append(abc) ack(3+) send(d) "},
    {"the answers are taken when half of the prefetch is unacknowledged", "abcdefghij|nopqrstuvw|k",
     "", "", 0, 3,
     "send(abcdefghij) send(nopqrstuvw) append(abcdefghijnopqrstuvw) ack(20+) send(k) "},
    {"a quarter of the prefetch is taken at a time", "abcdefghijkn", "", "", 0, 2,
     "send(abcdefghij) send(kn) "},
    {"a heartbeat takes the answers first", "a|*b", "", "", 0, 3,
     "send(a) send(b) settle(ab) ack(2+) "},
    {"a refused part: nothing is acknowledged before the log has it", "a|b", "ff", "", 0, 7,
     "send(a) send(b) failed failed append(ab) ack(2+) "},
    {"another relay has the log: what is in flight goes back", "a|b|,A|B", "s", "", 0, 6,
     "send(a) send(b) superseded leave claim send(a) append(a) ack(1+) send(b) append(b) ack(2+) "},
    {"RabbitMQ is lost meanwhile: no tag of the old channel is acknowledged", "a~|A", "", "", 0, 3,
     "send(a) claim settle(a) ack(1+) "},
    {"a dead letter meanwhile is not acknowledged with the others", "a|!|b", "", "", 0, 4,
     "send(a) letter(2) send(b) append(ab) ack(1) ack(3) "},
    {"delivered again, in the log: it leaves with the events before it", "a|B|c", "", "b", 0, 4,
     "send(a) send(c) append(ac) ack(3+) "},
    {"the connection is lost: heartbeats have no positions until the log has what was sent",
     "a|=*=", "lrr", "", 0, 40, "send(a) lost bare failed failed append(a) ack(1+) full "},
    {"refused over the same connection: edges have nothing of it", "a|=*=", "rr", "", 0, 40,
     "send(a) failed failed append(a) ack(1+) "},
    {"both brokers are lost: heartbeats have no positions until the log is claimed", "a|=..|A", "L",
     "", 0, 6,
     "send(a) lost bare refused pause refused pause claim send(a) append(a) ack(1+) full "},
    {"both are lost, and another relay is active: what was sent is that one's", "a|=^.", "L", "", 0,
     4, "send(a) lost bare standby refused tops full beat "},
};

static const struct dialogue dialogues_in_flight_with_two[] = {
    {"an older event of the other server has no answer: it is not acknowledged", "a|-n|b|-c", "",
     "", 0, 5, "send(a) send(n) send(b) send(c) append(abc) ack(1+) append(n) ack(4+) "},
    {"one of two servers fails: the other's events are acknowledged each for itself", "n|a|o|b",
     "of", "", 0, 7,
     "send(n) send(a) send(o) send(b) append(ab) failed ack(2) ack(4) append(no) ack(3+) "},
};

static void do_nothing(void *arg)
{
    (void)arg;
}

// The answers to two events are awaited, since a heartbeat was before each.
static void warm_up(struct relay *relay)
{
    const char *deliveries = brokers.deliveries, *appends = brokers.appends;

    brokers.deliveries = "l|m";
    brokers.appends = "";
    relay_loop_once(relay);
    relay_loop_once(relay);
    assert_span(buffer_span(&brokers.transcript),
                "claim send(l) append(l) ack(1+) send(m) append(m) ack(2+) ");
    buffer_clear(&brokers.transcript);
    brokers.deliveries = deliveries;
    brokers.appends = appends;
    brokers.tag = 0;
}

static void play(struct relay *relay, int turns)
{
    relay->redelivery = redelivery_new(&relay->logs, 0, do_nothing, NULL);
    relay->translator = translator_new(1024);
    for (unsigned i = 0; i < relay->logs.count; i++)
        batch_init(&relay->nodes[i].batch, brokers.flies ? 32 : 8, 4096);
    brokers.next_heartbeat_ms = &relay->next_heartbeat_ms;
    if (brokers.flies)
        warm_up(relay);
    while (turns-- > 0)
        relay_loop_once(relay);
    for (unsigned i = 0; i < relay->logs.count; i++)
        batch_fini(&relay->nodes[i].batch);
    translator_free(relay->translator);
    redelivery_free(relay->redelivery);
    buffer_fini(&relay->control);
}

// Deliveries of a channel that was lost after they were logged: their tags mean others on the next.
static void acknowledges_nothing_before_the_claim(void **state)
{
    static const struct {
        bool claimed;
        const char *transcript;
    } rows[] = {{false, ""}, {true, "ack(7+) "}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct relay relay = {
            .claimed = rows[i].claimed, .logs.count = 1, .logs.logs = {log_of(0)}};
        batch_init(&relay.nodes[0].batch, 1, 1);
        batch_add_known(&relay.nodes[0].batch, 7);
        memset(&brokers, 0, sizeof(brokers));
        brokers.connected = true;
        relay_acknowledge(&relay);
        assert_span(buffer_span(&brokers.transcript), rows[i].transcript);
        batch_fini(&relay.nodes[0].batch);
        buffer_fini(&brokers.transcript);
    }
}

static void follow(const struct dialogue *d, unsigned nodes, bool flies)
{
    struct relay_settings settings = {.prefetch = 200, .bus_shards = nodes};
    struct relay relay = {.settings = &settings,
                          .file = file,
                          .routes = file->routes,
                          .id = "relay-1",
                          .logs.count = nodes};
    for (unsigned i = 0; i < nodes; i++)
        relay.logs.logs[i] = log_of(i);
    const struct host_list hosts = {{{"rabbit", 5672}}, 1};

    rabbit_hosts_init(&relay.rabbitmq_hosts, &hosts);
    memset(&brokers, 0, sizeof(brokers));
    brokers.nodes = nodes;
    brokers.flies = flies;
    brokers.now_ms = 1000; // 0 us is no time
    brokers.prefetch = flies ? FLIGHT_PREFETCH : PREFETCH;
    brokers.deliveries = d->deliveries;
    brokers.appends = d->appends;
    brokers.other_speaks = d->other_speaks;
    brokers.readable = strcmp(d->log, "x") != 0;
    brokers.second_readable = strcmp(d->log, "y") != 0;
    if (brokers.readable && brokers.second_readable)
        strcpy(brokers.log, d->log);
    play(&relay, d->turns);
    assert_span(buffer_span(&brokers.transcript), d->transcript);
    buffer_fini(&brokers.transcript);
}

static void follows_the_script(void **state)
{
    follow(*state, 1, false);
}

static void follows_the_script_with_two(void **state)
{
    follow(*state, 2, false);
}

static void follows_the_script_in_flight(void **state)
{
    follow(*state, 1, true);
}

static void follows_the_script_in_flight_with_two(void **state)
{
    follow(*state, 2, true);
}

static int set_up_group(void **state)
{
    struct buffer errors = {0};

    (void)state;
    file = gateway_file_load(&(struct gateway_file_options){.queue_prefix = "websocket."}, &errors);
    return file ? 0 : -1;
}

static int tear_down_group(void **state)
{
    (void)state;
    gateway_file_free(file);
    return 0;
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(dialogues) + ARRAY_LEN(dialogues_with_two) +
                            ARRAY_LEN(dialogues_in_flight) +
                            ARRAY_LEN(dialogues_in_flight_with_two) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, dialogues, follows_the_script);
    ADD_ROWS(tests, count, dialogues_with_two, follows_the_script_with_two);
    ADD_ROWS(tests, count, dialogues_in_flight, follows_the_script_in_flight);
    ADD_ROWS(tests, count, dialogues_in_flight_with_two, follows_the_script_in_flight_with_two);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(acknowledges_nothing_before_the_claim);
    return cmocka_run_group_tests_name("relay_loop", tests, set_up_group, tear_down_group);
}
