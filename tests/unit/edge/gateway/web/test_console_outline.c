#include "edge/gateway/web/console_outline.h"

#include "tests/unit/unit.h"

struct outline_case {
    const char *name;
    const char *file, *expected;
};

// clang-format off
static const struct outline_case cases[] = {
    {"nothing", "{}", "{\"rooms\":[],\"routes\":[]}"},
    {"types that a client may ask for", "{\"rooms\":{\"a\":{},\"b\":{\"join\":\"none\"},\"c\":{}}}",
     "{\"rooms\":[\"a\",\"c\"],\"routes\":[]}"},
    {"a route", "{\"rooms\":{\"a\":{}},\"events\":[{\"routingKey\":\"k\",\"rooms\":[\"a:{i}\",\"user:{u[]}\"],"
     "\"event\":\"e\\\"\",\"fields\":[\"i\"]}]}",
     "{\"rooms\":[\"a\"],\"routes\":[{\"routingKey\":\"k\",\"event\":\"e\\\"\",\"rooms\":[\"a:{i}\","
     "\"user:{u[]}\"],\"body\":{\"i\":\"42\",\"u\":[\"traveller-1\"]}}]}"},
    {"routes that act", "{\"rooms\":{\"a\":{}},\"events\":[{\"routingKey\":\"d\",\"disconnect\":{\"user\":\"{u}\"}},"
     "{\"routingKey\":\"l\",\"leave\":{\"user\":\"{u}\",\"room\":\"a:{i}\"}}]}",
     "{\"rooms\":[\"a\"],\"routes\":[{\"routingKey\":\"d\",\"event\":null,\"rooms\":[\"user:{u}\"],"
     "\"body\":{\"u\":\"traveller-1\"}},{\"routingKey\":\"l\",\"event\":null,\"rooms\":[\"user:{u}\","
     "\"a:{i}\"],\"body\":{\"u\":\"traveller-1\",\"i\":\"42\"}}]}"},
};
// clang-format on

static void writes(void **state)
{
    const struct outline_case *c = *state;
    struct buffer errors = {0}, out = {0};
    struct file_reader r = {span_of(c->file), "test", &errors};
    struct gateway_file *file = gateway_file_parse(&r, "q.");

    if (!file)
        fail_msg("%s", errors.ptr);
    console_outline_write(file, &out);
    assert_string_equal(out.ptr, c->expected);
    gateway_file_free(file);
    buffer_fini(&errors);
    buffer_fini(&out);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(cases)];
    size_t count = 0;

    ADD_ROWS(tests, count, cases, writes);
    return cmocka_run_group_tests_name("console_outline", tests, NULL, NULL);
}
