#include "common/broker_url.h"
#include "tests/unit/unit.h"

static const char *const schemes[] = {"redis", "amqps", BROKER_URL_SOCKET, NULL};

struct parts {
    const char *scheme, *user, *password, *host, *path, *query;
    int64_t port;
};

struct url_case {
    const char *name, *text;
    struct parts parts;
    const char *fault; // part of it; NULL: none
};

static const struct url_case url_cases[] = {
    {"a host alone", "redis://h", {.scheme = "redis", .host = "h"}, NULL},
    {"everything",
     "redis://u:p@h.example:6380/2",
     {.scheme = "redis",
      .user = "u",
      .password = "p",
      .host = "h.example",
      .port = 6380,
      .path = "2"},
     NULL},
    {"a scheme in capitals", "AMQPS://h", {.scheme = "amqps", .host = "h"}, NULL},
    {"a slash alone", "redis://h/", {.scheme = "redis", .host = "h"}, NULL},
    {"a path that is a slash",
     "amqps://h/%2f",
     {.scheme = "amqps", .host = "h", .path = "/"},
     NULL},
    {"dots in the path",
     "amqps://h/a/../b",
     {.scheme = "amqps", .host = "h", .path = "a/../b"},
     NULL},
    {"encoded user and password",
     "redis://a%40b:%3A%2f%23%25@h",
     {.scheme = "redis", .user = "a@b", .password = ":/#%", .host = "h"},
     NULL},
    {"a password alone", "redis://:p@h", {.scheme = "redis", .password = "p", .host = "h"}, NULL},
    {"a user alone", "redis://u@h", {.scheme = "redis", .user = "u", .host = "h"}, NULL},
    {"empty user and password", "redis://:@h", {.scheme = "redis", .host = "h"}, NULL},
    {"IPv6", "redis://[::1]:6380", {.scheme = "redis", .host = "::1", .port = 6380}, NULL},
    {"a socket", "unix:///run/r", {.scheme = "unix", .path = "/run/r"}, NULL},
    {"a socket with all",
     "unix://u:p@/run/my%20r?db=2",
     {.scheme = "unix", .user = "u", .password = "p", .path = "/run/my r", .query = "db=2"},
     NULL},
    {"nothing", "", {0}, "scheme"},
    {"no scheme", "h:6379", {0}, "scheme"},
    {"another scheme", "http://h", {0}, "scheme"},
    {"a scheme without slashes", "redis:h", {0}, "scheme"},
    {"no host", "redis://", {0}, "no host"},
    {"a path in place of the host", "redis:///1", {0}, "no host"},
    {"a user without a host", "redis://u:p@/1", {0}, "no host"},
    {"a socket with a host", "unix://run/r", {0}, "unix:///"},
    {"a socket without a file", "unix://", {0}, "no file"},
    {"a port that is none", "redis://h:x", {0}, "none"},
    {"a port of 0", "redis://h:0", {0}, "its port is 0"},
    {"a port too high", "redis://h:65536", {0}, "none"},
    {"a host with a blank", "redis://a b", {0}, "none"},
    {"a host with a percent", "redis://a%20b", {0}, "none"},
    {"a # in the password", "redis://u:p#q@h", {0}, "%23"},
    {"a # behind the host", "redis://h#p", {0}, "%23"},
    {"a / in the password", "redis://u:p/q@h", {0}, "%2F"},
    {"a NUL in the password", "redis://u:p%00@h", {0}, "percent-encoded"},
    {"a line in the password", "redis://u:p%0a@h", {0}, "percent-encoded"},
};

static void assert_text(const char *got, const char *expected)
{
    if (expected)
        assert_string_equal(got, expected);
    else
        assert_null(got);
}

static void takes_apart(void **state)
{
    const struct url_case *c = *state;
    struct broker_url url;
    const char *fault = broker_url_parse(&url, c->text, schemes);

    if (c->fault) {
        assert_non_null(fault);
        assert_non_null(strstr(fault, c->fault));
    } else {
        assert_null(fault);
        assert_string_equal(url.scheme, c->parts.scheme);
        assert_text(url.user, c->parts.user);
        assert_text(url.password, c->parts.password);
        assert_text(url.host, c->parts.host);
        assert_int_equal(url.port, c->parts.port);
        assert_text(url.path, c->parts.path);
        assert_text(url.query, c->parts.query);
    }
    broker_url_fini(&url);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(url_cases)] = {0};
    size_t count = 0;

    ADD_ROWS(tests, count, url_cases, takes_apart);
    return cmocka_run_group_tests_name("broker url", tests, NULL, NULL);
}
