// Asking services, as stories: each step does something or says what must be so by then.
//
//     ask W USER ROOM   the waiter W of that user wants to know
//     token W TEXT      from now on W's client has this token; at first it is the user's name
//     leave W           W does not want to know any more
//     yes, no, …        the service answers the oldest question
//     wait MS           time passes
//     asked TEXT        what the services were asked since the last look
//     heard TEXT        the verdicts of all waiters so far: + granted, - forbidden, ? unavailable,
//                       . none
#include "edge/gateway/rooms/authorization_requests.h"

#include <stdio.h>

#include "tests/unit/fake_authority.h"
#include "tests/unit/file_maker.h"

#define WAITERS     6 // of a story
#define MAX_WAITERS 5
#define TIMEOUT_MS  5000
#define CACHE_MS    60000

struct asker {
    struct authorization_waiter waiter;
    struct client client;
    char verdict;
};

static struct deadlines clock_;
static struct room_metrics metrics;
static struct fake_authority authority;
static struct gateway_file *file;
static struct authorization_requests *requests;
static struct asker askers[WAITERS];

static void on_verdict(struct authorization_waiter *waiter, enum room_verdict verdict)
{
    struct asker *asker = container_of(waiter, struct asker, waiter);

    assert_int_equal(asker->verdict, '.');
    asker->verdict = "+-?"[verdict];
}

static void begin(void)
{
    file = hometrip_file(ROOM_JOIN_SERVICE);
    const struct authorization_requests_options options = {
        .service = &authority.authority,
        .types = file->rooms,
        .timeout_ms = TIMEOUT_MS,
        .concurrency = 2,
        .max_waiters = MAX_WAITERS,
        .cache_size = 10,
        .cache_ms = CACHE_MS,
    };

    memset(&metrics, 0, sizeof(metrics));
    memset(askers, 0, sizeof(askers));
    for (size_t i = 0; i < WAITERS; i++) {
        askers[i].verdict = '.';
        list_init(&askers[i].waiter.node);
    }
    deadlines_init(&clock_, 1000000);
    fake_authority_init(&authority);
    requests = authorization_requests_new(&options, &clock_, &metrics);
}

static void end(void)
{
    for (size_t i = 0; i < WAITERS; i++) {
        if (askers[i].verdict == '.' && askers[i].client.identity)
            authorization_requests_cancel(requests, &askers[i].waiter);
        identity_free(askers[i].client.identity);
    }
    authorization_requests_free(requests);
    gateway_file_free(file);
    fake_authority_fini(&authority);
}

static void set_token(struct asker *asker, const char *user, const char *token)
{
    struct identity *old = asker->client.identity;

    asker->client.identity =
        identity_new(&(struct identity){.user = span_of(user), .token = span_of(token)});
    identity_free(old);
}

static void ask(struct asker *asker, const char *user, const char *room)
{
    struct span copy = exact_copy(span_of(room));

    set_token(asker, user, user);
    asker->verdict = '.';
    asker->waiter =
        (struct authorization_waiter){.client = &asker->client, .on_verdict = on_verdict};
    authorization_requests_ask(requests, &asker->waiter, room_types_of(file->rooms, copy), copy);
    free((char *)copy.ptr);
}

static void leave(struct asker *asker)
{
    authorization_requests_cancel(requests, &asker->waiter);
    asker->verdict = 'x';
}

static void assert_asked(const char *expected)
{
    assert_span(buffer_span(&authority.asked), expected);
    buffer_clear(&authority.asked);
}

static void assert_heard(const char *expected)
{
    char verdicts[WAITERS + 1] = {0};

    for (size_t i = 0; i < strlen(expected); i++)
        verdicts[i] = askers[i].verdict;
    assert_string_equal(verdicts, expected);
}

