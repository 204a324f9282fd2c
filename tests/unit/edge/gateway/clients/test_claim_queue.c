// Each claim is put to the store in its turn, and patience is with the store.
#include "edge/gateway/clients/claim_queue.h"
#include "tests/unit/fake_sessions.h"
#include "tests/unit/unit.h"

#define CLAIMS (CLAIMS_AT_ONCE + 2)

static struct fake_sessions sessions;
static struct claim_queue queue;
static struct queued_claim claims[CLAIMS];
static metric queued;

static void on_claimed(struct session_claiming *claiming, enum session_claim result,
                       const struct session_record *record)
{
    (void)result, (void)record;
    claim_queue_done(&queue, container_of(claiming, struct queued_claim, claiming));
}

static int set_up(void **state)
{
    (void)state;
    fake_sessions_init(&sessions);
    metric_set(&queued, 0);
    claim_queue_init(&queue, &sessions.store, &queued);
    for (size_t i = 0; i < CLAIMS; i++)
        queued_claim_init(&claims[i], on_claimed);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLAIMS; i++)
        claim_queue_forget(&queue, &claims[i]);
    fake_sessions_fini(&sessions);
    return 0;
}

static void ask(size_t i)
{
    claim_queue_ask(&queue, &claims[i], SPAN_LIT("pid"), SPAN_LIT("u1"));
}

static void ask_all(void)
{
    for (size_t i = 0; i < CLAIMS; i++)
        ask(i);
}

static void answer_oldest(void)
{
    struct session_request *request = fake_take_request(&sessions);

    on_claimed(container_of(request, struct session_claiming, request), CLAIM_OK, NULL);
}

static void each_answer_lets_the_next_one_be_asked(void **state)
{
    (void)state;
    ask_all();
    assert_true(claims[CLAIMS_AT_ONCE - 1].asked);
    assert_false(claims[CLAIMS_AT_ONCE].asked);
    assert_true(claim_is_queued(&claims[CLAIMS_AT_ONCE]));
    assert_int_equal(metric_get(&queued), 2);
    answer_oldest();
    assert_false(claim_is_queued(&claims[0]));
    assert_true(claims[CLAIMS_AT_ONCE].asked);
    assert_false(claims[CLAIMS_AT_ONCE + 1].asked);
}

static void held_claims_are_asked_when_they_are_released(void **state)
{
    (void)state;
    claim_queue_hold(&queue);
    ask(0);
    claim_queue_go_on(&queue);
    assert_false(claims[0].asked);
    assert_true(claim_queue_moves(&queue, &claims[0])); // it is not the store's fault
    claim_queue_release(&queue);
    assert_true(claims[0].asked);
}

static void one_that_is_forgotten_makes_room(void **state)
{
    (void)state;
    ask_all();
    claim_queue_forget(&queue, &claims[CLAIMS_AT_ONCE]); // it waited, and is not asked any more
    claim_queue_forget(&queue, &claims[3]);              // it was asked
    assert_false(claims[CLAIMS_AT_ONCE].asked);
    assert_true(claims[CLAIMS_AT_ONCE + 1].asked);
}

static void patience_lasts_while_others_are_answered(void **state)
{
    const struct queued_claim *last = &claims[CLAIMS_AT_ONCE + 1];

    (void)state;
    ask_all();
    answer_oldest();
    assert_true(claim_queue_moves(&queue, &claims[CLAIMS_AT_ONCE + 1]));
    assert_false(claim_queue_moves(&queue, &claims[CLAIMS_AT_ONCE + 1])); // none since
    answer_oldest();
    assert_true(last->asked);
    assert_true(claim_queue_moves(&queue, &claims[CLAIMS_AT_ONCE + 1])); // the store's time begins
    answer_oldest();
    assert_false(claim_queue_moves(&queue, &claims[CLAIMS_AT_ONCE + 1]));
}

static void one_that_did_not_wait_has_no_second_patience(void **state)
{
    (void)state;
    ask_all();
    answer_oldest();
    assert_false(claim_queue_moves(&queue, &claims[1]));
}

static void the_store_is_asked_when_it_is_back(void **state)
{
    (void)state;
    ask_all();
    sessions.up = false;
    for (size_t i = 0; i < CLAIMS_AT_ONCE; i++)
        answer_oldest();
    assert_false(claims[CLAIMS_AT_ONCE].asked);
    ask(0);
    assert_false(claim_is_queued(&claims[0]));
    sessions.up = true;
    claim_queue_go_on(&queue);
    assert_true(claims[CLAIMS_AT_ONCE].asked);
    assert_true(claims[CLAIMS_AT_ONCE + 1].asked);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_answer_lets_the_next_one_be_asked),
        TEST(held_claims_are_asked_when_they_are_released),
        TEST(one_that_is_forgotten_makes_room),
        TEST(patience_lasts_while_others_are_answered),
        TEST(one_that_did_not_wait_has_no_second_patience),
        TEST(the_store_is_asked_when_it_is_back),
    };

    return cmocka_run_group_tests_name("claim_queue", tests, NULL, NULL);
}
