// ws-dead-letters: lists the events that the relay put aside, sends them again, or drops them.
//
// A letter leaves the queue only when its event is safe elsewhere (replay) or was given up on
// purpose (drop). If the tool is killed, all other letters are still in place; an event whose
// letter was about to be removed may be sent twice.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/deep_stack.h"
#include "common/json_string.h"
#include "common/shared_settings.h"
#include "compose/tools/letter_queue.h"
#include "compose/tools/publisher.h"
#include "compose/tools/tool.h"
#include "proto/letter_headers.h"

#define NAME_MAX_BYTES 255 // of a name in AMQP
#define MAX_LETTERS    1000000
#define TEN_YEARS_S    ((int64_t)10 * 365 * 24 * 3600)

enum command { LIST, REPLAY, DROP };

struct request {
    struct letter_filter filter;
    int64_t limit;
    bool show_body, dry_run, gateway_only, yes;
    struct rabbitmq_settings rabbitmq;
    const char *prefix;
    enum command command;
};

static const struct setting SETTINGS[] = {
    TOOL_ROW("--reason", SETTING_TEXT, filter.reason, NULL, 0, 0, ""),
    TOOL_ROW("--routing-key", SETTING_TEXT, filter.routing_key, NULL, 0, 0, ""),
    TOOL_ROW("--id", SETTING_TEXT, filter.id, NULL, 0, 0, ""),
    TOOL_ROW("--older-than", SETTING_DURATION, filter.older_than_s, "0", 0, TEN_YEARS_S, ""),
    TOOL_ROW("--newer-than", SETTING_DURATION, filter.newer_than_s, "0", 0, TEN_YEARS_S, ""),
    TOOL_ROW("--limit", SETTING_NUMBER, limit, "1000000", 1, MAX_LETTERS, ""),
    TOOL_ROW("--show-body", SETTING_SWITCH, show_body, "false", 0, 0, ""),
    TOOL_ROW("--dry-run", SETTING_SWITCH, dry_run, "false", 0, 0, ""),
    TOOL_ROW("--gateway-only", SETTING_SWITCH, gateway_only, "false", 0, 0, ""),
    TOOL_ROW("--yes", SETTING_SWITCH, yes, "false", 0, 0, ""),
    RABBITMQ_SETTINGS(struct request, rabbitmq, "User name for RabbitMQ"),
    TOOL_ROW("QUEUE_PREFIX", SETTING_TEXT, prefix, "websocket.", 0, 0,
             "Beginning of the names of the gateway's queues; " DEAD_LETTER_KEY
             " follows in the name of the queue of dead letters"),
};

static const struct tool_option OPTIONS[] = {
    {"reason", "TEXT", "--reason", 0, "only dead letters whose reason contains TEXT"},
    {"routing-key", "KEY", "--routing-key", 0, "only events with this routing key"},
    {"id", "ID", "--id", 0, "only the dead letter with this id, as list prints it"},
    {"older-than", "TIME", "--older-than", 0, "only dead letters older than 7d, 12h, 30m or 45s"},
    {"newer-than", "TIME", "--newer-than", 0, "only dead letters newer than TIME"},
    {"limit", "N", "--limit", 0, "at most N dead letters, oldest first"},
    {"show-body", NULL, "--show-body", 0, "print the bodies too; they may be private"},
    {"dry-run", NULL, "--dry-run", 0, "only print what would be done"},
    {"gateway-only", NULL, "--gateway-only", 0,
     "replay to the gateway's own queue, so that no other service gets the event again"},
    {"yes", NULL, "--yes", 0, "required by drop"},
};

static void check(void *request, struct buffer *errors)
{
    rabbitmq_settings_finish(&((struct request *)request)->rabbitmq, errors);
}

