#include "common/outage_log.h"

#include "tests/unit/capture.h"

struct dialogue_case {
    const char *name;
    const char *steps[6]; // a reason: it begins;: it ends; "-": it ends without a line
    const char *lines;    // how each line begins behind its time, with | between them
};

#define OUTAGE(reason)                                                                             \
    "WARN test: unavailable, trying again until it works what=Redis reason=" reason                \
    " remedy=\"check REDIS_HOST\"|"
#define REFUSED   OUTAGE("refused")
#define NO_ANSWER OUTAGE("\"no answer\"")
#define AGAIN     "INFO test: available again what=Redis|"

static const struct dialogue_case dialogues[] = {
    {"one outage", {"refused", ""}, REFUSED AGAIN},
    {"attempts with one reason are one line", {"refused", "refused", "refused"}, REFUSED},
    {"another reason is another line", {"refused", "no answer", "no answer"}, REFUSED NO_ANSWER},
    {"the end of nothing is no line", {""}, ""},
    {"an end that is logged elsewhere", {"refused", "-"}, REFUSED},
    {"the same reason after an end is an outage of its own",
     {"refused", "-", "refused"},
     REFUSED REFUSED},
};

static void play(const struct dialogue_case *c)
{
    struct outage_log outage = {.module = "test", .what = "Redis", .remedy = "check REDIS_HOST"};

    for (size_t i = 0; i < ARRAY_LEN(c->steps) && c->steps[i]; i++) {
        if (strcmp(c->steps[i], "") == 0)
            outage_log_end(&outage);
        else if (strcmp(c->steps[i], "-") == 0)
            outage_log_clear(&outage);
        else
            outage_log_begin(&outage, c->steps[i]);
    }
}

static void logs_what_is_new(void **state)
{
    const struct dialogue_case *c = *state;
    struct capture capture = capture_start(STDERR_FILENO);
    struct buffer out = {0};
    struct span expected = span_of(c->lines), rest, line, begin;

    play(c);
    capture_end(&capture, &out);
    rest = buffer_span(&out);
    while (span_take_until(&expected, '|', &begin) && begin.len > 0) {
        assert_true(span_take_until(&rest, '\n', &line));
        assert_true(span_take_until(&line, ' ', &(struct span){0})); // the time
        assert_true(span_starts_with(line, begin));
    }
    assert_int_equal(rest.len, 0);
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(dialogues)];
    size_t count = 0;

    ADD_ROWS(tests, count, dialogues, logs_what_is_new);
    return cmocka_run_group_tests_name("outage_log", tests, NULL, NULL);
}
