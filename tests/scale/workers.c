#include "tests/scale/workers.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "compose/tools/tool.h"
#include "tests/bench/clients.h"
#include "tests/bench/source.h"
#include "tests/bench/tokens.h"

#define USERS       1000 // of one worker at most
#define BACK_MS     500
#define BACK_MAX_MS 5000
#define STEPS       16 // of latencies, for each doubling

struct workers_board {
    atomic_uint stage;
    atomic_bool over;
    struct worker_counts counts[];
};

// One worker, in its process.
struct worker {
    const struct workers_plan *plan;
    struct worker_counts *counts;
    uint32_t number;
    uint32_t *next; // number of the next message of each client
    bool *seen;     // it was ready before
};

// ---- in the processes of the clients

static uint32_t clients_each(const struct workers_plan *plan)
{
    return plan->clients / plan->workers;
}

static uint32_t room_of(void *user, uint32_t client)
{
    const struct worker *worker = user;
    const struct workers_plan *plan = worker->plan;
    uint32_t share = plan->together / plan->workers;

    if (client < share)
        return 0;
    uint32_t others = clients_each(plan) - share;
    return 1 + (worker->number * others + client - share) % plan->rooms;
}

static void on_ready(void *user, uint32_t client, bool recovered)
{
    struct worker *worker = user;

    atomic_fetch_add(&worker->counts->ready, 1);
    if (worker->seen[client])
        atomic_fetch_add(recovered ? &worker->counts->recovered : &worker->counts->afresh, 1);
    worker->seen[client] = true;
}

static void on_lost(void *user, uint32_t client)
{
    struct worker *worker = user;

    (void)client;
    atomic_fetch_sub(&worker->counts->ready, 1);
}

static size_t step_of(uint64_t us)
{
    double step = us > 1 ? log2((double)us) * STEPS : 0;

    return step < LATENCY_STEPS - 1 ? (size_t)step : LATENCY_STEPS - 1;
}

static void on_event(void *user, uint32_t client, struct span packet, uint64_t now_ns)
{
    struct worker *worker = user;
    struct worker_counts *counts = worker->counts;
    uint64_t number, sent_ns;

    if (!source_read(packet, &number, &sent_ns))
        return;
    if (number < worker->next[client]) {
        atomic_fetch_add(&counts->doubled, 1);
        return;
    }
    atomic_fetch_add(&counts->lost, number - worker->next[client]);
    worker->next[client] = (uint32_t)number + 1;
    atomic_fetch_add(&counts->deliveries, 1);
    atomic_fetch_add(&counts->latencies[step_of((now_ns - sent_ns) / 1000)], 1);
}

static void begin_stage(const struct worker *worker, unsigned stage)
{
    memset(worker->next, 0, clients_each(worker->plan) * sizeof(worker->next[0]));
    atomic_store(&worker->counts->deliveries, 0);
    atomic_store(&worker->counts->lost, 0);
    atomic_store(&worker->counts->doubled, 0);
    for (size_t i = 0; i < LATENCY_STEPS; i++)
        atomic_store(&worker->counts->latencies[i], 0);
    atomic_store(&worker->counts->stage, stage);
}

static bool run_clients(const struct worker *worker, struct workers_board *board, char **tokens,
                        uint32_t token_count)
{
    const struct workers_plan *plan = worker->plan;
    const struct clients_options options = {.ports = plan->ports,
                                            .port_count = plan->port_count,
                                            .anywhere = true,
                                            .tokens = (const char *const *)tokens,
                                            .token_count = token_count,
                                            .most = clients_each(plan),
                                            .rooms = plan->rooms + 1,
                                            .room_of = room_of,
                                            .back_ms = BACK_MS,
                                            .back_max_ms = BACK_MAX_MS,
                                            .recovers = true,
                                            .on_ready = on_ready,
                                            .on_lost = on_lost,
                                            .on_event = on_event,
                                            .user = (void *)(uintptr_t)worker};
    uint32_t at_once = plan->at_once / plan->workers;
    struct clients *clients = clients_new(&options);
    bool ok = clients && clients_connect(clients, options.most, at_once > 0 ? at_once : 1);

    while (ok && !atomic_load(&board->over)) {
        unsigned stage = atomic_load(&board->stage);
        if (stage != atomic_load(&worker->counts->stage))
            begin_stage(worker, stage);
        clients_read(clients, 20);
    }
    clients_free(clients);
    return ok;
}

static uint32_t users_each(const struct workers_plan *plan)
{
    return clients_each(plan) < USERS ? clients_each(plan) : USERS;
}

