#include "relay/uplink/uplink_window.h"

#include <stdio.h>

#include "proto/letter_headers.h"
#include "tests/unit/unit.h"

#define NOW_MS 1000

static struct uplink_window window;

static int set_up(void **state)
{
    (void)state;
    uplink_window_init(&window);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    list_for_each (node, &window.items)
        list_entry(node, struct uplink_item, node)->state = UPLINK_WAITING;
    uplink_window_forget(&window);
    return 0;
}

static struct uplink_item *add(const char *id, const char *owner)
{
    const struct uplink_entry entry = {span_of(id), SPAN_LIT("fleet"), SPAN_LIT("client.location"),
                                       span_of(owner), SPAN_LIT("{}")};

    uplink_window_add(&window, &entry);
    return list_entry(window.items.prev, struct uplink_item, node);
}

// ---- what may be sent

// Each letter is an item's owner. Behind it: nothing: it waits; '>': it is sent; '.': it is done;
// '!': it is a suspect that waits; '?': a suspect that is sent; '+': it waits for its next attempt;
// '#': a suspect that does.
struct ready_case {
    const char *name;
    const char *items;
    const char *ready; // positions of the items
};

static const struct ready_case ready_cases[] = {
    {"nothing", "", ""},
    {"all of different owners", "abc", "012"},
    {"the first of an owner", "aabab", "02"},
    {"not behind one that is sent", "a>ab", "2"},
    {"behind one that is done", "a.ab", "12"},
    {"not behind one that waits for its next attempt", "a+ab", "2"},
    {"a suspect goes alone", "abc!d!", "2"},
    {"a suspect waits until nothing is under way", "a>b!c", ""},
    {"nothing goes beside a suspect", "a?bc", ""},
    {"a suspect that waits for its next attempt holds up its owner alone", "a#abc", "23"},
};

static void make_item(const char **spec, unsigned number)
{
    char id[16], owner[2] = {*(*spec)++, '\0'};

    snprintf(id, sizeof(id), "1-%u", number);
    struct uplink_item *item = add(id, owner);
    char mark = **spec;
    item->suspect = mark == '!' || mark == '?' || mark == '#';
    item->state = mark == '>' || mark == '?' ? UPLINK_SENT
                  : mark == '.'              ? UPLINK_DONE
                                             : UPLINK_WAITING;
    item->retry_ms = mark == '+' || mark == '#' ? NOW_MS + 1 : 0;
    if (mark != '\0' && strchr(">.!?+#", mark))
        (*spec)++;
}

static void finds_what_may_be_sent(void **state)
{
    const struct ready_case *c = *state;
    struct uplink_item *ready[UPLINK_WINDOW_MAX];
    unsigned made = 0;

    for (const char *spec = c->items; *spec;)
        make_item(&spec, made++);
    size_t count = uplink_window_ready(&window, NOW_MS, ready);
    assert_int_equal(count, strlen(c->ready));
    for (size_t i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof(id), "1-%c", c->ready[i]);
        assert_string_equal(ready[i]->id, id);
    }
}

// ---- entries

struct entry_case {
    const char *name;
    struct uplink_entry entry;
    bool malformed;
};

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG_255                                                                                   \
    LONG_64 LONG_64 LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define ID SPAN_INIT("7-1")

static const struct entry_case entry_cases[] = {
    {"all is there", {ID, SPAN_INIT("x"), SPAN_INIT("k"), SPAN_INIT("o"), SPAN_INIT("{}")}, false},
    {"no owner", {ID, SPAN_INIT("x"), SPAN_INIT("k"), SPAN_INIT(""), SPAN_INIT("{}")}, false},
    {"no exchange, which would be any queue",
     {ID, SPAN_INIT(""), SPAN_INIT("k"), SPAN_INIT("o"), SPAN_INIT("{}")},
     true},
    {"no routing key", {ID, SPAN_INIT("x"), SPAN_INIT(""), SPAN_INIT("o"), SPAN_INIT("{}")}, true},
    {"no body", {ID, SPAN_INIT("x"), SPAN_INIT("k"), SPAN_INIT("o"), SPAN_INIT("")}, true},
    {"the longest names",
     {ID, SPAN_INIT(LONG_255), SPAN_INIT(LONG_255), SPAN_INIT("o"), SPAN_INIT("{}")},
     false},
    {"a longer exchange",
     {ID, SPAN_INIT(LONG_255 "x"), SPAN_INIT("k"), SPAN_INIT("o"), SPAN_INIT("{}")},
     true},
    {"a zero byte", {ID, SPAN_INIT("x"), SPAN_INIT("k\0k"), SPAN_INIT("o"), SPAN_INIT("{}")}, true},
};

