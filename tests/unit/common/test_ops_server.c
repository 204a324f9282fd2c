#include "common/ops_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/capture.h"

struct fixture {
    struct ops_server *server;
    const char *not_live, *not_ready, *role;
};

static const char *why_not_live(void *arg)
{
    return ((struct fixture *)arg)->not_live;
}

static const char *why_not_ready(void *arg)
{
    return ((struct fixture *)arg)->not_ready;
}

static const char *role_of(void *arg)
{
    return ((struct fixture *)arg)->role;
}

static void print_metrics(void *arg, struct buffer *out)
{
    (void)arg;
    buffer_append(out, SPAN_LIT("t_up 1\n"));
}

static struct ops_probes probes_of(struct fixture *f)
{
    return (struct ops_probes){
        .live = why_not_live,
        .ready = why_not_ready,
        .role = f->role ? role_of : NULL,
        .metrics = print_metrics,
        .arg = f,
    };
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){10, 0}, sizeof(struct timeval));
    return fd;
}

// The whole answer to one request.
static struct buffer ask(uint16_t port, const char *request_line)
{
    struct buffer request = {0}, answer = {0};
    int fd = connect_to(port);
    ssize_t n;

    buffer_printf(&request, "%s\r\nHost: t\r\nConnection: close\r\n\r\n", request_line);
    assert_int_equal(write(fd, request.ptr, request.len), request.len);
    while ((n = read(fd, buffer_reserve(&answer, 4096), 4096)) > 0)
        answer.len += (size_t)n;
    buffer_append(&answer, SPAN_LIT(""));
    buffer_fini(&request);
    close(fd);
    return answer;
}

struct request_case {
    const char *name;
    const char *request;
    const char *not_live, *not_ready;
    const char *status; // behind "HTTP/1.1 "
    const char *ending; // of the answer
};

// clang-format off
static const struct request_case request_cases[] = {
    {"live",             "GET /live HTTP/1.1",    NULL,    "no bus", "200 ", "\r\n\r\nok"},
    {"not live",         "GET /live HTTP/1.1",    "stuck", NULL,     "503 ", "\r\n\r\nstuck"},
    {"ready",            "GET /ready HTTP/1.1",   "stuck", NULL,     "200 ", "\r\n\r\nok"},
    {"not ready",        "GET /ready HTTP/1.1",   NULL,    "no bus", "503 ", "\r\n\r\nno bus"},
    {"query is ignored", "GET /live?x=1 HTTP/1.1", NULL,   NULL,     "200 ", "\r\n\r\nok"},
    {"HEAD has no body", "HEAD /live HTTP/1.1",   NULL,    NULL,     "200 ", "\r\n\r\n"},
    {"other path",       "GET / HTTP/1.1",        NULL,    NULL,     "404 ", "/live, /ready and /metrics"},
    {"other method",     "DELETE /live HTTP/1.1", NULL,    NULL,     "405 ", "only GET and HEAD"},
};
// clang-format on

static void answers(void **state)
{
    const struct request_case *c = *state;
    struct fixture f = {.not_live = c->not_live, .not_ready = c->not_ready};
    struct ops_probes probes = probes_of(&f);

    f.server = ops_server_new("127.0.0.1", 0, &probes);
    assert_non_null(f.server);
    struct buffer answer = ask(ops_server_port(f.server), c->request);
    struct span text = buffer_span(&answer), head = SPAN_LIT("HTTP/1.1 ");
    assert_true(span_starts_with(text, head));
    assert_true(span_starts_with(span_skip(text, head.len), span_of(c->status)));
    assert_true(text.len >= strlen(c->ending));
    assert_span(span_skip(text, text.len - strlen(c->ending)), c->ending);
    buffer_fini(&answer);
    ops_server_free(f.server);
}

