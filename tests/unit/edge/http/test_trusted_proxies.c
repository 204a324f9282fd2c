#include "edge/http/trusted_proxies.h"

#include "tests/unit/unit.h"

struct client_row {
    const char *name;
    const char *trusted;
    const char *peer;
    const char *said[3]; // X-Forwarded-For headers
    const char *client;
};

// clang-format off
static const struct client_row clients[] = {
    {"nobody is trusted", NULL, "10.0.0.1", {"192.0.2.9"}, "10.0.0.1"},
    {"an empty list", "", "10.0.0.1", {"192.0.2.9"}, "10.0.0.1"},
    {"a peer that is not trusted", "10.0.0.2", "10.0.0.1", {"192.0.2.9"}, "10.0.0.1"},
    {"a trusted peer that says nothing", "10.0.0.1", "10.0.0.1", {NULL}, "10.0.0.1"},
    {"a trusted peer", "10.0.0.1", "10.0.0.1", {"192.0.2.9"}, "192.0.2.9"},
    {"one of a list", "10.9.9.9, 10.0.0.1 ,", "10.0.0.1", {"192.0.2.9"}, "192.0.2.9"},
    {"one of a network", "10.0.0.0/8", "10.200.3.4", {"192.0.2.9"}, "192.0.2.9"},
    {"one beside the network", "10.0.0.0/9", "10.200.3.4", {"192.0.2.9"}, "10.200.3.4"},
    {"a network that is no whole number of bytes", "10.128.0.0/9", "10.200.3.4", {"192.0.2.9"}, "192.0.2.9"},
    {"every IPv4 address", "0.0.0.0/0", "10.0.0.1", {"192.0.2.9"}, "192.0.2.9"},
    {"every IPv4 address is not every IPv6 one", "0.0.0.0/0", "2001:db8::1", {"192.0.2.9"}, "2001:db8::1"},
    {"every IPv6 address", "::/0", "2001:db8::1", {"192.0.2.9"}, "192.0.2.9"},
    {"an IPv6 network", "2001:db8::/33", "2001:db8:7fff::1", {"2001:db9::2"}, "2001:db9::2"},
    {"beside it", "2001:db8::/33", "2001:db8:8000::1", {"2001:db9::2"}, "2001:db8:8000::1"},
    {"a peer written as IPv6", "10.0.0.1", "::ffff:10.0.0.1", {"192.0.2.9"}, "192.0.2.9"},
    {"what the client made up before", "10.0.0.1", "10.0.0.1", {"1.1.1.1, 10.0.0.1, 192.0.2.9"}, "192.0.2.9"},
    {"two proxies", "10.0.0.0/24", "10.0.0.1", {"1.1.1.1,192.0.2.9,10.0.0.2"}, "192.0.2.9"},
    {"nothing but proxies", "10.0.0.0/24", "10.0.0.1", {"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
    {"a header of each proxy", "10.0.0.0/24", "10.0.0.1", {"1.1.1.1", "192.0.2.9", "10.0.0.2"}, "192.0.2.9"},
    {"a header of the client's own before", "10.0.0.1", "10.0.0.1", {"1.1.1.1", "192.0.2.9"}, "192.0.2.9"},
    {"no address", "10.0.0.1", "10.0.0.1", {"unknown"}, "10.0.0.1"},
    {"no address behind a proxy", "10.0.0.0/24", "10.0.0.1", {"1.1.1.1, unknown, 10.0.0.2"}, "10.0.0.2"},
    {"an empty header", "10.0.0.1", "10.0.0.1", {""}, "10.0.0.1"},
    {"commas", "10.0.0.1", "10.0.0.1", {"1.1.1.1,,"}, "10.0.0.1"},
    {"an address with a port", "10.0.0.1", "10.0.0.1", {"203.0.113.7:51008"}, "203.0.113.7"},
    {"an IPv6 address", "10.0.0.1", "10.0.0.1", {"2001:db8::1"}, "2001:db8::1"},
    {"an IPv6 address in brackets", "10.0.0.1", "10.0.0.1", {"[2001:db8::1]"}, "2001:db8::1"},
    {"an IPv6 address with a port", "10.0.0.1", "10.0.0.1", {"[2001:db8::1]:443"}, "2001:db8::1"},
    {"an IPv6 address that ends like a port", "10.0.0.1", "10.0.0.1", {"2001:db8::1:443"}, "2001:db8::1:443"},
    {"an IPv4 address in IPv6 with a port", "10.0.0.1", "10.0.0.1", {"[::ffff:192.0.2.9]:80"}, "::ffff:192.0.2.9"},
    {"proxies and their ports", "10.0.0.0/24,2001:db8::/32", "10.0.0.1", {"1.1.1.1:5, 192.0.2.9:81,[2001:db8::7]:82,10.0.0.2:83"}, "192.0.2.9"},
    {"a port that is none", "10.0.0.1", "10.0.0.1", {"192.0.2.9:x"}, "10.0.0.1"},
    {"an empty port", "10.0.0.1", "10.0.0.1", {"192.0.2.9:"}, "10.0.0.1"},
    {"a port too large", "10.0.0.1", "10.0.0.1", {"192.0.2.9:65536"}, "10.0.0.1"},
    {"brackets that do not end", "10.0.0.1", "10.0.0.1", {"[2001:db8::1:443"}, "10.0.0.1"},
    {"brackets with more behind", "10.0.0.1", "10.0.0.1", {"[2001:db8::1]x:443"}, "10.0.0.1"},
    {"empty brackets", "10.0.0.1", "10.0.0.1", {"[]:443"}, "10.0.0.1"},
    {"one bracket", "10.0.0.1", "10.0.0.1", {"["}, "10.0.0.1"},
    {"a colon alone", "10.0.0.1", "10.0.0.1", {":"}, "10.0.0.1"},
    {"a port alone", "10.0.0.1", "10.0.0.1", {":443"}, "10.0.0.1"},
    {"far too long", "10.0.0.1", "10.0.0.1", {"1111111111111111111111111111111111111111111111111"}, "10.0.0.1"},
};
// clang-format on

static void finds(void **state)
{
    const struct client_row *row = *state;
    struct trusted_proxies *proxies = trusted_proxies_new(row->trusted, NULL);
    struct http_head head = {.headers = {{SPAN_LIT("Host"), SPAN_LIT("h")}}, .header_count = 1};

    assert_non_null(proxies);
    for (size_t i = 0; i < ARRAY_LEN(row->said) && row->said[i]; i++)
        head.headers[head.header_count++] =
            (struct http_header){SPAN_LIT("x-forwarded-for"), exact_copy(span_of(row->said[i]))};
    assert_span(trusted_proxies_find_client(proxies, &head, span_of(row->peer)), row->client);
    assert_span(trusted_proxies_find_client(NULL, &head, span_of(row->peer)), row->peer);
    while (head.header_count > 1)
        free((char *)head.headers[--head.header_count].value.ptr);
    trusted_proxies_free(proxies);
}

struct list_row {
    const char *name;
    const char *list;
    const char *wrong; // NULL: nothing
};

// clang-format off
static const struct list_row lists[] = {
    {"all of them", "10.0.0.1,10.0.0.0/8,::1,2001:db8::/32, ,0.0.0.0/0,::/128", NULL},
    {"a name", "10.0.0.1, proxy", "proxy"},
    {"half an address", "10.0.0", "10.0.0"},
    {"too many bits", "10.0.0.0/33", "10.0.0.0/33"},
    {"too many bits of IPv6", "::/129", "::/129"},
    {"far too many bits", "10.0.0.0/4294967304", "10.0.0.0/4294967304"},
    {"no bits", "10.0.0.0/", "10.0.0.0/"},
    {"bits that are none", "10.0.0.0/8x", "10.0.0.0/8x"},
    {"two of them", "10.0.0.0/8/8", "10.0.0.0/8/8"},
    {"only bits", "/8", "/8"},
};
// clang-format on

static void reads(void **state)
{
    const struct list_row *row = *state;
    struct buffer wrong = {0};
    struct trusted_proxies *proxies = trusted_proxies_new(row->list, &wrong);

    assert_true((proxies != NULL) == (row->wrong == NULL));
    assert_span(buffer_span(&wrong), row->wrong ? row->wrong : "");
    trusted_proxies_free(proxies);
    buffer_fini(&wrong);
}

// What a stranger says of where its request went is not believed.
static void strikes_what_strangers_say(void **state)
{
    static const struct http_header said[] = {
        {SPAN_INIT("Host"), SPAN_INIT("h")},
        {SPAN_INIT("x-forwarded-host"), SPAN_INIT("a")},
        {SPAN_INIT("Accept"), SPAN_INIT("b")},
        {SPAN_INIT("X-Forwarded-Proto"), SPAN_INIT("c")},
        {SPAN_INIT("X-FORWARDED-HOST"), SPAN_INIT("d")},
        {SPAN_INIT("X-Forwarded-For"), SPAN_INIT("192.0.2.9")},
    };
    struct trusted_proxies *proxies = trusted_proxies_new("10.0.0.1", NULL);
    struct http_head head = {.header_count = ARRAY_LEN(said)};

    (void)state;
    memcpy(head.headers, said, sizeof(said));
    (void)trusted_proxies_find_client(proxies, &head, SPAN_LIT("10.0.0.1"));
    assert_int_equal(head.header_count, ARRAY_LEN(said));
    (void)trusted_proxies_find_client(proxies, &head, SPAN_LIT("10.0.0.2"));
    assert_int_equal(head.header_count, 3);
    assert_span(head.headers[1].name, "Accept");
    assert_span(head.headers[2].value, "192.0.2.9");
    memcpy(head.headers, said, sizeof(said));
    head.header_count = ARRAY_LEN(said);
    (void)trusted_proxies_find_client(NULL, &head, SPAN_LIT("10.0.0.1"));
    assert_int_equal(head.header_count, 3);
    trusted_proxies_free(proxies);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(clients) + ARRAY_LEN(lists) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, clients, finds);
    ADD_ROWS(tests, count, lists, reads);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(strikes_what_strangers_say);
    return cmocka_run_group_tests_name("proxies", tests, NULL, NULL);
}