static void copies_an_entry(void **state)
{
    const struct entry_case *c = *state;
    struct span body = exact_copy(c->entry.body);
    struct uplink_entry entry = c->entry;

    entry.body = body;
    uplink_window_add(&window, &entry);
    free((void *)body.ptr);
    const struct uplink_item *item = list_entry(window.items.next, struct uplink_item, node);
    assert_int_equal(item->malformed, c->malformed);
    assert_bytes(item->body, c->entry.body);
    assert_string_equal(item->id, "7-1");
    assert_string_equal(window.last_id, "7-1");
    if (!c->malformed)
        assert_bytes(span_of(item->exchange), c->entry.exchange);
}

static void is_full_by_entries(void **state)
{
    (void)state;
    for (int i = 0; i < UPLINK_WINDOW_MAX; i++) {
        assert_false(uplink_window_full(&window));
        add("1-0", "a");
    }
    assert_true(uplink_window_full(&window));
    uplink_window_drop(&window, list_entry(window.items.next, struct uplink_item, node));
    assert_false(uplink_window_full(&window));
}

static void is_full_by_bytes(void **state)
{
    struct span body = {calloc(1, UPLINK_WINDOW_MAX_BYTES), UPLINK_WINDOW_MAX_BYTES};
    const struct uplink_entry entry = {SPAN_LIT("1-0"), SPAN_LIT("x"), SPAN_LIT("k"), SPAN_LIT("o"),
                                       body};

    (void)state;
    uplink_window_add(&window, &entry);
    free((void *)body.ptr);
    assert_true(uplink_window_full(&window));
}

static void begins_at_the_head_again(void **state)
{
    struct uplink_item *sent;

    (void)state;
    add("1-0", "a");
    sent = add("2-0", "b");
    sent->state = UPLINK_SENT;
    uplink_window_forget(&window);
    assert_string_equal(window.last_id, "0");
    assert_int_equal(window.count, 0);
    assert_int_equal(window.bytes, 0);
    assert_true(sent->orphan);
    uplink_item_free(sent);
}

static void keeps_the_first_reason(void **state)
{
    struct uplink_item *item = add("1-0", "a");

    (void)state;
    item->suspect = true;
    item->retry_ms = NOW_MS;
    uplink_item_condemn(item, "no such exchange");
    uplink_item_condemn(item, "another");
    assert_false(item->suspect);
    assert_int_equal(item->retry_ms, 0);
    assert_string_equal(item->letter->headers[0].name, LETTER_REASON);
    assert_span(item->letter->headers[0].text, "no such exchange");
    assert_span(item->letter->headers[1].text, "client.location");
    assert_span(item->letter->headers[2].text, "fleet");
    assert_int_equal(item->letter->headers[4].number, 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest further[] = {
        TEST(is_full_by_entries),
        TEST(is_full_by_bytes),
        TEST(begins_at_the_head_again),
        TEST(keeps_the_first_reason),
    };
    struct CMUnitTest tests[ARRAY_LEN(ready_cases) + ARRAY_LEN(entry_cases) + ARRAY_LEN(further)];
    size_t count = 0;

    ADD_ROWS(tests, count, ready_cases, finds_what_may_be_sent);
    ADD_ROWS(tests, count, entry_cases, copies_an_entry);
    for (size_t i = 0; i < count; i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
    }
    for (size_t i = 0; i < ARRAY_LEN(further); i++)
        tests[count++] = further[i];
    return cmocka_run_group_tests_name("uplink_window", tests, NULL, NULL);
}