static void says_its_role_while_ready(void **state)
{
    struct fixture f = {.role = "ok (idle)"};
    struct ops_probes probes = probes_of(&f);

    (void)state;
    f.server = ops_server_new("127.0.0.1", 0, &probes);
    struct buffer ready = ask(ops_server_port(f.server), "GET /ready HTTP/1.1");
    struct buffer live = ask(ops_server_port(f.server), "GET /live HTTP/1.1");
    f.not_ready = "no bus";
    struct buffer not_ready = ask(ops_server_port(f.server), "GET /ready HTTP/1.1");
    assert_non_null(strstr(ready.ptr, "\r\n\r\nok (idle)"));
    assert_null(strstr(live.ptr, "idle"));
    assert_non_null(strstr(not_ready.ptr, "\r\n\r\nno bus"));
    buffer_fini(&ready);
    buffer_fini(&live);
    buffer_fini(&not_ready);
    ops_server_free(f.server);
}

static void names_its_types(void **state)
{
    struct fixture f = {0};
    struct ops_probes probes = probes_of(&f);

    (void)state;
    f.server = ops_server_new("127.0.0.1", 0, &probes);
    struct buffer metrics = ask(ops_server_port(f.server), "GET /metrics HTTP/1.1");
    struct buffer refused = ask(ops_server_port(f.server), "POST /metrics HTTP/1.1");
    assert_non_null(strstr(metrics.ptr, "Content-Type: text/plain; version=0.0.4"));
    assert_non_null(strstr(metrics.ptr, "Cache-Control: no-store\r\n"));
    assert_non_null(strstr(refused.ptr, "Allow: GET, HEAD\r\n"));
    buffer_fini(&metrics);
    buffer_fini(&refused);
    ops_server_free(f.server);
}

// One number of the answer.
static double value_of(const struct buffer *answer, const char *name)
{
    char line[64];
    double value = -1;

    snprintf(line, sizeof(line), "\n%s ", name);
    const char *at = strstr(answer->ptr, line);
    if (!at || sscanf(at + strlen(line), "%lf", &value) != 1)
        fail_msg("there is no %s in %s", name, answer->ptr);
    return value;
}