static bool answer(const char *step)
{
    static const char *const words[SERVICE_ANSWERS] = {
        [SERVICE_ANSWER_YES] = "yes",
        [SERVICE_ANSWER_NO] = "no",
        [SERVICE_ANSWER_BAD_TOKEN] = "bad token",
        [SERVICE_ANSWER_ERROR] = "error",
        [SERVICE_ANSWER_UNREACHABLE] = "unreachable",
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (words[i] && strcmp(step, words[i]) == 0) {
            fake_authority_answer(&authority, (enum service_answer)i);
            return true;
        }
    }
    return false;
}

static void take(const char *step)
{
    char user[32], room[64];
    unsigned who;
    unsigned long ms;

    if (sscanf(step, "ask %u %31s %63s", &who, user, room) == 3) {
        ask(&askers[who], user, room);
    } else if (sscanf(step, "token %u %31s", &who, user) == 2) {
        set_token(&askers[who], "u1", user);
    } else if (sscanf(step, "leave %u", &who) == 1) {
        leave(&askers[who]);
    } else if (sscanf(step, "wait %lu", &ms) == 1) {
        deadlines_run(&clock_, clock_.now_ms + ms);
    } else if (strncmp(step, "asked", 5) == 0) {
        assert_asked(step[5] ? step + 6 : "");
    } else if (strncmp(step, "heard ", 6) == 0) {
        assert_heard(step + 6);
    } else if (!answer(step)) {
        fail_msg("no step: %s", step);
    }
}

struct row {
    const char *name;
    const char *steps[16];
};

#define C1 "conversation:1"
#define C2 "conversation:2"
#define C3 "conversation:3"
#define C4 "conversation:4"

