#include "common/host_list.h"
#include "tests/unit/unit.h"

#define A16 "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a"
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

struct list_case {
    const char *name, *text;
    const char *hosts; // "host port" of each, with commas between them; NULL: refused
    const char *fault; // part of it; NULL: none
};

static const struct list_case list_cases[] = {
    {"one host", "a.example", "a.example 70", NULL},
    {"a port", "a:1", "a 1", NULL},
    {"an empty port", "a:", "a 70", NULL},
    {"several, with blanks", " a:1 ,b, 10.0.0.1:3", "a 1,b 70,10.0.0.1 3", NULL},
    {"the same twice", "a,a", "a 70,a 70", NULL},
    {"IPv6", "[::1],[fe80::2]:5", "::1 70,fe80::2 5", NULL},
    {"as many as may be", A16, NULL, NULL},
    {"one more", A16 ",b", NULL, "HOSTS names over 16 hosts"},
    {"a blank", " ", NULL, "HOSTS must list hosts and ports like 10.0.0.1:70; the entry number 1"},
    {"nothing between commas", "a,,b", NULL, "the entry number 2"},
    {"a comma at the end", "a,", NULL, "the entry number 2"},
    {"a port too high", "a:65536", NULL, "the entry number 1"},
    {"a port of 0", "a:0", NULL, "the entry number 1"},
    {"a port that is no number", "a:b", NULL, "the entry number 1"},
    {"IPv6 without brackets", "::1", NULL, "the entry number 1"},
    {"a blank within", "a b", NULL, "the entry number 1"},
    {"a path", "a/b", NULL, "the entry number 1"},
    {"a query", "a?b", NULL, "the entry number 1"},
    {"a user", "u:p@a", NULL, "the entry number 1"},
    {"a URL", "amqp://a", NULL, "the entry number 1"},
    {"semicolons", "a;b", NULL, "the entry number 1"},
    {"a name too long", X64 X64 X64 X64, NULL, "the entry number 1"},
};

static void parses(void **state)
{
    const struct list_case *c = *state;
    struct buffer errors = {0}, hosts = {0};
    struct host_list list;

    host_list_parse(&list, c->text, "HOSTS", 70, &errors);
    if (c->fault && errors.len == 0)
        fail_msg("taken");
    if (c->fault)
        assert_non_null(strstr(errors.ptr, c->fault));
    else
        assert_int_equal(errors.len, 0);
    for (size_t i = 0; i < list.count; i++)
        buffer_printf(&hosts, "%s%s %u", i > 0 ? "," : "", list.items[i].host, list.items[i].port);
    if (c->hosts)
        assert_span(buffer_span(&hosts), c->hosts);
    buffer_fini(&hosts);
    buffer_fini(&errors);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(list_cases)] = {0};
    size_t count = 0;

    ADD_ROWS(tests, count, list_cases, parses);
    return cmocka_run_group_tests_name("host list", tests, NULL, NULL);
}
