#include "edge/adapters/redis/redis_presence.h"

#include "common/buffer.h"
#include "proto/presence_script.h"
#include "tests/unit/unit.h"

// A connection that keeps what is asked, and answers when the test says so.
struct redis_connection {
    struct buffer asked; // "SSCAN; EVAL; "
    size_t count;
    struct {
        redis_answer_fn on_answer;
        uintptr_t tag;
    } calls[16];
};

struct redis_value {
    const char *error, *text;
    size_t count;
    const struct redis_value *items;
};

static void ask(struct redis_connection *connection, redis_answer_fn on_answer, uintptr_t tag,
                struct span verb)
{
    assert_non_null(connection);
    assert_true(connection->count < ARRAY_LEN(connection->calls));
    connection->calls[connection->count].on_answer = on_answer;
    connection->calls[connection->count++].tag = tag;
    buffer_append(&connection->asked, verb);
    buffer_append(&connection->asked, SPAN_LIT("; "));
}

void redis_connection_send(struct redis_connection *connection, redis_answer_fn on_answer,
                           uintptr_t tag, const char *format, ...)
{
    ask(connection, on_answer, tag, (struct span){format, strcspn(format, " ")});
}

void redis_connection_send_argv(struct redis_connection *connection, redis_answer_fn on_answer,
                                uintptr_t tag, size_t argc, const char *const *args,
                                const size_t *lens)
{
    assert_true(argc > 0);
    ask(connection, on_answer, tag, (struct span){args[0], lens[0]});
}

const char *redis_value_error(const struct redis_value *value)
{
    return value->error;
}

struct span redis_value_text(const struct redis_value *value)
{
    return value->text ? span_of(value->text) : (struct span){0};
}

size_t redis_value_count(const struct redis_value *value)
{
    return value->count;
}

const struct redis_value *redis_value_item(const struct redis_value *value, size_t i)
{
    return &value->items[i];
}

// ---- what is tested

static const struct redis_names names = {
    .user = "user:",
    .room_count = "room:",
    .edges = "edges:",
    .edge_users = "users:",
    .edge_rooms = "rooms:",
    .presence_edges = "presence",
    .uplink = "uplink",
    .uplink_bytes = "bytes",
};
static const struct users users;
static struct redis_connection connection;
static struct redis_presence *presence;
static struct presence_store *store;
static struct buffer heard; // "user a; room b; first; written; "

static void on_up(bool may_lack, void *arg)
{
    (void)may_lack, (void)arg;
}

static void on_written(enum presence_outcome outcome, const int64_t *told, uint64_t lost, void *arg)
{
    (void)told, (void)lost, (void)arg;
    buffer_printf(&heard, "%s; ",
                  outcome == PRESENCE_WRITTEN       ? "written"
                  : outcome == PRESENCE_NOT_WRITTEN ? "not written"
                                                    : "in doubt");
}

static void on_beat(enum presence_beat beat, void *arg)
{
    (void)arg;
    buffer_printf(&heard, "%s; ", beat == PRESENCE_KNOWN ? "known" : "first");
    if (beat == PRESENCE_KNOWN)
        store->ops->list(store);
}

static void on_listed(bool is_user, struct span name, void *arg)
{
    (void)arg;
    buffer_printf(&heard, "%s " SPAN_FMT "; ", is_user ? "user" : "room", SPAN_ARG(name));
}

static void hears(const char *what)
{
    assert_span(buffer_span(&heard), what);
    if (heard.len > 0)
        buffer_clear(&heard);
}

static void asks(const char *what)
{
    assert_span(buffer_span(&connection.asked), what);
    if (connection.asked.len > 0)
        buffer_clear(&connection.asked);
}

// Answers the oldest command.
static void answer(const struct redis_value *value)
{
    redis_answer_fn on_answer = connection.calls[0].on_answer;
    uintptr_t tag = connection.calls[0].tag;

    assert_true(connection.count > 0);
    connection.count--;
    memmove(&connection.calls[0], &connection.calls[1],
            connection.count * sizeof(connection.calls[0]));
    on_answer(value, tag, NULL);
}

static void answer_text(const char *text)
{
    answer(&(struct redis_value){.text = text});
}

static void answer_error(const char *error)
{
    answer(&(struct redis_value){.error = error});
}

// A page with one name.
static void answer_page(const char *cursor, const char *name)
{
    const struct redis_value item = {.text = name};
    const struct redis_value parts[] = {{.text = cursor}, {.count = 1, .items = &item}};

    answer(&(struct redis_value){.count = 2, .items = parts});
}

static void write_one(void)
{
    store->ops->write(
        store, &(struct presence_change){.name = SPAN_LIT("u"), .is_user = true, .count = 1}, 1);
}

// The connection breaks: nothing of it is answered any more.
static void go_down(void)
{
    connection.count = 0;
    redis_presence_on_down(presence);
}

// The connection is up, and the script is loaded.
static int set_up(void **state)
{
    (void)state;
    presence =
        redis_presence_new(&(struct redis_presence_options){.names = &names, .edge_id = "e"});
    store = redis_presence_interface(presence);
    store->handlers = (struct presence_store_handlers){
        .on_up = on_up, .on_written = on_written, .on_beat = on_beat, .on_listed = on_listed};
    store->ops->use(store, &users, false);
    redis_presence_on_up(presence, &connection, false);
    asks("");
    store->ops->use(store, &users, true);
    asks("SCRIPT; EVAL; ");
    answer_text("sha");
    return 0;
}

