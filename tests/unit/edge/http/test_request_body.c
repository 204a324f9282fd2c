#include "edge/http/request_body.h"

#include "tests/unit/unit.h"

struct row {
    const char *name;
    const char *headers[3]; // "name: value"
    bool ambiguous, over;   // 100 bytes
    bool waits;
};

// clang-format off
static const struct row rows[] = {
    {"nothing said", {"Host: h"}, false, false, false},
    {"no body", {"Content-Length: 0"}, false, false, false},
    {"as much as allowed", {"Content-Length: 100"}, false, false, false},
    {"one more", {"Content-Length: 101"}, false, true, false},
    {"zeros before it", {"Content-Length: 0000000000000000000000000100"}, false, false, false},
    {"past 2^64", {"Content-Length: 18446744073709551617"}, false, true, false},
    {"past every number", {"Content-Length: 99999999999999999999999999999999999999999999"}, false, true, false},
    {"chunks", {"Transfer-Encoding: chunked"}, false, false, false},
    {"chunks in capitals", {"transfer-encoding: Chunked"}, false, false, false},
    {"the same length twice", {"Content-Length: 1", "Content-Length: 1"}, true, false, false},
    {"two lengths", {"Content-Length: 1", "content-length: 2"}, true, false, false},
    {"a length and chunks", {"Content-Length: 1", "Transfer-Encoding: chunked"}, true, false, false},
    {"chunks twice", {"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"}, true, false, false},
    {"another coding", {"Transfer-Encoding: gzip"}, true, false, false},
    {"chunks of another coding", {"Transfer-Encoding: gzip, chunked"}, true, false, false},
    {"an empty coding", {"Transfer-Encoding: "}, true, false, false},
    {"waits for leave", {"Expect: 100-Continue", "Content-Length: 101"}, false, true, true},
    {"expects something else", {"Expect: cake"}, false, false, false},
};
// clang-format on

static void reads_the_head(void **state)
{
    const struct row *row = *state;
    struct http_head head = {.method = SPAN_LIT("POST")};

    for (size_t i = 0; i < ARRAY_LEN(row->headers) && row->headers[i]; i++) {
        const char *colon = strchr(row->headers[i], ':');
        head.headers[head.header_count++] = (struct http_header){
            {row->headers[i], (size_t)(colon - row->headers[i])}, span_of(colon + 2)};
    }
    assert_int_equal(request_body_is_ambiguous(&head), row->ambiguous);
    assert_int_equal(request_body_is_over(&head, 100), row->over);
    assert_int_equal(request_body_waits_for_continue(&head), row->waits);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, reads_the_head);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
