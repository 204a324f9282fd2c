#include "compose/tools/letter.h"

#include "tests/unit/unit.h"

#define AT     "2024-11-17T10:00:00.500Z"
#define AT_MS  UINT64_C(1731837600500)
#define HOUR_S 3600
#define HOUR   UINT64_C(3600000)

static struct letter example(void)
{
    return (struct letter){
        .id = SPAN_LIT("id-1"),
        .failed_at = SPAN_LIT(AT),
        .reason = SPAN_LIT("the room id is missing"),
        .routing_key = SPAN_LIT("message.sent"),
        .exchange = SPAN_LIT("hometrip"),
        .body = SPAN_LIT("{\"text\":\"hi\"}"),
    };
}

// ---- times

struct time_case {
    const char *name;
    const char *text;
    bool good;
    uint64_t wall_ms;
};

static const struct time_case times[] = {
    {"as the relay writes it", AT, true, AT_MS},
    {"the first moment", "1970-01-01T00:00:00.000Z", true, 0},
    {"leap day", "2024-02-29T23:59:59.999Z", true, UINT64_C(1709251199999)},
    {"nothing", "", false, 0},
    {"without milliseconds", "2024-11-17T10:00:00Z", false, 0},
    {"another zone", "2024-11-17T10:00:00.500+", false, 0},
    {"a blank for a digit", "2024-11-17T10:00:00. 00Z", false, 0},
    {"a day that is none", "2023-02-29T10:00:00.000Z", false, 0},
    {"before 1970", "1969-12-31T23:59:59.999Z", false, 0},
    {"longer", AT "Z", false, 0},
    {"words", "the day before yesterday", false, 0},
};

static void reads_a_time(void **state)
{
    const struct time_case *c = *state;
    struct span text = exact_copy(span_of(c->text));
    uint64_t wall_ms = 0;

    assert_int_equal(letter_parse_time(text, &wall_ms), c->good);
    if (c->good)
        assert_int_equal(wall_ms, c->wall_ms);
    free((void *)text.ptr);
}

// ---- filters

struct filter_case {
    const char *name;
    struct letter_filter filter;
    uint64_t now_ms;
    bool fits;
};

static const struct filter_case filters[] = {
    {"no filter", {0}, AT_MS, true},
    {"its reason", {.reason = "the room id is missing"}, AT_MS, true},
    {"a part of its reason", {.reason = "room id"}, AT_MS, true},
    {"another reason", {.reason = "not valid JSON"}, AT_MS, false},
    {"its routing key", {.routing_key = "message.sent"}, AT_MS, true},
    {"a part of its routing key", {.routing_key = "message"}, AT_MS, false},
    {"its id", {.id = "id-1"}, AT_MS, true},
    {"another id", {.id = "id-2"}, AT_MS, false},
    {"old enough", {.older_than_s = HOUR_S}, AT_MS + HOUR + 1, true},
    {"not old enough", {.older_than_s = HOUR_S}, AT_MS + HOUR, false},
    {"new enough", {.newer_than_s = HOUR_S}, AT_MS + HOUR - 1, true},
    {"not new enough", {.newer_than_s = HOUR_S}, AT_MS + HOUR, false},
    {"of a clock that is ahead, new", {.newer_than_s = 1}, AT_MS - HOUR, true},
    {"of a clock that is ahead, old", {.older_than_s = 1}, AT_MS - HOUR, false},
    {"between two ages",
     {.older_than_s = HOUR_S, .newer_than_s = 3 * HOUR_S},
     AT_MS + 2 * HOUR,
     true},
    {"one of two does not fit", {.reason = "room", .routing_key = "other"}, AT_MS, false},
};

static void filters_letters(void **state)
{
    const struct filter_case *c = *state;
    struct letter letter = example();

    assert_int_equal(letter_fits(&letter, &c->filter, c->now_ms), c->fits);
}

static void without_a_time_fits_no_age(void **state)
{
    struct letter letter = example();

    (void)state;
    letter.failed_at = SPAN_LIT("unknown");
    assert_true(letter_fits(&letter, &(struct letter_filter){0}, AT_MS));
    assert_false(letter_fits(&letter, &(struct letter_filter){.older_than_s = 1}, AT_MS + HOUR));
    assert_false(letter_fits(&letter, &(struct letter_filter){.newer_than_s = 9}, AT_MS));
}

static void without_anything_fits_no_filter(void **state)
{
    const struct letter letter = {0};

    (void)state;
    assert_true(letter_fits(&letter, &(struct letter_filter){0}, AT_MS));
    assert_false(letter_fits(&letter, &(struct letter_filter){.reason = "x"}, AT_MS));
    assert_false(letter_fits(&letter, &(struct letter_filter){.id = "x"}, AT_MS));
}

// ---- lines

static void check_line(const struct letter *letter, const char *outcome, bool show_body,
                       const char *expected)
{
    struct buffer line = {0};

    letter_write(letter, outcome, show_body, &line);
    assert_string_equal(line.ptr, expected);
    buffer_fini(&line);
}

static void keeps_the_body_to_itself(void **state)
{
    struct letter letter = example();

    (void)state;
    check_line(&letter, NULL, false,
               "{\"id\":\"id-1\",\"failedAt\":\"" AT "\",\"reason\":\"the room id is missing\","
               "\"routingKey\":\"message.sent\",\"exchange\":\"hometrip\",\"bytes\":13}\n");
}

static void shows_the_body_when_asked(void **state)
{
    struct letter letter = {.body = SPAN_LIT("a \"b\"\x1b")};

    (void)state;
    check_line(&letter, "stays", true,
               "{\"outcome\":\"stays\",\"id\":\"\",\"failedAt\":\"\",\"reason\":\"\","
               "\"routingKey\":\"\",\"exchange\":\"\",\"body\":\"a \\\"b\\\"\\u001b\","
               "\"bytes\":6}\n");
}

static void shows_what_is_no_text_in_base64(void **state)
{
    struct letter letter = {.id = SPAN_LIT("\xff"), .body = SPAN_LIT("\xff\xfe")};

    (void)state;
    check_line(&letter, NULL, true,
               "{\"idBase64\":\"/w==\",\"failedAt\":\"\",\"reason\":\"\",\"routingKey\":\"\","
               "\"exchange\":\"\",\"bodyBase64\":\"//4=\",\"bytes\":2}\n");
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(without_a_time_fits_no_age),
        cmocka_unit_test(without_anything_fits_no_filter),
        cmocka_unit_test(keeps_the_body_to_itself),
        cmocka_unit_test(shows_the_body_when_asked),
        cmocka_unit_test(shows_what_is_no_text_in_base64),
    };
    struct CMUnitTest tests[ARRAY_LEN(times) + ARRAY_LEN(filters) + ARRAY_LEN(others)];
    size_t count = 0;

    ADD_ROWS(tests, count, times, reads_a_time);
    ADD_ROWS(tests, count, filters, filters_letters);
    memcpy(tests + count, others, sizeof(others));
    return cmocka_run_group_tests_name("letter", tests, NULL, NULL);
}
