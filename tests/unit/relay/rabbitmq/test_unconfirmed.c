#include "relay/rabbitmq/unconfirmed.h"

#include "tests/unit/unit.h"

#define COUNT   4
#define DUE_MS  1000
#define LATEST  5000
#define WAITING '-'

static const char letters[] = {
    [PUBLISH_DONE] = 'D',        [PUBLISH_UNROUTABLE] = 'U', [PUBLISH_REFUSED] = 'R',
    [PUBLISH_UNCONFIRMED] = 'X', [PUBLISH_LOST] = 'L',
};

// Four publications, and a letter for what the owner of each was told last: `X` that it is given
// up, `x` that no confirm has come.
struct fixture {
    struct unconfirmed unconfirmed;
    struct publication publications[COUNT];
    char told[COUNT + 1];
    unsigned calls;
};

static void on_outcome(struct publication *p, enum publish_outcome outcome, const char *reason,
                       bool final)
{
    struct fixture *fixture = p->arg;

    (void)reason;
    fixture->told[p - fixture->publications] = final ? letters[outcome] : 'x';
    fixture->calls++;
    assert_true(final || outcome == PUBLISH_UNCONFIRMED);
}

static void set_up(struct fixture *fixture)
{
    static const char *const ids[COUNT] = {"a", "b", "c", "d"};

    *fixture = (struct fixture){.told = "----"};
    unconfirmed_init(&fixture->unconfirmed);
    unconfirmed_begin(&fixture->unconfirmed);
    for (size_t i = 0; i < COUNT; i++) {
        struct publication *p = &fixture->publications[i];
        *p = (struct publication){.on_outcome = on_outcome, .arg = fixture, .due_ms = DUE_MS};
        p->event.message_id = ids[i];
        list_init(&p->node);
        unconfirmed_add(&fixture->unconfirmed, p);
        assert_int_equal(p->tag, i + 1);
    }
}

struct confirm_case {
    const char *name;
    const char *returned; // a message id, or NULL
    uint64_t tag;
    bool multiple;
    enum publish_outcome outcome;
    const char *told;
};

static const struct confirm_case confirm_cases[] = {
    {"a confirm ends one, in any order", NULL, 3, false, PUBLISH_DONE, "--D-"},
    {"a multiple confirm ends all up to its tag", NULL, 3, true, PUBLISH_DONE, "DDD-"},
    {"a refusal ends one", NULL, 1, false, PUBLISH_REFUSED, "R---"},
    {"a multiple refusal ends all up to its tag", NULL, 2, true, PUBLISH_REFUSED, "RR--"},
    {"a tag that was not given ends none", NULL, 5, false, PUBLISH_DONE, "----"},
    {"a returned one is unroutable", "b", 2, false, PUBLISH_DONE, "-U--"},
    {"a returned one in a multiple confirm", "b", 3, true, PUBLISH_DONE, "DUD-"},
    {"a return of an unknown id marks none", "z", 4, true, PUBLISH_DONE, "DDDD"},
};

static void takes_confirms(void **state)
{
    const struct confirm_case *c = *state;
    struct rabbit_message confirm = {.tag = c->tag, .multiple = c->multiple};
    struct fixture fixture;

    set_up(&fixture);
    if (c->returned) {
        struct rabbit_message returned = {.message_id = span_of(c->returned)};
        const struct publication *p = unconfirmed_take_return(&fixture.unconfirmed, &returned);
        assert_true(!p == (*c->returned == 'z'));
    }
    unconfirmed_take_confirm(&fixture.unconfirmed, &confirm, c->outcome, NULL);
    assert_string_equal(fixture.told, c->told);
}

struct due_case {
    const char *name;
    uint64_t first_ms, second_ms; // when it is looked what is due
    bool blocked;
    char told;
    unsigned calls;
};

static const struct due_case due_cases[] = {
    {"not due yet", 0, DUE_MS - 1, false, WAITING, 0},
    {"due: said once", DUE_MS, DUE_MS + 1, false, 'x', 1},
    {"30 s later it is still waited for", DUE_MS, DUE_MS + 30000, false, 'x', 1},
    {"after that it is given up", DUE_MS, DUE_MS + 30001, false, 'X', 2},
    {"none is given up that was not said to be late", 0, DUE_MS + 30001, false, 'x', 1},
    {"none is given up while RabbitMQ reads nothing", DUE_MS, DUE_MS + 30001, true, 'x', 1},
};

static void checks_what_is_due(void **state)
{
    const struct due_case *c = *state;
    struct fixture fixture;

    set_up(&fixture);
    for (size_t i = 1; i < COUNT; i++)
        fixture.publications[i].due_ms = UINT64_MAX;
    unconfirmed_check_due(&fixture.unconfirmed, c->first_ms, c->blocked);
    unconfirmed_check_due(&fixture.unconfirmed, c->second_ms, c->blocked);
    assert_int_equal(fixture.told[0], c->told);
    assert_int_equal(fixture.calls, c->calls);
    assert_string_equal(fixture.told + 1, "---");
}

static void the_next_due_is_the_earliest_that_is_not_late(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture);
    fixture.publications[2].due_ms = DUE_MS - 1;
    assert_int_equal(unconfirmed_next_due_ms(&fixture.unconfirmed, LATEST), DUE_MS - 1);
    unconfirmed_check_due(&fixture.unconfirmed, DUE_MS - 1, false);
    assert_int_equal(unconfirmed_next_due_ms(&fixture.unconfirmed, LATEST), DUE_MS);
    unconfirmed_check_due(&fixture.unconfirmed, DUE_MS, false);
    assert_int_equal(unconfirmed_next_due_ms(&fixture.unconfirmed, LATEST), LATEST);
}

static void a_new_channel_begins_with_tag_1(void **state)
{
    struct fixture fixture;

    (void)state;
    set_up(&fixture);
    unconfirmed_finish_all(&fixture.unconfirmed, PUBLISH_LOST, NULL);
    assert_string_equal(fixture.told, "LLLL");
    unconfirmed_begin(&fixture.unconfirmed);
    unconfirmed_add(&fixture.unconfirmed, &fixture.publications[3]);
    assert_int_equal(fixture.publications[3].tag, 1);
}

int main(void)
{
    struct CMUnitTest tests[2 + ARRAY_LEN(confirm_cases) + ARRAY_LEN(due_cases)] = {
        cmocka_unit_test(the_next_due_is_the_earliest_that_is_not_late),
        cmocka_unit_test(a_new_channel_begins_with_tag_1),
    };
    size_t count = 2;

    ADD_ROWS(tests, count, confirm_cases, takes_confirms);
    ADD_ROWS(tests, count, due_cases, checks_what_is_due);
    return cmocka_run_group_tests_name("unconfirmed", tests, NULL, NULL);
}