static _Noreturn void run_worker(const struct workers *workers, uint32_t number)
{
    const struct workers_plan *plan = &workers->plan;
    struct worker worker = {.plan = plan,
                            .counts = &workers->board->counts[number],
                            .number = number,
                            .next = mem_zalloc(clients_each(plan) * sizeof(worker.next[0])),
                            .seen = mem_zalloc(clients_each(plan))};
    uint32_t users = users_each(plan);
    char prefix[32];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(prefix, sizeof(prefix), "scale-%" PRIu32, number);
    char **tokens = tokens_new(plan->secret, prefix, users);
    bool ok = tokens && run_clients(&worker, workers->board, tokens, users);
    tokens_free(tokens, tokens ? users : 0);
    free(worker.next);
    free(worker.seen);
    _exit(ok ? 0 : 1);
}

// ---- in the director

static size_t board_size(const struct workers_plan *plan)
{
    return sizeof(struct workers_board) + plan->workers * sizeof(struct worker_counts);
}

bool workers_start(struct workers *workers, const struct workers_plan *plan)
{
    *workers = (struct workers){.plan = *plan};
    workers->pids = mem_zalloc(plan->workers * sizeof(workers->pids[0]));
    workers->board =
        mmap(NULL, board_size(plan), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (workers->board == MAP_FAILED) {
        workers->board = NULL;
        return tool_fail("no memory for %" PRIu32 " workers", plan->workers);
    }
    for (uint32_t i = 0; i < plan->workers; i++) {
        workers->pids[i] = fork();
        if (workers->pids[i] < 0)
            return tool_fail("fork: %s", strerror(errno));
        if (workers->pids[i] == 0)
            run_worker(workers, i);
    }
    return true;
}

void workers_stop(struct workers *workers)
{
    if (workers->board)
        atomic_store(&workers->board->over, true);
    for (uint32_t i = 0; workers->board && i < workers->plan.workers; i++)
        if (workers->pids[i] > 0) {
            kill(workers->pids[i], SIGKILL); // it may be waiting for an edge
            waitpid(workers->pids[i], NULL, 0);
        }
    if (workers->board)
        munmap(workers->board, board_size(&workers->plan));
    free(workers->pids);
}

bool workers_are_alive(const struct workers *workers)
{
    for (uint32_t i = 0; i < workers->plan.workers; i++)
        if (waitpid(workers->pids[i], NULL, WNOHANG) != 0) {
            workers->pids[i] = 0;
            return tool_fail("worker %" PRIu32 " has ended", i);
        }
    return true;
}

bool workers_begin_stage(struct workers *workers)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    unsigned stage = atomic_fetch_add(&workers->board->stage, 1) + 1;

    for (uint32_t i = 0; i < workers->plan.workers; i++)
        while (atomic_load(&workers->board->counts[i].stage) != stage) {
            if (!workers_are_alive(workers))
                return false;
            nanosleep(&pause, NULL);
        }
    return true;
}

struct workers_sum workers_sum(const struct workers *workers)
{
    struct workers_sum sum = {0};

    for (uint32_t i = 0; i < workers->plan.workers; i++) {
        struct worker_counts *counts = &workers->board->counts[i];
        sum.ready += atomic_load(&counts->ready);
        sum.recovered += atomic_load(&counts->recovered);
        sum.afresh += atomic_load(&counts->afresh);
        sum.deliveries += atomic_load(&counts->deliveries);
        sum.lost += atomic_load(&counts->lost);
        sum.doubled += atomic_load(&counts->doubled);
    }
    return sum;
}

uint32_t workers_latency_us(const struct workers *workers, double percent)
{
    uint64_t all = workers_sum(workers).deliveries, below = 0;

    for (size_t step = 0; step < LATENCY_STEPS; step++) {
        for (uint32_t i = 0; i < workers->plan.workers; i++)
            below += atomic_load(&workers->board->counts[i].latencies[step]);
        if (all > 0 && (double)below >= (double)all * percent / 100)
            return (uint32_t)exp2((double)(step + 1) / STEPS);
    }
    return 0;
}

uint32_t workers_in_room(const struct workers_plan *plan, uint32_t room)
{
    uint32_t others = plan->clients - plan->together;

    if (room == 0)
        return plan->together;
    return others / plan->rooms + (room - 1 < others % plan->rooms);
}

uint32_t workers_of_user(const struct workers_plan *plan)
{
    return (clients_each(plan) + users_each(plan) - 1) / users_each(plan);
}