static void begins_once(void **state)
{
    (void)state;
    store->ops->use(store, &users, true);
    store->ops->use(store, &users, false);
    asks("");
    go_down();
    redis_presence_on_up(presence, &connection, false);
    asks("SCRIPT; EVAL; ");
}

static int tear_down(void **state)
{
    (void)state;
    redis_presence_free(presence);
    buffer_fini(&connection.asked);
    buffer_fini(&heard);
    connection.count = 0;
    return 0;
}

// The bus closes, and waits for the answer to what it sent last; the others come before that.
static void close_bus(void)
{
    redis_presence_on_down(presence);
    if (heard.len > 0)
        buffer_clear(&heard);
    asks("");
}

static void a_beat_that_is_answered_late_lists_nothing(void **state)
{
    (void)state;
    close_bus();
    answer_text("1000");
    asks("");
    hears("");
}

static void a_page_that_is_answered_late_is_the_last(void **state)
{
    (void)state;
    answer_text("1000");
    asks("SSCAN; ");
    close_bus();
    answer_page("7", "a");
    asks("");
    hears("");
}

static void a_script_that_is_missed_late_is_not_loaded(void **state)
{
    (void)state;
    answer_text("");
    write_one();
    asks("EVALSHA; ");
    close_bus();
    answer_error("NOSCRIPT No matching script");
    asks("");
    hears("");
}

static void a_write_that_is_answered_late_is_reported_once(void **state)
{
    (void)state;
    answer_text("");
    write_one();
    asks("EVALSHA; ");
    redis_presence_on_down(presence);
    hears("first; in doubt; ");
    answer_text("-1 0");
    hears("");
}

struct outcome_row {
    const char *name;
    struct redis_value answer;
    const char *asked, *heard;
};

static const struct outcome_row outcome_rows[] = {
    {"written", {.text = "-1 0"}, "", "written; "},
    {"refused", {.error = "OOM command not allowed"}, "", "in doubt; "},
    {"an answer of another form", {.text = "x"}, "", "in doubt; "},
    {"a script that Redis does not have", {.error = "NOSCRIPT No"}, "SCRIPT; ", "not written; "},
};

static void outcomes(void **state)
{
    const struct outcome_row *row = *state;

    set_up(NULL);
    answer_text("");
    hears("first; ");
    write_one();
    asks("EVALSHA; ");
    answer(&row->answer);
    asks(row->asked);
    hears(row->heard);
    tear_down(NULL);
}

// The beat was answered, and a list is asked for and has had a page.
static void list_a_page(void)
{
    answer_text("");
    store->ops->list(store);
    asks("SSCAN; ");
    answer_page("7", "a");
    asks("SSCAN; ");
    hears("first; user a; ");
}

static void users_are_listed_then_rooms(void **state)
{
    (void)state;
    list_a_page();
    answer_page("0", "b");
    asks("SSCAN; ");
    answer_page("0", "c");
    asks("");
    hears("user b; room c; ");
    store->ops->beat(store);
    asks("EVAL; "); // and no list
}

static void a_list_that_broke_off_begins_again(void **state)
{
    (void)state;
    list_a_page();
    answer_page("0", "b");
    asks("SSCAN; "); // at the rooms
    go_down();
    redis_presence_on_up(presence, &connection, false);
    asks("SCRIPT; EVAL; SSCAN; ");
    answer_text("sha");
    answer_text("");
    answer_page("0", "a");
    hears("user b; first; user a; ");
}

static void a_list_that_is_refused_begins_again(void **state)
{
    (void)state;
    list_a_page();
    answer_error("LOADING Redis is loading the dataset in memory");
    asks("");
    store->ops->beat(store);
    asks("EVAL; SSCAN; ");
    answer_text("");
    answer_page("0", "a");
    hears("first; user a; ");
}

static void there_is_one_list_at_a_time(void **state)
{
    (void)state;
    list_a_page();
    store->ops->list(store);
    store->ops->beat(store);
    asks("EVAL; ");
    answer_page("0", "b");
    answer_text("");
    answer_page("0", "c");
    asks("SSCAN; ");
    hears("user b; first; room c; ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(begins_once),
        TEST(a_beat_that_is_answered_late_lists_nothing),
        TEST(a_page_that_is_answered_late_is_the_last),
        TEST(a_script_that_is_missed_late_is_not_loaded),
        TEST(a_write_that_is_answered_late_is_reported_once),
        TEST(users_are_listed_then_rooms),
        TEST(a_list_that_broke_off_begins_again),
        TEST(a_list_that_is_refused_begins_again),
        TEST(there_is_one_list_at_a_time),
    };

    struct CMUnitTest rows[ARRAY_LEN(outcome_rows)];
    size_t count = 0;

    ADD_ROWS(rows, count, outcome_rows, outcomes);
    int failed = cmocka_run_group_tests_name("redis_presence", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("outcomes", rows, NULL, NULL);
}
