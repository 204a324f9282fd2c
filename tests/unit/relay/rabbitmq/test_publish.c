#include "relay/rabbitmq/publish.h"

#include <rabbitmq-c/tcp_socket.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mem.h"
#include "proto/letter_headers.h"
#include "relay/rabbitmq/link.h"
#include "tests/unit/unit.h"

#define CONTENT_TYPE "\x80\x00"
#define HEADERS      "\x20\x00"

struct row {
    const char *name;
    struct span properties;
    bool stripped;
    const char *kept; // of the event's own properties; NULL: none
};

static const struct row rows[] = {
    {"no properties", SPAN_INIT(""), false, NULL},
    {"a content type", SPAN_INIT(CONTENT_TYPE "\4text"), false, "text"},
    {"a header", SPAN_INIT(HEADERS "\0\0\0\13\3keyS\0\0\0\2ab"), false, "keyS"},
    {"the flags are cut", SPAN_INIT("\x80"), true, NULL},
    {"a text is longer than there is", SPAN_INIT(CONTENT_TYPE "\xfftext"), true, NULL},
    {"a table is longer than there is", SPAN_INIT(HEADERS "\0\0\1\13\3keyS\0\0\0\2ab"), true, NULL},
    {"a header of an unknown type", SPAN_INIT(HEADERS "\0\0\0\5\3key?"), true, NULL},
};

static bool contains(struct span bytes, const char *text)
{
    return memmem(bytes.ptr, bytes.len, text, strlen(text)) != NULL;
}

static void says_what_it_leaves_out(void **state)
{
    const struct row *row = *state;
    const struct rabbit_header header = {.name = LETTER_REASON, .text = SPAN_LIT("because")};
    const struct rabbit_letter letter = {.properties = row->properties,
                                         .body = SPAN_LIT("{}"),
                                         .headers = &header,
                                         .header_count = 1};
    struct rabbit rabbit = {.usable = true};
    char sent[4096];
    bool stripped;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    rabbit.link = amqp_new_connection();
    amqp_tcp_socket_set_sockfd(amqp_tcp_socket_new(rabbit.link), fds[0]);

    assert_true(rabbit_publish_letter(&rabbit, "queue", &letter, &stripped));
    ssize_t n = recv(fds[1], sent, sizeof(sent), 0);
    assert_true(n > 0);
    struct span wire = {sent, (size_t)n};
    assert_true(contains(wire, LETTER_REASON "S"));
    assert_int_equal(stripped, row->stripped);
    assert_int_equal(contains(wire, LETTER_HEADERS_DROPPED), row->stripped);
    if (row->kept)
        assert_true(contains(wire, row->kept));

    amqp_destroy_connection(rabbit.link);
    close(fds[1]);
}

// The event's headers and the letter's do not fit into one frame.
static void says_that_it_leaves_out_what_does_not_fit(void **state)
{
    static const char beginning[] = HEADERS "\0\2\0\10\3keyS\0\2\0\0", ending[0x20000];
    struct row row = {.stripped = true};
    struct buffer properties = {0};
    void *row_state = &row;

    (void)state;
    buffer_append(&properties, (struct span){beginning, sizeof(beginning) - 1});
    buffer_append(&properties, (struct span){ending, sizeof(ending)});
    row.properties = buffer_span(&properties);
    says_what_it_leaves_out(&row_state);
    buffer_fini(&properties);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, says_what_it_leaves_out);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(says_that_it_leaves_out_what_does_not_fit);
    return cmocka_run_group_tests_name("letters", tests, NULL, NULL);
}