// clang-format off
static const struct row rows[] = {
    {"yes", {"ask 0 u1 " C1, "asked messages /conversations/1 u1; ", "heard .", "yes", "heard +"}},
    {"no", {"ask 0 u1 " C1, "no", "heard -"}},
    {"a token that the service does not take", {"ask 0 u1 " C1, "bad token", "heard -"}},
    {"an error", {"ask 0 u1 " C1, "error", "heard ?"}},
    {"nobody there", {"ask 0 u1 " C1, "unreachable", "heard ?"}},
    {"a notification", {"ask 0 u1 notification:a+b", "asked notifications /notifications/a%2Bb u1; ", "yes", "heard +"}},

    {"no answer in time", {"ask 0 u1 " C1, "wait 4999", "heard .", "wait 1", "heard ?", "asked messages /conversations/1 u1; cancel; "}},
    {"no turn in time", {"ask 0 u1 " C1, "ask 1 u2 " C1, "wait 3000", "ask 2 u3 " C1, "wait 1999", "heard ...", "wait 1", "heard ??.",
        "asked messages /conversations/1 u1; messages /conversations/1 u2; cancel; messages /conversations/1 u3; cancel; ", "yes", "heard ??+"}},

    {"yes is remembered", {"ask 0 u1 " C1, "yes", "asked messages /conversations/1 u1; ", "wait 59999", "ask 1 u1 " C1, "heard ++", "asked"}},
    {"until it expires", {"ask 0 u1 " C1, "yes", "wait 60000", "ask 1 u1 " C1, "heard +.", "asked messages /conversations/1 u1; messages /conversations/1 u1; "}},
    {"no is remembered", {"ask 0 u1 " C1, "no", "wait 59999", "ask 1 u1 " C1, "heard --", "asked messages /conversations/1 u1; "}},
    {"of another room nothing is known", {"ask 0 u1 " C1, "yes", "ask 1 u1 " C2, "heard +."}},
    {"nor of another user", {"ask 0 u1 " C1, "yes", "ask 1 u2 " C1, "heard +."}},
    {"a bad token is not remembered", {"ask 0 u1 " C1, "bad token", "ask 1 u1 " C1, "heard -.", "yes", "heard -+"}},
    {"an error is not remembered", {"ask 0 u1 " C1, "error", "ask 1 u1 " C1, "heard ?.", "no", "heard ?-"}},
    {"a missing service is not remembered", {"ask 0 u1 " C1, "unreachable", "ask 1 u1 " C1, "heard ?."}},
    {"a timeout is not remembered", {"ask 0 u1 " C1, "wait 5000", "ask 1 u1 " C1, "heard ?."}},

    {"who asks the same waits together", {"ask 0 u1 " C1, "ask 1 u1 " C1, "ask 2 u1 " C1, "asked messages /conversations/1 u1; ", "yes", "heard +++"}},
    {"and hears no together", {"ask 0 u1 " C1, "ask 1 u1 " C1, "no", "heard --"}},
    {"and is out of time together", {"ask 0 u1 " C1, "wait 4000", "ask 1 u1 " C1, "wait 1000", "heard ??"}},
    {"other users ask for themselves", {"ask 0 u1 " C1, "ask 1 u2 " C1, "asked messages /conversations/1 u1; messages /conversations/1 u2; ", "no", "yes", "heard -+"}},

    {"two at one time, the rest in order", {"ask 0 u1 " C1, "ask 1 u1 " C2, "ask 2 u1 " C3, "ask 3 u1 " C4, "asked messages /conversations/1 u1; messages /conversations/2 u1; ",
        "yes", "asked messages /conversations/3 u1; ", "no", "asked messages /conversations/4 u1; ", "yes", "error", "heard +-+?"}},
    {"each service by itself", {"ask 0 u1 " C1, "ask 1 u1 " C2, "ask 2 u1 " C3, "ask 3 u1 notification:1", "asked messages /conversations/1 u1; messages /conversations/2 u1; notifications /notifications/1 u1; "}},
    {"no place to wait", {"ask 0 u1 " C1, "ask 1 u2 " C1, "ask 2 u3 " C1, "ask 3 u4 " C1, "ask 4 u4 " C1, "ask 5 u4 " C1, "heard .....?", "yes", "ask 5 u4 " C1, "heard +...."}},
    {"what is remembered needs no place", {"ask 0 u6 " C1, "yes", "ask 0 u1 " C1, "ask 1 u2 " C1, "ask 2 u3 " C1, "ask 3 u4 " C1, "ask 4 u5 " C1, "ask 5 u6 " C1, "heard .....+"}},

    {"the token at the time of the asking", {"ask 0 u1 " C1, "ask 1 u1 " C2, "ask 2 u1 " C3, "token 2 fresh", "yes", "asked messages /conversations/1 u1; messages /conversations/2 u1; messages /conversations/3 fresh; "}},
    {"nobody is left before the asking", {"ask 0 u1 " C1, "ask 1 u1 " C2, "ask 2 u1 " C3, "leave 2", "yes", "asked messages /conversations/1 u1; messages /conversations/2 u1; ", "yes", "asked"}},
    {"one of two is left before the asking", {"ask 0 u1 " C1, "ask 1 u1 " C2, "ask 2 u1 " C3, "ask 3 u1 " C3, "leave 2", "token 3 other", "yes", "asked messages /conversations/1 u1; messages /conversations/2 u1; messages /conversations/3 other; "}},
    {"nobody is left for the answer", {"ask 0 u1 " C1, "leave 0", "yes", "heard x", "ask 1 u1 " C1, "heard x+", "asked messages /conversations/1 u1; "}},
    {"somebody comes when all have left", {"ask 0 u1 " C1, "leave 0", "ask 1 u1 " C1, "asked messages /conversations/1 u1; ", "yes", "heard x+"}},
    {"nobody is left, nor an answer in time", {"ask 0 u1 " C1, "leave 0", "wait 5000", "asked messages /conversations/1 u1; cancel; "}},
    {"who leaves frees the place", {"ask 0 u1 " C1, "ask 1 u2 " C1, "ask 2 u3 " C1, "ask 3 u4 " C1, "ask 4 u5 " C1, "leave 4", "ask 5 u6 " C1, "heard ....x."}},
    {"it ends with questions under way", {"ask 0 u1 " C1, "ask 1 u1 " C2, "leave 0", "leave 1"}},
};
// clang-format on

static void goes(void **state)
{
    const struct row *row = *state;

    begin();
    for (size_t i = 0; i < ARRAY_LEN(row->steps) && row->steps[i]; i++)
        take(row->steps[i]);
    end();
}