static const struct tool TOOL = {
    .program = {.name = "ws-dead-letters",
                .summary = "Lists, replays or drops dead letters: events that could not be "
                           "delivered to clients.\n\n"
                           "  list    prints the dead letters, one line of JSON each\n"
                           "  replay  publishes each event to its original exchange, and removes "
                           "the dead letter\n"
                           "          once RabbitMQ has confirmed that a queue took the event. An "
                           "event that fails\n"
                           "          again becomes a new dead letter\n"
                           "  drop    deletes the dead letters; requires --yes\n\n"
                           "Only dead letters that exist at the start are processed. The exit "
                           "status is 0 if all\n"
                           "selected ones were processed.",
                .settings = SETTINGS,
                .setting_count = ARRAY_LEN(SETTINGS)},
    .synopsis = "list|replay|drop",
    .max_operands = 1,
    .options = OPTIONS,
    .check = check,
    .option_count = ARRAY_LEN(OPTIONS),
};

struct work {
    const struct request *request;
    struct letter_queue *queue;
    struct publisher *publisher; // for a replay
    size_t seen, meant, done;
    struct buffer line;
};

static bool copy_name(char out[NAME_MAX_BYTES + 1], const char *prefix, struct span name)
{
    size_t len = strlen(prefix);

    if (len + name.len > NAME_MAX_BYTES || (name.len > 0 && memchr(name.ptr, 0, name.len)))
        return false;
    memcpy(out, prefix, len);
    if (name.len > 0)
        memcpy(out + len, name.ptr, name.len);
    out[len + name.len] = '\0';
    return true;
}

// Where the event of a letter is published.
struct address {
    char exchange[NAME_MAX_BYTES + 1], key[NAME_MAX_BYTES + 1];
};

// With --gateway-only there is no exchange: the routing key names the gateway's queue, so no other
// service gets the event.
static bool read_address(const struct request *request, const struct letter *letter,
                         struct address *out)
{
    bool to_queue = request->gateway_only && letter->exchange.len > 0;

    return letter->routing_key.len > 0 &&
           copy_name(out->exchange, "", to_queue ? (struct span){0} : letter->exchange) &&
           copy_name(out->key, to_queue ? request->prefix : "", letter->routing_key);
}

static bool publish(struct publisher *publisher, const struct address *to,
                    const struct letter *letter)
{
    char now[ISO8601_LEN + 1];
    const struct message_header headers[] = {{"x-replayed-from", DEAD_LETTER_KEY},
                                             {"x-replayed-at", now}};
    const struct publisher_message message = {
        .exchange = to->exchange,
        .routing_key = to->key,
        .of_letter = letter->properties,
        .headers = headers,
        .header_count = ARRAY_LEN(headers),
        .body = letter->body,
    };

    clock_iso8601(clock_wall_ms(), now);
    return publisher_send(publisher, &message) && publisher_flush(publisher);
}

enum fate { SAFE, STAYS, PUBLISHER_LOST };

// RabbitMQ also confirms a message that no queue took, so both counts are compared.
static enum fate send_again(struct work *work, const struct letter *letter)
{
    struct publisher_counts before = publisher_counts(work->publisher), after;
    struct address to;

    if (!read_address(work->request, letter, &to)) {
        tool_fail("a letter does not say where its event was published");
        return STAYS;
    }
    if (!letter_is_whole(letter)) {
        // In quotes: who has published it chose the id, which a terminal must not obey.
        buffer_clear(&work->line);
        json_string_append(&work->line, letter->id);
        tool_fail("letter %s has only the first %zu bytes of its event's body: its service "
                  "must publish it again, or drop it",
                  work->line.ptr, letter->body.len);
        return STAYS;
    }
    if (!publish(work->publisher, &to, letter))
        return publisher_reopen(work->publisher) ? STAYS : PUBLISHER_LOST;
    after = publisher_counts(work->publisher);
    return after.confirmed > before.confirmed && after.returned == before.returned ? SAFE : STAYS;
}

static void show(struct work *work, const struct letter *letter, const char *outcome)
{
    buffer_clear(&work->line);
    letter_write(letter, outcome, work->request->show_body, &work->line);
    fwrite(work->line.ptr, 1, work->line.len, stdout);
}

static bool remove_letter(struct work *work, const struct letter *letter, const char *outcome)
{
    if (!letter_queue_remove(work->queue))
        return false;
    work->done++;
    show(work, letter, outcome);
    return true;
}

