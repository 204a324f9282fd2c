#include "relay/uplink/uplink_message.h"

#include "proto/letter_headers.h"
#include "tests/unit/unit.h"

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
    struct uplink_message *message = uplink_message_new(NULL, &entry);
    free((void *)body.ptr);
    assert_int_equal(message->malformed, c->malformed);
    assert_bytes(message->body, c->entry.body);
    assert_string_equal(message->id, "7-1");
    if (!c->malformed)
        assert_bytes(span_of(message->exchange), c->entry.exchange);
    uplink_message_free(message);
}

// ---- where it is sent

static struct uplink_message *located(void)
{
    const struct uplink_entry entry = {SPAN_LIT("7-1"), SPAN_LIT("fleet"),
                                       SPAN_LIT("client.location"), SPAN_LIT("u1"), SPAN_LIT("{}")};

    return uplink_message_new(NULL, &entry);
}

static void goes_to_its_exchange(void **state)
{
    struct uplink_message *message = located();

    (void)state;
    uplink_message_address(message, NULL, "letters");
    assert_string_equal(message->publication.exchange, "fleet");
    assert_string_equal(message->publication.event.routing_key, "client.location");
    assert_string_equal(message->publication.event.message_id, "7-1");
    assert_int_equal(message->publication.event.header_count, 0);
    uplink_message_free(message);
}

static void goes_to_the_dead_letters(void **state)
{
    struct uplink_message *message = located();
    struct uplink_failure *failure = uplink_failure_new("no such exchange");

    (void)state;
    uplink_message_address(message, failure, "letters");
    const struct rabbit_header *headers = message->publication.event.headers;
    assert_string_equal(message->publication.exchange, "");
    assert_string_equal(message->publication.event.routing_key, "letters");
    assert_int_equal(message->publication.event.header_count, 5);
    assert_string_equal(headers[0].name, LETTER_REASON);
    assert_span(headers[0].text, "no such exchange");
    assert_span(headers[1].text, "client.location");
    assert_span(headers[2].text, "fleet");
    assert_int_equal(headers[4].number, 2);
    free(failure);
    uplink_message_free(message);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(entry_cases) + 2];
    size_t count = 0;

    ADD_ROWS(tests, count, entry_cases, copies_an_entry);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(goes_to_its_exchange);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(goes_to_the_dead_letters);
    return cmocka_run_group_tests_name("uplink_message", tests, NULL, NULL);
}
