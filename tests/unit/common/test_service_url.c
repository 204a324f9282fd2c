#include "common/service_url.h"

#include "tests/unit/unit.h"

// clang-format off
static const struct good_row {
    const char *name;
    const char *url, *host;
} good[] = {
    {"a name", "http://message-service:4006", "message-service"},
    {"without a port", "https://service.example", "service.example"},
    {"a path", "http://service.example/base", "service.example"},
    {"a path and a slash", "http://service.example:8080/base/more/", "service.example"},
    {"IPv4", "http://127.0.0.1:4006", "127.0.0.1"},
    {"IPv6", "http://[::1]:4006", "::1"},
    {"IPv6 without a port", "https://[2001:db8::7]/", "2001:db8::7"},
    {"an escape in the path", "http://service/a%20b", "service"},
};

static const struct bad_row {
    const char *name;
    const char *url;
} bad[] = {
    {"nothing", ""},
    {"a name alone", "message-service"},
    {"a name and a port", "message-service:4006"},
    {"no scheme", "//message-service"},
    {"another scheme", "ftp://message-service"},
    {"a file", "file:///etc/passwd"},
    {"a scheme in capitals", "HTTP://service"}, // would do, yet nobody writes it
    {"one slash", "http:/service"},
    {"no host", "http://"},
    {"a path without a host", "http:///path"},
    {"a port without a host", "http://:4006"},
    {"a port that is none", "http://service:port"},
    {"a port that is too large", "http://service:70000"},
    {"a user", "http://user@service"},
    {"a password", "http://user:secret@service"},
    {"a query", "http://service/?a=b"},
    {"an empty query", "http://service/?"},
    {"an empty query without a path", "http://service?"},
    {"a query without a path", "http://service?a=b"},
    {"a fragment", "http://service/#a"},
    {"an empty fragment", "http://service/#"},
    {"an empty fragment without a path", "http://service#"},
    {"an empty user", "http://@service"},
    {"an empty password", "http://user:@service"},
    {"options", "http://user;auth=x@service"},
    {"a port and a colon", "http://service:4006:4006"},
    {"a colon without a port", "http://service:"},
    {"port 0", "http://service:0"},
    {"a port with a sign", "http://service:+80"},
    {"a port with more behind", "http://service:80x"},
    {"a backslash", "http://service\\a"},
    {"a backslash in the path", "http://service/a\\b"},
    {"braces", "http://service/{id}"},
    {"half an escape", "http://service/a%2"},
    {"an escape that is none", "http://service/a%zz"},
    {"a star", "http://*.service"},
    {"a comma", "http://a,b"},
    {"an empty label", "http://a..b"},
    {"three slashes", "https:///service"},
    {"IPv6 with more behind", "http://[::1]x"},
    {"IPv6 with a scope", "http://[fe80::1%25eth0]"},
    {"too much in brackets", "http://[1:2:3:4:5:6:7:8:9]"},
    {"brackets with nothing", "http://[]"},
    {"a space", "http://service/a b"},
    {"a space behind it", "http://service "},
    {"a line feed", "http://service\n"},
    {"a letter that is not ASCII", "http://\xc3\xa4.example"},
    {"IPv6 without brackets", "http://::1"},
    {"IPv6 with half of them", "http://[::1"},
    {"no IPv6 in brackets", "http://[service]"},
    {"a host with a space", "http://ser%20vice"},
};

// With a query, which only whole addresses may have.
static const struct good_row queries[] = {
    {"a query", "https://id.example/keys?p=b2c_1", "id.example"},
    {"a query without a path", "https://id.example?p=1", "id.example"},
    {"a query with a port before it", "http://id.example:8080?p=1", "id.example"},
    {"a query with a slash and an at", "https://id.example?p=/a@b", "id.example"},
    {"an empty query behind a path", "https://id.example/?", "id.example"},
};

static const struct bad_row bad_queries[] = {
    {"a user before a query", "https://me@id.example?p=1"},
    {"no host before a query", "https://?p=1"},
    {"a query with a space", "https://id.example/?a b"},
    {"a query and a fragment", "https://id.example/?a#b"},
};
// clang-format on

static void accepts(void **state)
{
    const struct good_row *row = *state;
    struct buffer host = {0};
    const char *fault = service_url_check(row->url, &host);

    if (fault)
        fail_msg("%s: %s", row->url, fault);
    assert_span(buffer_span(&host), row->host);
    buffer_fini(&host);
}

static void refuses(void **state)
{
    const struct bad_row *row = *state;
    struct buffer host = {0};

    if (!service_url_check(row->url, &host))
        fail_msg("\"%s\" is accepted, its host is \"%s\"", row->url, host.ptr);
    buffer_fini(&host);
}

static void takes_query(void **state)
{
    const struct good_row *row = *state;
    struct buffer host = {0};

    assert_non_null(service_url_check(row->url, &host));
    assert_null(http_url_check(row->url, &host));
    assert_span(buffer_span(&host), row->host);
    buffer_fini(&host);
}

static void refuses_query(void **state)
{
    const struct bad_row *row = *state;
    struct buffer host = {0};

    assert_non_null(http_url_check(row->url, &host));
    buffer_fini(&host);
}

static void hosts_have_an_end(void **state)
{
    char url[7 + 255 + 1] = "http://";
    struct buffer host = {0};

    (void)state;
    memset(url + 7, 'a', 253);
    assert_null(service_url_check(url, &host));
    buffer_clear(&host);
    memset(url + 7, 'a', 254);
    assert_non_null(service_url_check(url, &host));
    buffer_fini(&host);
}

int main(void)
{
    struct CMUnitTest
        tests[ARRAY_LEN(good) + ARRAY_LEN(bad) + ARRAY_LEN(queries) + ARRAY_LEN(bad_queries) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, good, accepts);
    ADD_ROWS(tests, count, bad, refuses);
    ADD_ROWS(tests, count, queries, takes_query);
    ADD_ROWS(tests, count, bad_queries, refuses_query);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(hosts_have_an_end);
    return cmocka_run_group_tests_name("service url", tests, NULL, NULL);
}