// Returns false if it is of no use to go on.
static bool replay(struct work *work, const struct letter *letter)
{
    enum fate fate = send_again(work, letter);

    if (fate == SAFE)
        return remove_letter(work, letter, "replayed");
    show(work, letter, "stays");
    return fate == STAYS;
}

static bool handle(struct work *work, const struct letter *letter)
{
    const struct request *r = work->request;

    work->meant++;
    if (r->command == LIST || r->dry_run) {
        work->done++;
        show(work, letter,
             r->command == LIST     ? NULL
             : r->command == REPLAY ? "would be replayed"
                                    : "would be dropped");
        return true;
    }
    return r->command == REPLAY ? replay(work, letter) : remove_letter(work, letter, "dropped");
}

// A letter that comes back while this runs is behind those that are counted.
static bool handle_all(struct work *work)
{
    size_t count = letter_queue_count(work->queue);
    struct letter letter;

    while (work->seen < count && work->meant < (size_t)work->request->limit) {
        switch (letter_queue_take(work->queue, &letter)) {
        case LETTER_NONE:
            return true;
        case LETTER_LOST:
            return false;
        case LETTER_TAKEN:
            break;
        }
        work->seen++;
        if (letter_fits(&letter, &work->request->filter, clock_wall_ms()) && !handle(work, &letter))
            return false;
    }
    return true;
}

static const char *participle(const struct request *request)
{
    if (request->command == LIST)
        return "shown";
    if (request->command == REPLAY)
        return request->dry_run ? "would be replayed" : "replayed";
    return request->dry_run ? "would be dropped" : "dropped";
}

static bool work_through(struct work *work)
{
    size_t count = letter_queue_count(work->queue);
    bool ok = handle_all(work);

    if (fflush(stdout) != 0)
        ok = tool_fail("standard output cannot be written");
    tool_say("%zu letters, %zu looked at, %zu %s", count, work->seen, work->done,
             participle(work->request));
    if (work->done < work->meant)
        ok = tool_fail("%zu stay in the queue", work->meant - work->done);
    return ok;
}

static bool do_command(const struct request *request)
{
    struct work work = {.request = request};
    char name[NAME_MAX_BYTES + 1];
    bool ok = copy_name(name, request->prefix, SPAN_LIT(DEAD_LETTER_KEY)) ||
              tool_fail("QUEUE_PREFIX is too long");

    if (ok && request->command == REPLAY && !request->dry_run)
        ok = (work.publisher = publisher_new(&request->rabbitmq)) != NULL;
    if (ok)
        ok = (work.queue = letter_queue_open(&request->rabbitmq, name)) != NULL &&
             work_through(&work);
    ok = letter_queue_close(work.queue) && ok;
    publisher_free(work.publisher);
    buffer_fini(&work.line);
    return ok;
}

static bool read_command(struct request *request, const struct tool_list *operands)
{
    static const char *const names[] = {"list", "replay", "drop"};

    for (size_t i = 0; operands->count == 1 && i < ARRAY_LEN(names); i++) {
        if (strcmp(operands->items[0], names[i]) != 0)
            continue;
        request->command = (enum command)i;
        return request->command != DROP || request->yes || request->dry_run ||
               tool_fail("what is dropped is lost: look at it with drop --dry-run, then say "
                         "drop --yes");
    }
    return tool_fail("say list, replay or drop; see ws-dead-letters --help");
}

static enum tool_status run(void *request, const struct tool_list *operands)
{
    if (!read_command(request, operands))
        return TOOL_USAGE;
    return do_command(request) ? TOOL_OK : TOOL_FAILED;
}

struct arguments {
    int argc;
    char **argv;
};

static int run_tool(void *arg)
{
    static struct request request;
    const struct arguments *arguments = arg;

    return tool_main(&TOOL, arguments->argc, arguments->argv, run, &request);
}

// rabbitmq-c calls itself for each level of nested headers, and whoever published the event has
// chosen how deep they are.
int main(int argc, char **argv)
{
    return deep_stack_run(run_tool, &(struct arguments){argc, argv});
}
