#include "edge/gateway/clients/key_waits.h"

#include "tests/unit/unit.h"

static struct deadlines now;
static struct jwks_metrics jwks_metrics;
static struct key_waits_metrics metrics;
static struct key_waits waits;
static unsigned overs;

static void fetch(struct jwks_service *service, jwks_answer_fn on_answer, void *arg)
{
    (void)service;
    (void)on_answer;
    (void)arg;
}

static void cancel(struct jwks_service *service)
{
    (void)service;
}

static const struct jwks_service_ops ops = {fetch, cancel};
static struct jwks_service service = {&ops};

static void on_over(struct client *client, void *arg)
{
    (void)arg;
    overs++;
    key_wait_free(client->key_wait);
}

static void wait_again(struct client *client, void *arg)
{
    on_over(client, arg);
    key_wait_begin(&waits, client, 1, on_over, NULL);
}

// A fetch is under way.
static int set_up(void **state)
{
    const struct jwks_refresh_options options = {.service = &service, .refresh_s = 600};
    const struct jwks_refresh_handlers handlers = {0};

    (void)state;
    overs = 0;
    metrics = (struct key_waits_metrics){0};
    deadlines_init(&now, 1000);
    waits = (struct key_waits){
        .refresh = jwks_refresh_new(&options, &handlers, &now, &jwks_metrics), .metrics = &metrics};
    key_waits_init(&waits);
    deadlines_run(&now, 1000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(metric_get(&metrics.waiting), 0);
    assert_int_equal(waits.bytes, 0);
    jwks_refresh_free(waits.refresh);
    return 0;
}

static void has_places_for_so_many(void **state)
{
    static struct client clients[KEY_WAITS_MAX];

    (void)state;
    for (size_t i = 0; i < KEY_WAITS_MAX; i++) {
        assert_true(key_waits_may_begin(&waits, 100));
        key_wait_begin(&waits, &clients[i], 100, on_over, NULL);
    }
    assert_int_equal(metric_get(&metrics.waiting), KEY_WAITS_MAX);
    assert_false(key_waits_may_begin(&waits, 0));
    assert_int_equal(metric_get(&metrics.left_out), 1);
    key_wait_free(clients[7].key_wait);
    assert_true(key_waits_may_begin(&waits, 0));
    key_waits_end(&waits);
    assert_int_equal(overs, KEY_WAITS_MAX - 1);
}

static void has_room_for_so_many_bytes(void **state)
{
    struct client first = {0}, second = {0};

    (void)state;
    assert_false(key_waits_may_begin(&waits, KEY_WAIT_BYTES + 1));
    assert_false(key_waits_may_begin(&waits, SIZE_MAX));
    key_wait_begin(&waits, &first, KEY_WAIT_BYTES - 10, on_over, NULL);
    assert_false(key_waits_may_begin(&waits, 11));
    assert_true(key_waits_may_begin(&waits, 10));
    key_wait_begin(&waits, &second, 10, on_over, NULL);
    assert_true(key_waits_may_begin(&waits, 0));
    assert_false(key_waits_may_begin(&waits, 1));
    key_waits_end(&waits);
    assert_int_equal(overs, 2);
    assert_true(key_waits_may_begin(&waits, KEY_WAIT_BYTES));
}

static void nobody_waits_without_a_source(void **state)
{
    struct jwks_refresh *refresh = waits.refresh;

    (void)state;
    waits.refresh = NULL;
    assert_false(key_waits_may_begin(&waits, 1));
    assert_int_equal(metric_get(&metrics.left_out), 0);
    waits.refresh = refresh;
}

static void who_begins_meanwhile_waits_for_the_next(void **state)
{
    struct client client = {0};

    (void)state;
    key_wait_begin(&waits, &client, 1, wait_again, NULL);
    key_waits_end(&waits);
    assert_int_equal(overs, 1);
    assert_int_equal(metric_get(&metrics.waiting), 1);
    key_waits_end(&waits);
    assert_int_equal(overs, 2);
    assert_null(client.key_wait);
    key_wait_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(has_places_for_so_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(has_room_for_so_many_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_waits_without_a_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_begins_meanwhile_waits_for_the_next, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("key waits", tests, NULL, NULL);
}