static void the_process_is_among_the_metrics(void **state)
{
    struct fixture f = {0};
    struct ops_probes probes = probes_of(&f);
    int files[20];
    struct rlimit limit;
    uint64_t now_ms = clock_wall_ms();

    (void)state;
    f.server = ops_server_new("127.0.0.1", 0, &probes);
    struct buffer before = ask(ops_server_port(f.server), "GET /metrics HTTP/1.1");
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        files[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct buffer after = ask(ops_server_port(f.server), "GET /metrics HTTP/1.1");
    assert_non_null(strstr(before.ptr, "\r\n\r\nt_up 1\n# HELP process_cpu_seconds_total"));
    assert_true(value_of(&after, "process_open_fds") ==
                value_of(&before, "process_open_fds") + ARRAY_LEN(files));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(value_of(&after, "process_max_fds") == (double)limit.rlim_cur);
    assert_true(value_of(&after, "process_resident_memory_bytes") > 100000);
    assert_true(value_of(&after, "process_virtual_memory_bytes") >
                value_of(&after, "process_resident_memory_bytes"));
    assert_true(value_of(&after, "process_cpu_seconds_total") > 0);
    assert_true(value_of(&after, "process_start_time_seconds") >= (double)now_ms / 1000);
    assert_true(value_of(&after, "process_start_time_seconds") < (double)now_ms / 1000 + 60);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        close(files[i]);
    buffer_fini(&before);
    buffer_fini(&after);
    ops_server_free(f.server);
}

struct fault_case {
    const char *name;
    const char *host;
    const char *line; // a part of the one line in the log
};

static const struct fault_case fault_cases[] = {
    {"port taken", "127.0.0.1", "Address already in use\" remedy=\"set OPS_PORT to a free port"},
    {"address of another machine", "192.0.2.1", "Cannot assign requested address"},
    {"no address", "300.1.1.1", "set SERVICE_HOST to an address of this machine"},
};

static void names_the_fault(void **state)
{
    const struct fault_case *c = *state;
    struct fixture f = {0};
    struct ops_probes probes = probes_of(&f);
    struct buffer log = {0};

    f.server = ops_server_new("127.0.0.1", 0, &probes);
    struct capture capture = capture_start(STDERR_FILENO);
    struct ops_server *second = ops_server_new(c->host, ops_server_port(f.server), &probes);
    capture_end(&capture, &log);
    ops_server_free(f.server);
    assert_null(second);
    assert_non_null(strstr(log.ptr, " ERROR listener: "));
    assert_non_null(strstr(log.ptr, c->line));
    assert_ptr_equal(strchr(log.ptr, '\n'), log.ptr + log.len - 1);
    buffer_fini(&log);
}

struct crowd_case {
    const char *name;
    const char *says; // each of them, and then nothing more
    double evicted;   // of them, at least: those who were answered are gone anyway
};

static const struct crowd_case crowd_cases[] = {
    {"who say nothing", "", 69},
    {"who begin a request", "GET /live HTTP/1.1\r\nHost: t\r\n", 69},
    {"who keep their connection", "GET /live HTTP/1.1\r\nHost: t\r\n\r\n", 0},
    {"who begin a body", "POST /live HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n1", 0},
};

// More than there are places. Whoever comes with a request is answered at once.
static void is_not_blocked_by_those(void **state)
{
    const struct crowd_case *c = *state;
    struct fixture f = {0};
    struct ops_probes probes = probes_of(&f);
    int crowd[100];
    size_t said = strlen(c->says);

    f.server = ops_server_new("127.0.0.1", 0, &probes);
    for (size_t i = 0; i < ARRAY_LEN(crowd); i++) {
        crowd[i] = connect_to(ops_server_port(f.server));
        assert_int_equal(send(crowd[i], c->says, said, MSG_NOSIGNAL), said);
    }
    uint64_t began_ms = clock_monotonic_ms();
    struct buffer answer = ask(ops_server_port(f.server), "GET /metrics HTTP/1.1");
    assert_true(clock_monotonic_ms() - began_ms < 1000);
    assert_non_null(strstr(answer.ptr, "200 OK"));
    assert_true(value_of(&answer, "ws_ops_connections_evicted_total") >= c->evicted);
    for (size_t i = 0; i < ARRAY_LEN(crowd); i++)
        close(crowd[i]);
    buffer_fini(&answer);
    ops_server_free(f.server);
}

static double cpu_seconds(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6 +
           (double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec / 1e6;
}

// Nobody can be let in, and the port waits without spinning until somebody can.
static void waits_for_descriptors(void **state)
{
    struct fixture f = {0};
    struct ops_probes probes = probes_of(&f);
    struct rlimit usual, none;
    char answer[64];

    (void)state;
    f.server = ops_server_new("127.0.0.1", 0, &probes);
    int fd = connect_to(ops_server_port(f.server));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = (struct rlimit){3, usual.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    double before = cpu_seconds();
    const struct span request = SPAN_LIT("GET /live HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_int_equal(send(fd, request.ptr, request.len, MSG_NOSIGNAL), request.len);
    usleep(1000 * 1000);
    assert_true(cpu_seconds() - before < 0.2);
    setrlimit(RLIMIT_NOFILE, &usual);
    assert_true(recv(fd, answer, sizeof(answer), 0) > 15);
    assert_memory_equal(answer, "HTTP/1.1 200 OK", 15);
    close(fd);
    ops_server_free(f.server);
}

static void listens_on_ipv6_too(void **state)
{
    struct fixture f = {0};
    struct ops_probes probes = probes_of(&f);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);

    (void)state;
    if (fd < 0)
        skip();
    close(fd);
    f.server = ops_server_new("::1", 0, &probes);
    assert_non_null(f.server);
    assert_int_not_equal(ops_server_port(f.server), 0);
    ops_server_free(f.server);
}

int main(void)
{
    struct CMUnitTest
        tests[ARRAY_LEN(request_cases) + ARRAY_LEN(fault_cases) + ARRAY_LEN(crowd_cases) + 5] = {
            cmocka_unit_test(says_its_role_while_ready),
            cmocka_unit_test(names_its_types),
            cmocka_unit_test(the_process_is_among_the_metrics),
            cmocka_unit_test(waits_for_descriptors),
            cmocka_unit_test(listens_on_ipv6_too),
        };
    size_t count = 5;

    log_threshold = LOG_ERROR;
    ADD_ROWS(tests, count, request_cases, answers);
    ADD_ROWS(tests, count, fault_cases, names_the_fault);
    ADD_ROWS(tests, count, crowd_cases, is_not_blocked_by_those);
    return cmocka_run_group_tests_name("ops_server", tests, NULL, NULL);
}
