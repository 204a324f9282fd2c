#include "compose/tools/server_url.h"

#include "tests/unit/unit.h"

struct good_case {
    const char *name;
    const char *url, *host;
    int port;
};

// clang-format off
static const struct good_case good_cases[] = {
    {"host and port",       "http://127.0.0.1:3002",  "127.0.0.1", 3002},
    {"slash at the end",    "http://127.0.0.1:3002/", "127.0.0.1", 3002},
    {"no port",             "http://gateway",         "gateway",   80},
    {"no port, but slash",  "http://gateway/",        "gateway",   80},
    {"scheme ws",           "ws://gateway:1",         "gateway",   1},
    {"highest port",        "http://g:65535",         "g",         65535},
    {"IPv6",                "http://[::1]:3002",      "::1",       3002},
    {"IPv6 without a port", "http://[fe80::1]",       "fe80::1",   80},
};

struct bad_case {
    const char *name;
    const char *url, *fault;
};

#define FORM "it must begin with http://"
#define HOST "the host is missing"
#define PORT "the port must be a number from 1 to 65535"
#define MORE "nothing may follow the host and port"
#define TLS  "TLS is not spoken here; give the address behind the TLS proxy"

static const struct bad_case bad_cases[] = {
    {"empty",                 "",                     FORM},
    {"no scheme",             "127.0.0.1:3002",       FORM},
    {"other scheme",          "ftp://x",              FORM},
    {"https",                 "https://x",            TLS},
    {"wss",                   "wss://x",              TLS},
    {"no host",               "http://:3002",         HOST},
    {"nothing behind scheme", "http://",              HOST},
    {"empty brackets",        "http://[]:1",          HOST},
    {"port 0",                "http://x:0",           PORT},
    {"port too high",         "http://x:65536",       PORT},
    {"port of many digits",   "http://x:99999999999", PORT},
    {"colon without port",    "http://x:",            PORT},
    {"letters as port",       "http://x:http",        PORT},
    {"path",                  "http://x:1/api",       MORE},
    {"query",                 "http://x?a=b",         MORE},
    {"letters behind port",   "http://x:1x",          MORE},
    {"behind the brackets",   "http://[::1]x",        MORE},
};
// clang-format on

static void accepts(void **state)
{
    const struct good_case *row = *state;
    struct span url = exact_copy(span_of(row->url));
    struct server_url parsed;

    assert_null(server_url_parse(url, &parsed));
    assert_string_equal(parsed.host, row->host);
    assert_int_equal(parsed.port, row->port);
    free((void *)url.ptr);
}

static void refuses(void **state)
{
    const struct bad_case *row = *state;
    struct span url = exact_copy(span_of(row->url));
    struct server_url parsed;
    const char *fault = server_url_parse(url, &parsed);

    assert_non_null(fault);
    assert_string_equal(fault, row->fault);
    free((void *)url.ptr);
}

static void refuses_long_host(void **state)
{
    char url[400] = "http://";
    struct server_url parsed;

    (void)state;
    memset(url + strlen(url), 'h', 300);
    assert_string_equal(server_url_parse(span_of(url), &parsed), HOST);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(good_cases) + ARRAY_LEN(bad_cases) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, good_cases, accepts);
    ADD_ROWS(tests, count, bad_cases, refuses);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(refuses_long_host);
    return cmocka_run_group_tests_name("server_url", tests, NULL, NULL);
}
