// What an answer to basic.consume means: for the queue, which is left out, or for the host. The
// functions of the connections are those below; the linker takes them in place of the library's.
#include "relay/rabbitmq/join.h"

#include "common/gateway_file/gateway_file.h"
#include "common/mem.h"
#include "relay/rabbitmq/consumer_internal.h"
#include "tests/unit/unit.h"

struct row {
    const char *name;
    enum rabbit_status status;
    int code;
    const char *reason;
    enum consumer_state state;
    bool left_out;
};

static const struct row rows[] = {
    {"no right to read the queue", RABBIT_REFUSED, 403, "no access", CONSUMER_DOWN, true},
    {"a connection that is closed because of the queue", RABBIT_LOST, 540, "not implemented",
     CONSUMER_DOWN, true},
    {"a connection that ends without a word", RABBIT_LOST, 0, "end of file", CONSUMER_ELSEWHERE,
     false},
    {"a host that shuts down", RABBIT_LOST, 320,
     "CONNECTION_FORCED - broker forced connection closure", CONSUMER_ELSEWHERE, false},
};

static const struct row *answer;
static struct gateway_file *file;
static size_t losses;

// ---- the consumer

const char *consumer_queue(const struct consumer *s, size_t route)
{
    return s->options.routes->items[route].queue;
}

void consumer_release(struct consumer *s)
{
    s->rabbit = NULL;
}

void consumer_disconnect(struct consumer *s)
{
    consumer_release(s);
}

void consumer_lose(struct consumer *s)
{
    losses++;
    consumer_release(s);
}

enum rabbit_status consumer_consume(struct consumer *s, size_t route)
{
    (void)s, (void)route;
    return answer->status;
}

// ---- the connections

struct rabbit *rabbit_open(const struct rabbit_options *options, char why[RABBIT_REASON_MAX])
{
    static char rabbit; // only its address counts

    (void)options, (void)why;
    return (struct rabbit *)&rabbit;
}

void rabbit_abandon(struct rabbit *r)
{
    (void)r;
}

enum rabbit_status rabbit_set_prefetch(struct rabbit *r, uint16_t prefetch)
{
    (void)r, (void)prefetch;
    return RABBIT_OK;
}

const char *rabbit_reason(const struct rabbit *r)
{
    (void)r;
    return answer->reason;
}

int rabbit_code(const struct rabbit *r)
{
    (void)r;
    return answer->code;
}

bool topology_ensure(struct topology *t)
{
    (void)t;
    return true;
}

bool topology_connected(const struct topology *t)
{
    (void)t;
    return true;
}

void topology_tend(struct topology *t)
{
    (void)t;
}

void topology_drop(struct topology *t)
{
    (void)t;
}

bool topology_has_queue(const struct topology *t, size_t route)
{
    (void)t, (void)route;
    return true;
}

bool topology_inspect_queue(struct topology *t, size_t route, struct rabbit_queue_state *out)
{
    (void)t, (void)route;
    *out = (struct rabbit_queue_state){0};
    return true;
}

// ---- the rows

static void do_nothing(void *arg)
{
    (void)arg;
}

static void takes_the_answer(void **state)
{
    const struct host_list list = {{{"a", 5672}, {"b", 5672}}, 2};
    struct rabbit_hosts hosts;
    struct intake *intakes = mem_zalloc(file->routes->count * sizeof(*intakes));

    answer = *state;
    losses = 0;
    rabbit_hosts_init(&hosts, &list);
    struct consumer consumer = {
        .options = {.routes = file->routes, .between = do_nothing, .rabbit.hosts = &hosts},
        .intakes = intakes,
    };
    assert_int_equal(consumer_join(&consumer), answer->state);
    assert_int_equal(intakes[0].refused, answer->left_out);
    assert_int_equal(losses, answer->state == CONSUMER_ELSEWHERE);
    assert_null(consumer.rabbit);
    rabbit_hosts_fini(&hosts);
    free(intakes);
}

static int set_up_group(void **state)
{
    struct buffer errors = {0};

    (void)state;
    file = gateway_file_load(&(struct gateway_file_options){.queue_prefix = "websocket."}, &errors);
    return file ? 0 : -1;
}

static int tear_down_group(void **state)
{
    (void)state;
    gateway_file_free(file);
    return 0;
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, takes_the_answer);
    return cmocka_run_group_tests_name("join", tests, set_up_group, tear_down_group);
}