static void who_has_no_token_is_refused(void **state)
{
    (void)state;
    begin();
    askers[0].client.identity = identity_new_anonymous();
    askers[0].waiter =
        (struct authorization_waiter){.client = &askers[0].client, .on_verdict = on_verdict};
    authorization_requests_ask(requests, &askers[0].waiter, &file->rooms->items[0], span_of(C1));
    assert_heard("-");
    assert_asked("");
    end();
}

static void counts(void **state)
{
    static const char *const steps[] = {"ask 0 u1 " C1, "ask 1 u1 " C1, "ask 2 u2 " C1,
                                        "ask 3 u3 " C1, "ask 4 u4 " C1, "ask 5 u5 " C1};

    (void)state;
    begin();
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        take(steps[i]);
    assert_int_equal(metric_get(&metrics.joins_waiting), 5);
    assert_int_equal(metric_get(&metrics.joins_merged), 1);
    assert_int_equal(metric_get(&metrics.joins_overflowed), 1);
    assert_int_equal(metric_get(&metrics.asks_under_way), 2);
    clock_.now_ms += 30;
    take("yes");
    take("no");
    take("error");
    take("wait 5000");
    assert_int_equal(metric_get(&metrics.joins_waiting), 0);
    assert_int_equal(metric_get(&metrics.asks_under_way), 0);
    for (int i = 0; i < SERVICE_ANSWERS; i++)
        assert_int_equal(metric_get(&metrics.asks[ROOM_SERVICE_MESSAGES][i]),
                         i == SERVICE_ANSWER_YES || i == SERVICE_ANSWER_NO ||
                             i == SERVICE_ANSWER_ERROR || i == SERVICE_ANSWER_TIMEOUT);
    assert_int_equal(histogram_count(&metrics.ask_ms), 4);
    assert_int_equal(metric_get(&metrics.ask_ms.in_bucket[5]), 3); // 30 ms
    assert_int_equal(metric_get(&metrics.answer_cache_entries), 2);
    take("ask 0 u1 " C1);
    assert_int_equal(metric_get(&metrics.answer_cache_hits), 1);
    end();
}

static void one_user_leaves_places_for_others(void **state)
{
    struct authorization_requests_options options = {
        .service = &authority.authority,
        .timeout_ms = TIMEOUT_MS,
        .concurrency = 1,
        .max_waiters = 2 * AUTHORIZATION_WAITERS_PER_USER,
    };
    static struct asker many[AUTHORIZATION_WAITERS_PER_USER + 1];
    char room[32];

    (void)state;
    begin();
    options.types = file->rooms;
    authorization_requests_free(requests);
    requests = authorization_requests_new(&options, &clock_, &metrics);
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        snprintf(room, sizeof(room), "conversation:%zu", i);
        ask(&many[i], "u1", room);
        assert_int_equal(many[i].verdict, i < AUTHORIZATION_WAITERS_PER_USER ? '.' : '?');
    }
    take("ask 0 u2 " C1);
    assert_heard(".");
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        authorization_requests_cancel(requests, &many[i].waiter);
        identity_free(many[i].client.identity);
    }
    end();
}

// A verdict may bring another waiter of the same question to leave.
static struct asker *fellow;

static void on_verdict_of_two(struct authorization_waiter *waiter, enum room_verdict verdict)
{
    on_verdict(waiter, verdict);
    leave(fellow);
}

static void a_verdict_may_make_others_leave(void **state)
{
    (void)state;
    begin();
    take("ask 0 u1 " C1);
    take("ask 1 u1 " C1);
    askers[0].waiter.on_verdict = on_verdict_of_two;
    fellow = &askers[1];
    take("yes");
    assert_heard("+x");
    end();
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 4];
    size_t count = 0;

    ADD_ROWS(tests, count, rows, goes);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(who_has_no_token_is_refused);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(counts);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(one_user_leaves_places_for_others);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(a_verdict_may_make_others_leave);
    return cmocka_run_group_tests_name("authorization_requests", tests, NULL, NULL);
}
