#include "relay/presence_sweeper.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "proto/presence.h"
#include "tests/unit/unit.h"

#define NODES 4

// The first server is there, and no other.
struct control_channel {
    int unused;
};

static struct control_channel first;
static const struct redis_settings *first_node;
static bool waits_for_stop;                 // in dialling
static atomic_int dialled, dialled_in_pass; // other servers than the first
static atomic_int most_in_pass;
static sem_t swept, dialling, stopped;

struct control_channel *control_channel_open(const struct redis_settings *node,
                                             char why[CONTROL_REASON_MAX])
{
    why[0] = '\0';
    if (!first_node)
        first_node = node; // the thread asks the first server first
    if (node == first_node)
        return &first;
    dialled++;
    dialled_in_pass++;
    sem_post(&dialling);
    if (waits_for_stop)
        sem_wait(&stopped);
    waits_for_stop = false;
    return NULL;
}

void control_channel_close(struct control_channel *channel)
{
    (void)channel;
}

const char *control_channel_reason(const struct control_channel *channel)
{
    (void)channel;
    return "";
}

bool presence_publish(struct control_channel *channel, unsigned shard, struct span envelope)
{
    (void)shard, (void)envelope;
    assert_ptr_equal(channel, &first);
    return true;
}

// Rooms of all servers have another number.
bool presence_sweep(struct control_channel *channel, struct presence_sweep *sweep)
{
    assert_ptr_equal(channel, &first);
    dialled_in_pass = 0;
    for (unsigned i = 0; i < 100; i++) {
        const char room[] = {'r', (char)('0' + i / 10), (char)('0' + i % 10)};
        sweep->on_count((struct span){room, sizeof(room)}, 1, sweep->arg);
    }
    if (dialled_in_pass > most_in_pass)
        most_in_pass = (int)dialled_in_pass;
    sem_post(&swept);
    return true;
}

// Tells the server that is being dialled that the relay stops, and in place of waking the thread,
// which is not waiting there.
int pthread_cond_signal(pthread_cond_t *cond)
{
    (void)cond;
    return sem_post(&stopped);
}

static bool sweeps(void *arg, uint64_t *grace_ms, struct buffer *exchange,
                   struct buffer *routing_key)
{
    (void)arg, (void)grace_ms, (void)exchange, (void)routing_key;
    return true;
}

static struct presence_sweeper *begin(void)
{
    static struct redis_settings redis;
    static metric removed;

    redis = (struct redis_settings){.host = "unused", .nodes = {.count = NODES}};
    first_node = NULL;
    dialled = most_in_pass = 0;
    sem_init(&swept, 0, 0);
    sem_init(&dialling, 0, 0);
    sem_init(&stopped, 0, 0);
    struct presence_sweeper *sweeper = presence_sweeper_new(&(struct presence_sweeper_options){
        .redis = &redis, .shards = 16, .relay_id = "r", .sweeps = sweeps, .removed = &removed});
    assert_non_null(sweeper);
    return sweeper;
}

// Dialling takes up to 5 s where packets vanish.
static void a_server_that_is_away_is_dialled_once_a_pass(void **state)
{
    struct presence_sweeper *sweeper = begin();

    (void)state;
    sem_wait(&swept);
    sem_wait(&swept);
    presence_sweeper_free(sweeper);
    assert_int_equal(most_in_pass, NODES - 1);
    assert_true(dialled > NODES - 1); // again in the next pass
}

static void stopping_dials_no_further_server(void **state)
{
    (void)state;
    waits_for_stop = true;
    struct presence_sweeper *sweeper = begin();
    sem_wait(&dialling);
    presence_sweeper_free(sweeper);
    assert_int_equal(dialled, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_is_away_is_dialled_once_a_pass),
        cmocka_unit_test(stopping_dials_no_further_server),
    };

    return cmocka_run_group_tests_name("presence_sweeper", tests, NULL, NULL);
}
