// Reading the log backwards from a Redis that may not answer. The functions below take the place of
// those of event_log.c.
#include "relay/event_log/walk.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "relay/event_log/event_log_internal.h"
#include "tests/unit/unit.h"

#define ASKED_MAX 4

// What comes of each page: so many entries, or one of these.
enum { LOST = -1, REFUSED = -2, END = -3 };

static struct {
    int answer;
    char below[POSITION_TEXT_MAX + 1];
    size_t count;
} redis;

static redisReply *reply_of(int type, size_t elements)
{
    redisReply *reply = mem_zalloc(sizeof(*reply));

    reply->type = type;
    reply->elements = elements;
    reply->element = elements > 0 ? mem_zalloc(elements * sizeof(reply->element[0])) : NULL;
    return reply;
}

static void free_reply(redisReply *reply)
{
    for (size_t i = 0; i < reply->elements; i++)
        free_reply(reply->element[i]);
    free(reply->element);
    free(reply->str);
    free(reply);
}

static redisReply *entry_of(size_t number)
{
    redisReply *entry = reply_of(REDIS_REPLY_ARRAY, 2);
    char id[POSITION_TEXT_MAX];

    snprintf(id, sizeof(id), "1-%zu", number);
    entry->element[0] = reply_of(REDIS_REPLY_STRING, 0);
    entry->element[0]->str = mem_strdup(id);
    entry->element[0]->len = strlen(id);
    entry->element[1] = reply_of(REDIS_REPLY_ARRAY, 0);
    return entry;
}

redisReply *event_log_ask(struct event_log *log, int argc, const char **argv, const size_t *lens)
{
    (void)log, (void)argc, (void)lens;
    snprintf(redis.below, sizeof(redis.below), "%s", argv[2]);
    redis.count = strtoul(argv[5], NULL, 10);
    if (redis.answer == LOST)
        return NULL;
    if (redis.answer == REFUSED)
        return reply_of(REDIS_REPLY_ERROR, 0);
    redisReply *page = reply_of(REDIS_REPLY_ARRAY, (size_t)redis.answer);
    for (size_t i = 0; i < page->elements; i++)
        page->element[i] = entry_of(1000 - i);
    return page;
}

bool event_log_accept_reply(struct event_log *log, redisReply *reply)
{
    bool ok = reply && reply->type != REDIS_REPLY_ERROR;

    (void)log;
    if (reply)
        free_reply(reply);
    return ok;
}

static void visit(struct span id, struct position position, void *arg)
{
    (void)id, (void)position, (void)arg;
}

static const struct row {
    const char *name;
    int answers[ASKED_MAX]; // up to END
    bool read;              // what the last call returns
    bool at_start;          // afterwards
    const char *below;      // that it asked for
    size_t count;           // entries that it asked for
} rows[] = {
    {"an empty log", {0, END}, true, true, "(5-0", 16},
    {"a short page", {3, END}, true, true, "(5-0", 16},
    {"a full page", {16, END}, true, false, "(5-0", 16},
    {"the next page is larger, and below", {16, 32, END}, true, false, "(1-985", 32},
    {"no answer", {LOST, END}, false, false, "(5-0", 16},
    {"an error", {REFUSED, END}, false, false, "(5-0", 16},
    {"no answer to the second page", {16, LOST, END}, false, false, "(1-985", 32},
    {"the same page is asked for again", {16, LOST, REFUSED, END}, false, false, "(1-985", 32},
    {"and then it comes", {LOST, REFUSED, 16, END}, true, false, "(5-0", 16},
};

static void walks(void **state)
{
    const struct row *row = *state;
    struct event_log log = {0};
    struct log_walk walk;
    bool read = false;

    event_log_walk_init(&walk, (struct position){5, 0});
    for (const int *answer = row->answers; *answer != END; answer++) {
        redis.answer = *answer;
        read = event_log_walk_on(&log, &walk, 0, visit, NULL);
    }
    assert_int_equal(read, row->read);
    assert_int_equal(walk.at_start[0], row->at_start);
    assert_string_equal(redis.below, row->below);
    assert_int_equal(redis.count, row->count);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, walks);
    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
