#include "edge/http/origins.h"

#include "tests/unit/unit.h"

#define LIST "https://good.com, http://localhost:5173"

struct origin_row {
    const char *name;
    const char *list;
    const char *origin, *host; // NULL: no such header
    enum origin_verdict verdict;
};

// clang-format off
static const struct origin_row rows[] = {
    {"no origin", LIST, NULL, "h", ORIGIN_ABSENT},
    {"no origin and no list", NULL, NULL, NULL, ORIGIN_ABSENT},
    {"listed first", LIST, "https://good.com", "h", ORIGIN_LISTED},
    {"listed last", LIST, "http://localhost:5173", "h", ORIGIN_LISTED},
    {"listed in another case", LIST, "HTTPS://Good.com", "h", ORIGIN_LISTED},
    {"list in another case", "HTTPS://GOOD.COM", "https://good.com", "h", ORIGIN_LISTED},
    {"list with a trailing slash", "https://good.com/", "https://good.com", "h", ORIGIN_LISTED},
    {"list with blanks and gaps", " ,,\thttps://good.com\t, ", "https://good.com", "h", ORIGIN_LISTED},
    {"listed and own", "http://h:1", "http://h:1", "h:1", ORIGIN_LISTED},
    {"everything", "*", "https://evil.com", "h", ORIGIN_LISTED},
    {"everything in a list", "https://good.com,*", "https://evil.com", "h", ORIGIN_LISTED},
    {"everything, even null", "*", "null", "h", ORIGIN_LISTED},
    {"null where it is listed", "null", "null", "h", ORIGIN_LISTED},

    {"own", LIST, "http://h:3002", "h:3002", ORIGIN_OWN},
    {"own behind TLS", LIST, "https://h", "h", ORIGIN_OWN},
    {"own without a list", NULL, "http://h:3002", "h:3002", ORIGIN_OWN},
    {"own with an empty list", "", "http://h:3002", "h:3002", ORIGIN_OWN},
    {"own in another case", LIST, "http://H:3002", "h:3002", ORIGIN_OWN},
    {"own by address", LIST, "http://[::1]:3002", "[::1]:3002", ORIGIN_OWN},

    {"another", LIST, "https://evil.com", "h", ORIGIN_FOREIGN},
    {"any without a list", NULL, "https://good.com", "h", ORIGIN_FOREIGN},
    {"any with an empty list", "", "https://good.com", "h", ORIGIN_FOREIGN},
    {"a list of slashes", "/,//", "/", "h", ORIGIN_FOREIGN},
    {"null", LIST, "null", "h", ORIGIN_FOREIGN},
    {"empty", LIST, "", "h", ORIGIN_FOREIGN},
    {"empty origin, empty host", LIST, "http://", "", ORIGIN_FOREIGN},
    {"begins like one of the list", LIST, "https://good.com.evil.com", "h", ORIGIN_FOREIGN},
    {"ends like one of the list", LIST, "https://evilgood.com", "h", ORIGIN_FOREIGN},
    {"names one of the list before an at sign", LIST, "https://good.com@evil.com", "h", ORIGIN_FOREIGN},
    {"below one of the list", LIST, "https://a.good.com", "h", ORIGIN_FOREIGN},
    {"other scheme", LIST, "http://good.com", "h", ORIGIN_FOREIGN},
    {"other port", LIST, "http://localhost:5174", "h", ORIGIN_FOREIGN},
    {"port that begins alike", LIST, "http://localhost:51734", "h", ORIGIN_FOREIGN},
    {"no port", LIST, "http://localhost", "h", ORIGIN_FOREIGN},
    {"trailing slash", LIST, "https://good.com/", "h", ORIGIN_FOREIGN},
    {"path behind it", LIST, "https://good.com/x", "h", ORIGIN_FOREIGN},
    {"the list itself", LIST, LIST, "h", ORIGIN_FOREIGN},
    {"own, other port", LIST, "http://h:3003", "h:3002", ORIGIN_FOREIGN},
    {"own, no port", LIST, "http://h", "h:3002", ORIGIN_FOREIGN},
    {"own, other scheme", LIST, "ftp://h:3002", "h:3002", ORIGIN_FOREIGN},
    {"own, no scheme", LIST, "h:3002", "h:3002", ORIGIN_FOREIGN},
    {"begins like its own", LIST, "http://h:3002.evil.com", "h:3002", ORIGIN_FOREIGN},
    {"no host", LIST, "http://h", NULL, ORIGIN_FOREIGN},
    {"star within a name", "https://*.good.com", "https://a.good.com", "h", ORIGIN_FOREIGN},
};
// clang-format on

// A request that has these two headers.
struct fake_request {
    struct http_request request;
    const char *origin, *host;
};

static struct span header_of(const struct http_request *request, const char *name)
{
    const struct fake_request *self = container_of(request, struct fake_request, request);

    if (strcmp(name, "Origin") == 0)
        return span_of(self->origin);
    assert_string_equal(name, "Host");
    return span_of(self->host);
}

static void judges(void **state)
{
    const struct origin_row *row = *state;
    char *list = row->list ? strdup(row->list) : NULL;
    struct fake_request fake = {.request.header = header_of, row->origin, row->host};
    struct origins *origins = origins_new(list);

    free(list); // it was copied
    assert_int_equal(origins_judge(origins, &fake.request), row->verdict);
    origins_free(origins);
}

static void freeing_nothing_is_harmless(void **state)
{
    (void)state;
    origins_free(NULL);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, judges);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(freeing_nothing_is_harmless);
    return cmocka_run_group_tests_name("origins", tests, NULL, NULL);
}
