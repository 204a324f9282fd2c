#include "edge/gateway/clients/jwks_refresh.h"

#include <stdio.h>

#include "edge/gateway/clients/token_algorithm.h"
#include "tests/unit/unit.h"

#define EC_X "eRcZAF3vSb6W5pt4FeO5l0sFnzlI0EPJyWHUB85pcRw"
#define EC_Y "LVbiwWCqmtaW61NKhobP8f7YQnSlzxCMRNiDALvYD9Q"
#define SET(id)                                                                                    \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y                \
    "\",\"kid\":\"" id "\"}]}"
#define REFRESH_MS 600000

static struct deadlines now;
static struct jwks_metrics metrics;
static struct jwks_refresh *refresh;

// What the service was asked, and what was handed on.
static unsigned fetches, cancels, sets, overs;
static char last_id[16];
static jwks_answer_fn on_answer;
static void *answer_arg;

static void fetch(struct jwks_service *service, jwks_answer_fn then, void *arg)
{
    (void)service;
    assert_null(on_answer);
    fetches++;
    on_answer = then;
    answer_arg = arg;
}

static void cancel(struct jwks_service *service)
{
    (void)service;
    cancels++;
    on_answer = NULL;
}

static const struct jwks_service_ops ops = {fetch, cancel};
static struct jwks_service service = {&ops};

static void on_set(struct jwks *set, void *arg)
{
    (void)arg;
    sets++;
    snprintf(last_id, sizeof(last_id), "%s", set->keys[0].id);
    jwks_free(set);
}

static void on_over(void *arg)
{
    (void)arg;
    overs++;
}

static void pass(uint64_t ms)
{
    deadlines_run(&now, now.now_ms + ms);
}

static void answer(unsigned status, const char *body)
{
    jwks_answer_fn then = on_answer;

    assert_non_null(then);
    on_answer = NULL;
    then(&(struct jwks_answer){status, "away", "away", span_of(body)}, answer_arg);
}

static void start(unsigned algorithms, uint32_t refresh_s)
{
    const struct jwks_refresh_options options = {&service, algorithms, refresh_s};
    const struct jwks_refresh_handlers handlers = {on_set, on_over, NULL};

    deadlines_init(&now, 1000);
    metrics = (struct jwks_metrics){0};
    fetches = cancels = sets = overs = 0;
    on_answer = NULL;
    refresh = jwks_refresh_new(&options, &handlers, &now, &metrics);
    pass(0);
    assert_int_equal(fetches, 1);
}

static void start_with_set(void)
{
    start(TOKEN_ES256, REFRESH_MS / 1000);
    answer(200, SET("a"));
    assert_int_equal(sets, 1);
}

static void end(void)
{
    jwks_refresh_free(refresh);
}

static unsigned counted(enum jwks_fetch result)
{
    return (unsigned)metric_get(&metrics.fetches[result]);
}

struct row {
    const char *name;
    unsigned status;
    const char *body;
    enum jwks_fetch result;
};

static const struct row answers[] = {
    {"a good one", 200, SET("b"), JWKS_FETCH_GOOD},
    {"the same one", 200, SET("a"), JWKS_FETCH_GOOD},
    {"none", 0, "", JWKS_FETCH_UNREACHABLE},
    {"a set with another status", 203, SET("b"), JWKS_FETCH_STATUS},
    {"a set with an error", 500, SET("b"), JWKS_FETCH_STATUS},
    {"a redirect", 302, "", JWKS_FETCH_STATUS},
    {"a page", 200, "<html>", JWKS_FETCH_UNUSABLE},
    {"nothing", 200, "", JWKS_FETCH_UNUSABLE},
    {"half a set", 200, "{\"keys\":[{\"kty\":\"EC\"", JWKS_FETCH_UNUSABLE},
    {"an empty set", 200, "{\"keys\":[]}", JWKS_FETCH_UNUSABLE},
};

