#include "edge/http/allowed_origins.h"

#include "tests/unit/unit.h"

#define LIST "https://good.com, http://localhost:5173"

struct origin_row {
    const char *name;
    const char *list;
    const char *origin, *host; // NULL: no such header
    enum origin_verdict verdict;
    const char *forwarded_host, *forwarded_proto;
};

// clang-format off
static const struct origin_row rows[] = {
    {"no origin", LIST, NULL, "h", ORIGIN_ABSENT, NULL, NULL},
    {"no origin and no list", NULL, NULL, NULL, ORIGIN_ABSENT, NULL, NULL},
    {"listed first", LIST, "https://good.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"listed last", LIST, "http://localhost:5173", "h", ORIGIN_LISTED, NULL, NULL},
    {"listed in another case", LIST, "HTTPS://Good.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"list in another case", "HTTPS://GOOD.COM", "https://good.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"list with a trailing slash", "https://good.com/", "https://good.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"list with blanks and gaps", " ,,\thttps://good.com\t, ", "https://good.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"listed and own", "http://h:1", "http://h:1", "h:1", ORIGIN_LISTED, NULL, NULL},
    {"everything", "*", "https://evil.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"everything in a list", "https://good.com,*", "https://evil.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"everything, even null", "*", "null", "h", ORIGIN_LISTED, NULL, NULL},
    {"null where it is listed", "https://good.com,null", "null", "h", ORIGIN_LISTED, NULL, NULL},

    {"own", LIST, "http://h:3002", "h:3002", ORIGIN_OWN, NULL, NULL},
    {"own behind TLS", LIST, "https://h", "h", ORIGIN_OWN, NULL, NULL},
    {"own without a list", NULL, "http://h:3002", "h:3002", ORIGIN_OWN, NULL, NULL},
    {"own with an empty list", "", "http://h:3002", "h:3002", ORIGIN_OWN, NULL, NULL},
    {"own in another case", LIST, "http://H:3002", "h:3002", ORIGIN_OWN, NULL, NULL},
    {"own by address", LIST, "http://[::1]:3002", "[::1]:3002", ORIGIN_OWN, NULL, NULL},

    {"another", LIST, "https://evil.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"any without a list", NULL, "https://good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"any with an empty list", "", "https://good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"a list of slashes", "/,//", "/", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"null", LIST, "null", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"empty", LIST, "", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"empty origin, empty host", LIST, "http://", "", ORIGIN_FOREIGN, NULL, NULL},
    {"begins like one of the list", LIST, "https://good.com.evil.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"ends like one of the list", LIST, "https://evilgood.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"names one of the list before an at sign", LIST, "https://good.com@evil.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"below one of the list", LIST, "https://a.good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"other scheme", LIST, "http://good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"other port", LIST, "http://localhost:5174", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"port that begins alike", LIST, "http://localhost:51734", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"no port", LIST, "http://localhost", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"trailing slash", LIST, "https://good.com/", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"path behind it", LIST, "https://good.com/x", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"the list itself", LIST, LIST, "h", ORIGIN_FOREIGN, NULL, NULL},
    {"own, other port", LIST, "http://h:3003", "h:3002", ORIGIN_FOREIGN, NULL, NULL},
    {"own, no port", LIST, "http://h", "h:3002", ORIGIN_FOREIGN, NULL, NULL},
    {"own, other scheme", LIST, "ftp://h:3002", "h:3002", ORIGIN_FOREIGN, NULL, NULL},
    {"own, no scheme", LIST, "h:3002", "h:3002", ORIGIN_FOREIGN, NULL, NULL},
    {"begins like its own", LIST, "http://h:3002.evil.com", "h:3002", ORIGIN_FOREIGN, NULL, NULL},
    {"no host", LIST, "http://h", NULL, ORIGIN_FOREIGN, NULL, NULL},

    {"families: wss for https", LIST, "wss://good.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"families: ws for http", LIST, "ws://localhost:5173", "h", ORIGIN_LISTED, NULL, NULL},
    {"families: https for wss in the list", "wss://good.com", "https://good.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"families: ws is not https", LIST, "ws://good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"families: wss is not http", LIST, "wss://localhost:5173", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"families: own wss", NULL, "wss://api.example.com", "api.example.com", ORIGIN_OWN, NULL, NULL},
    {"families: own ws", NULL, "WS://h:3002", "h:3002", ORIGIN_OWN, NULL, NULL},
    {"ports: named in the origin", LIST, "https://good.com:443", "h", ORIGIN_LISTED, NULL, NULL},
    {"ports: named in the list", "https://good.com:443,http://plain.com:80/", "https://good.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"ports: named in the list, plain", "https://good.com:443,http://plain.com:80/", "http://plain.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"ports: of the other scheme", LIST, "https://good.com:80", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"ports: named in the host", NULL, "wss://api.example.com", "api.example.com:443", ORIGIN_OWN, NULL, NULL},
    {"ports: named in the own origin", NULL, "https://api.example.com:443", "api.example.com", ORIGIN_OWN, NULL, NULL},
    {"ports: 80 named in the host", NULL, "http://api.example.com", "API.example.com:80", ORIGIN_OWN, NULL, NULL},
    {"ports: 443 is not plain", NULL, "http://api.example.com", "api.example.com:443", ORIGIN_FOREIGN, NULL, NULL},
    {"ports: by address", NULL, "https://[::1]", "[::1]:443", ORIGIN_OWN, NULL, NULL},
    {"ports: an empty one", LIST, "https://good.com:", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"ports: 0", LIST, "https://good.com:0", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"ports: beyond all", LIST, "https://good.com:65979", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"ports: no number", LIST, "https://good.com:44x", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"ports: a long number", LIST, "https://good.com:0000443", "h", ORIGIN_FOREIGN, NULL, NULL},

    {"pattern: a label", "https://*.good.com", "https://a.good.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"pattern: several labels", "https://*.good.com", "https://a.b-c.d.good.com", "h", ORIGIN_LISTED, NULL, NULL},
    {"pattern: another case, scheme and port", "https://*.Good.com", "wss://A.gooD.com:443", "h", ORIGIN_LISTED, NULL, NULL},
    {"pattern: with a port", "http://*.localhost:5173", "http://a.localhost:5173", "h", ORIGIN_LISTED, NULL, NULL},
    {"pattern: no label", "https://*.good.com", "https://good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"pattern: an empty label", "https://*.good.com", "https://.good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"pattern: ends alike", "https://*.good.com", "https://evilgood.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"pattern: begins alike", "https://*.good.com", "https://a.good.com.evil.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"pattern: other scheme", "https://*.good.com", "http://a.good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"pattern: other port", "https://*.good.com", "https://a.good.com:8443", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"pattern: the origin is one", "https://*.good.com", "https://*.good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"pattern: the origin is one of more labels", "https://*.good.com", "https://*.a.good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"pattern: a path that ends alike", "https://*.good.com", "https://evil.com/a.good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"pattern: a user that begins alike", "https://*.good.com", "https://evil.com@a.good.com", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"pattern: a blank before", "https://*.good.com", "https://evil.com .good.com", "h", ORIGIN_FOREIGN, NULL, NULL},

    {"apps: capacitor", "capacitor://localhost", "capacitor://localhost", "h", ORIGIN_LISTED, NULL, NULL},
    {"apps: another scheme", "capacitor://localhost", "ionic://localhost", "h", ORIGIN_FOREIGN, NULL, NULL},
    {"apps: from files", "file://", "file://", "h", ORIGIN_LISTED, NULL, NULL},
    {"apps: a dot", "app://.", "app://.", "h", ORIGIN_LISTED, NULL, NULL},
    {"apps: own", NULL, "capacitor://h:3002", "h:3002", ORIGIN_FOREIGN, NULL, NULL},

    {"behind a proxy", NULL, "https://api.example.com", "edge:3002", ORIGIN_OWN, "api.example.com", "https"},
    {"behind a proxy, with ports", NULL, "https://api.example.com", "edge:3002", ORIGIN_OWN, "api.example.com:443", "HTTPS"},
    {"behind a proxy, WebSocket", NULL, "https://api.example.com", "edge:3002", ORIGIN_OWN, "api.example.com", "wss"},
    {"behind a proxy on a port of its own", NULL, "https://api.example.com:8443", "edge:3002", ORIGIN_OWN, "api.example.com:8443", "https"},
    {"behind a proxy that keeps the host", NULL, "https://api.example.com", "api.example.com", ORIGIN_OWN, NULL, "https"},
    {"behind a proxy that names no scheme", NULL, "https://api.example.com", "edge:3002", ORIGIN_OWN, "api.example.com", NULL},
    {"behind two proxies", NULL, "https://api.example.com", "edge:3002", ORIGIN_OWN, "api.example.com, inner", "https, http"},
    {"behind a proxy, another host", NULL, "https://evil.com", "edge:3002", ORIGIN_FOREIGN, "api.example.com", "https"},
    {"behind a proxy, its host for the edge", NULL, "http://edge:3002", "edge:3002", ORIGIN_FOREIGN, "api.example.com", "https"},
    {"behind a proxy, the other scheme", NULL, "http://api.example.com", "edge:3002", ORIGIN_FOREIGN, "api.example.com", "https"},
    {"behind a proxy, the other scheme on that port", NULL, "http://h:8443", "edge:3002", ORIGIN_FOREIGN, "h:8443", "https"},
    {"behind a proxy, no scheme at all", NULL, "https://api.example.com", "edge:3002", ORIGIN_FOREIGN, "api.example.com", "gopher"},
    {"behind a proxy, rubbish for a host", NULL, "https://api.example.com", "edge:3002", ORIGIN_FOREIGN, "a b", "https"},
};
// clang-format on

// A request that has the headers of a row.
struct fake_request {
    struct http_request request;
    const struct origin_row *row;
    const char *fetch_site;
};

static struct span header_of(const struct http_request *request, const char *name)
{
    const struct fake_request *self = container_of(request, struct fake_request, request);

    if (strcmp(name, "Origin") == 0)
        return span_of(self->row->origin);
    if (strcmp(name, "X-Forwarded-Host") == 0)
        return span_of(self->row->forwarded_host);
    if (strcmp(name, "X-Forwarded-Proto") == 0)
        return span_of(self->row->forwarded_proto);
    if (strcmp(name, "Sec-Fetch-Site") == 0)
        return span_of(self->fetch_site);
    assert_string_equal(name, "Host");
    return span_of(self->row->host);
}

static void judges(void **state)
{
    const struct origin_row *row = *state;
    char *list = row->list ? strdup(row->list) : NULL;
    struct fake_request fake = {.request.header = header_of, .row = row};
    struct allowed_origins *origins = allowed_origins_new(list);

    free(list); // it was copied
    assert_int_equal(allowed_origins_check(origins, &fake.request), row->verdict);
    allowed_origins_free(origins);
}

struct vouch_row {
    const char *name;
    bool vouched;
    struct origin_row request;
    const char *fetch_site;
};

// clang-format off
static const struct vouch_row vouch_rows[] = {
    {"vouch: listed", true, {.list = LIST, .origin = "https://good.com", .host = "h"}, NULL},
    {"vouch: a pattern", true, {.list = "https://*.good.com", .origin = "https://a.good.com", .host = "h"}, NULL},
    {"vouch: own", true, {.origin = "http://h:3002", .host = "h:3002"}, NULL},
    {"vouch: own behind a proxy", true, {.origin = "https://api.example.com", .host = "edge:3002", .forwarded_host = "api.example.com", .forwarded_proto = "https"}, NULL},
    {"vouch: listed beside everything", true, {.list = "*,https://good.com", .origin = "https://good.com", .host = "h"}, NULL},
    {"vouch: own where everything is allowed", true, {.list = "*", .origin = "http://h", .host = "h"}, NULL},
    {"vouch: another where everything is allowed", false, {.list = "*", .origin = "https://evil.com", .host = "h"}, NULL},
    {"vouch: null where it is listed", false, {.list = "null", .origin = "null", .host = "h"}, NULL},
    {"vouch: null where everything is allowed", false, {.list = "*", .origin = "null", .host = "h"}, NULL},
    {"vouch: another", false, {.list = LIST, .origin = "https://evil.com", .host = "h"}, NULL},
    {"vouch: another that says it is of the same origin", false, {.list = LIST, .origin = "https://evil.com", .host = "h"}, "same-origin"},
    {"vouch: empty", false, {.list = LIST, .origin = "", .host = "h"}, "same-origin"},
    {"vouch: the origin is a pattern", false, {.list = "https://*.good.com", .origin = "https://*.good.com", .host = "h"}, NULL},
    {"vouch: none", false, {.list = LIST, .host = "h"}, NULL},
    {"vouch: none where everything is allowed", false, {.list = "*", .host = "h"}, NULL},
    {"vouch: none, of the same origin", true, {.list = LIST, .host = "h"}, "same-origin"},
    {"vouch: none, of the same site", false, {.list = LIST, .host = "h"}, "same-site"},
    {"vouch: none, of another site", false, {.list = LIST, .host = "h"}, "cross-site"},
    {"vouch: none, typed by the user", false, {.list = LIST, .host = "h"}, "none"},
};
// clang-format on

static void vouches(void **state)
{
    const struct vouch_row *row = *state;
    struct fake_request fake = {
        .request.header = header_of, .row = &row->request, .fetch_site = row->fetch_site};
    struct allowed_origins *origins = allowed_origins_new(row->request.list);

    assert_int_equal(allowed_origins_vouch(origins, &fake.request), row->vouched);
    allowed_origins_free(origins);
}

struct entry_row {
    const char *name;
    const char *list;
    const char *entry; // the first
    const char *fault; // a part of it; NULL: there is none
};

// clang-format off
static const struct entry_row entries[] = {
    {"entry: an origin", " https://app.example.com/ ,x", "https://app.example.com", NULL},
    {"entry: a port", "http://localhost:5173", "http://localhost:5173", NULL},
    {"entry: an address", "https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443", NULL},
    {"entry: all", "*", "*", NULL},
    {"entry: null", "null", "null", NULL},
    {"entry: a pattern", "https://*.example.com", "https://*.example.com", NULL},
    {"entry: another scheme", "capacitor://localhost", "capacitor://localhost", NULL},
    {"entry: from files", ",file://", "file://", NULL},
    {"entry: no scheme", "app.example.com", "app.example.com", "no scheme"},
    {"entry: no scheme but a port", "localhost:5173", "localhost:5173", "no scheme"},
    {"entry: no scheme, a pattern", "*.example.com", "*.example.com", "no scheme"},
    {"entry: half a scheme", "https:/app.example.com", "https:/app.example.com", "no scheme"},
    {"entry: a scheme without a name", "://app.example.com", "://app.example.com", "scheme"},
    {"entry: a path", "https://app.example.com/app", "https://app.example.com/app", "path"},
    {"entry: a query", "https://app.example.com?x", "https://app.example.com?x", "path"},
    {"entry: a fragment", "https://app.example.com#x", "https://app.example.com#x", "path"},
    {"entry: blanks for commas", "https://a.com https://b.com", "https://a.com https://b.com", "blank"},
    {"entry: tabs for commas", "https://a.com\thttps://b.com", "https://a.com\thttps://b.com", "blank"},
    {"entry: semicolons for commas", "https://a.com;https://b.com", "https://a.com;https://b.com", "path"},
    {"entry: one semicolon", "https://a.com;", "https://a.com;", "host"},
    {"entry: quotes", "\"https://a.com\"", "\"https://a.com\"", "scheme"},
    {"entry: no host", "https://", "https://", "no host"},
    {"entry: only a port", "https://:8443", "https://:8443", "no host"},
    {"entry: a port that is none", "https://a.com:http", "https://a.com:http", "port"},
    {"entry: any port", "http://localhost:*", "http://localhost:*", "port"},
    {"entry: a port beyond all", "https://a.com:70000", "https://a.com:70000", "port"},
    {"entry: any host", "https://*", "https://*", "*"},
    {"entry: a star within a label", "https://app-*.example.com", "https://app-*.example.com", "*"},
    {"entry: a star in the middle", "https://a.*.com", "https://a.*.com", "*"},
    {"entry: two stars", "https://*.*.com", "https://*.*.com", "*"},
    {"entry: a star alone", "https://*.", "https://*.", "host"},
    {"entry: a user", "https://me@a.com", "https://me@a.com", "host"},
    {"entry: letters that browsers encode", "https://b\xc3\xbc""cher.example", "https://b\xc3\xbc""cher.example", "host"},
    {"entry: an address without brackets", "https://2001:db8::1", "https://2001:db8::1", "host"},
    {"entry: slashes", "//", "", "scheme"},
};
// clang-format on

static void finds_entries_that_match_nothing(void **state)
{
    const struct entry_row *row = *state;
    struct span list = span_of(row->list), entry;
    const char *fault;

    assert_true(allowed_origins_take_entry(&list, &entry, &fault));
    assert_span(entry, row->entry);
    if (!row->fault)
        assert_null(fault);
    else
        assert_non_null(strstr(fault ? fault : "", row->fault));
}

static void freeing_nothing_is_harmless(void **state)
{
    (void)state;
    allowed_origins_free(NULL);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(entries) + ARRAY_LEN(vouch_rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, judges);
    ADD_ROWS(tests, count, vouch_rows, vouches);
    ADD_ROWS(tests, count, entries, finds_entries_that_match_nothing);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(freeing_nothing_is_harmless);
    return cmocka_run_group_tests_name("origins", tests, NULL, NULL);
}