static void takes_only_good_answers(void **state)
{
    const struct row *row = *state;
    bool good = row->result == JWKS_FETCH_GOOD;

    start_with_set();
    pass(REFRESH_MS);
    assert_int_equal(fetches, 2);
    answer(row->status, row->body);
    assert_int_equal(counted(row->result), good ? 2 : 1);
    assert_int_equal(overs, 2);
    assert_string_equal(last_id, good && strstr(row->body, "\"b\"") ? "b" : "a");
    assert_int_equal(metric_get(&metrics.keys), 1);
    // A failure is tried again after 15 to 30 s, a good one refreshed after 9 to 10 minutes.
    pass(good ? REFRESH_MS * 9 / 10 - 1 : JWKS_RETRY_MS / 2 - 1);
    assert_int_equal(fetches, 2);
    pass(good ? REFRESH_MS / 10 + 1 : JWKS_RETRY_MS / 2 + 1);
    assert_int_equal(fetches, 3);
    end();
}

static void an_unchanged_set_is_not_handed_on(void **state)
{
    (void)state;
    start_with_set();
    pass(REFRESH_MS);
    answer(200, SET("a"));
    assert_int_equal(sets, 1);
    pass(REFRESH_MS);
    answer(200, SET("b"));
    assert_int_equal(sets, 2);
    end();
}

static void a_set_must_fit_the_algorithms(void **state)
{
    (void)state;
    start(TOKEN_RS256, 600);
    answer(200, SET("a"));
    assert_int_equal(sets, 0);
    assert_int_equal(counted(JWKS_FETCH_UNUSABLE), 1);
    assert_int_equal(metric_get(&metrics.fetched_s), 0);
    end();
}

static void without_a_set_it_is_tried_often(void **state)
{
    (void)state;
    start(TOKEN_ES256, 600);
    for (unsigned i = 1; i < 20; i++) {
        answer(0, "");
        pass(5000);
        assert_int_equal(fetches, i + 1);
    }
    answer(200, SET("a"));
    assert_int_equal(sets, 1);
    end();
}

static void a_short_refresh_is_the_retry_too(void **state)
{
    (void)state;
    start(TOKEN_ES256, 2);
    answer(200, SET("a"));
    pass(2000);
    answer(0, "");
    pass(2000);
    assert_int_equal(fetches, 3);
    end();
}

static void a_late_answer_is_none(void **state)
{
    (void)state;
    start_with_set();
    pass(REFRESH_MS);
    pass(JWKS_TIMEOUT_MS - 1);
    assert_int_equal(overs, 1);
    pass(10);
    assert_int_equal(cancels, 1);
    assert_int_equal(overs, 2);
    assert_int_equal(counted(JWKS_FETCH_TIMEOUT), 1);
    assert_false(jwks_refresh_ask(NULL));
    end();
}

static void strangers_cause_one_fetch_in_a_while(void **state)
{
    (void)state;
    start_with_set();
    for (unsigned i = 0; i < 100; i++)
        assert_true(jwks_refresh_ask(refresh)); // the first one asks, the others join it
    assert_int_equal(fetches, 2);
    answer(200, SET("a"));
    for (unsigned i = 0; i < 100; i++)
        assert_false(jwks_refresh_ask(refresh));
    pass(JWKS_ASK_MS - 1);
    assert_false(jwks_refresh_ask(refresh));
    assert_int_equal(fetches, 2);
    pass(1);
    assert_true(jwks_refresh_ask(refresh));
    assert_int_equal(fetches, 3);
    answer(0, "");
    assert_false(jwks_refresh_ask(refresh));
    end();
}

// The next refresh counts from the last good answer, whatever has caused it.
static void an_early_fetch_moves_the_refresh(void **state)
{
    (void)state;
    start_with_set();
    pass(REFRESH_MS / 2);
    assert_true(jwks_refresh_ask(refresh));
    answer(200, SET("b"));
    pass(REFRESH_MS * 9 / 10 - 1);
    assert_int_equal(fetches, 2);
    pass(REFRESH_MS / 10 + 1);
    assert_int_equal(fetches, 3);
    end();
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(answers) + 7];
    size_t count = 0;

    ADD_ROWS(tests, count, answers, takes_only_good_answers);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(an_unchanged_set_is_not_handed_on);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_set_must_fit_the_algorithms);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(without_a_set_it_is_tried_often);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_short_refresh_is_the_retry_too);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_late_answer_is_none);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(strangers_cause_one_fetch_in_a_while);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(an_early_fetch_moves_the_refresh);
    return cmocka_run_group_tests_name("jwks refresh", tests, NULL, NULL);
}
