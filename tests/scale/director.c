// scale-director: directs the stages of tests/scale/run, which starts it with the gateway.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/mem.h"
#include "tests/bench/measure.h"
#include "tests/bench/rig.h"
#include "tests/bench/source.h"
#include "tests/scale/figures.h"
#include "tests/scale/machine.h"
#include "tests/scale/workers.h"

#define PATIENCE_NS 60000000000ULL // without any progress
#define SETTLE_MS   1000           // doubled messages come last
#define LOOK_MS     20
#define AT_ONCE     1024 // connections on their way
#define MEANWHILE   200  // events per second while edges or Redis are gone
#define HANDFUL     50   // events of a stage that has few
#define CALM_RATE   10   // of those per second
#define NOTICES     3    // events to everybody, one per second

struct request {
    struct rig rig;
    int64_t clients, together, members, rate, seconds, idle, kill;
    const char *secret, *json, *redis;
};

struct director {
    const struct request *request;
    struct workers_plan plan;
    struct workers workers;
    struct figures figures;
    size_t alive; // edges, the last ones
};

static const struct setting SETTINGS[] = {
    RIG_SETTINGS,
    TOOL_ROW("JWT_SECRET", SETTING_SECRET, secret, NULL, 0, 0, "signs the tokens of the clients"),
    TOOL_ROW("--clients", SETTING_NUMBER, clients, "2000", 1, 10000000, ""),
    TOOL_ROW("--together", SETTING_NUMBER, together, "1000", 1, 1000000, ""),
    TOOL_ROW("--members", SETTING_NUMBER, members, "10", 1, 1000000, ""),
    TOOL_ROW("--rate", SETTING_NUMBER, rate, "1000", 1, 1000000, ""),
    TOOL_ROW("--seconds", SETTING_NUMBER, seconds, "5", 1, 86400, ""),
    TOOL_ROW("--idle", SETTING_NUMBER, idle, "10", 1, 86400, ""),
    TOOL_ROW("--kill", SETTING_NUMBER, kill, "0", 0, 1000, ""),
    TOOL_ROW("--json", SETTING_TEXT, json, NULL, 0, 0, ""),
    TOOL_ROW("--redis", SETTING_TEXT, redis, NULL, 0, 0, ""),
};

static const struct tool_option OPTIONS[] = {
    RIG_EDGE_OPTION,
    {"clients", "N", "--clients", 0, "how many there are"},
    {"together", "N", "--together", 0, "members of the room that is spread over all edges"},
    {"members", "N", "--members", 0, "members of each other room"},
    {"rate", "N", "--rate", 0, "events per second to the other rooms"},
    {"seconds", "N", "--seconds", 0, "how long these are sent"},
    {"idle", "N", "--idle", 0, "seconds in which nothing but heartbeats is sent"},
    {"kill", "N", "--kill", 0, "edges that are killed"},
    {"json", "FILE", "--json", 0, "also writes the figures there, a line for each stage"},
    {"redis", "FILE", "--redis", 0,
     "makes this file, and goes on when Redis was restarted and it is gone"},
};

static void check(void *request, struct buffer *errors)
{
    rabbitmq_settings_finish(&((struct request *)request)->rig.rabbitmq, errors);
}

static const struct tool TOOL = {
    .program = {.name = "scale-director",
                .summary = "Directs tests/scale/run, which starts it.",
                .settings = SETTINGS,
                .setting_count = ARRAY_LEN(SETTINGS)},
    .synopsis = "",
    .options = OPTIONS,
    .check = check,
    .option_count = ARRAY_LEN(OPTIONS),
};

static void pause_ms(uint64_t ms)
{
    struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
}

// ---- the edges that are alive

static const pid_t *edges(const struct director *director)
{
    return director->request->rig.pids + director->request->rig.edge_count - director->alive;
}

static double cpu(const struct director *director)
{
    return cpu_seconds(edges(director), director->alive);
}

static uint64_t memory(const struct director *director)
{
    return resident_bytes(edges(director), director->alive);
}

// ---- waiting

// Waits until all clients are connected.
static bool await_clients(struct director *director)
{
    uint64_t last_ns = monotonic_ns();
    uint32_t had = 0;

    for (;;) {
        uint32_t ready = workers_sum(&director->workers).ready;
        if (ready == director->plan.clients)
            return true;
        if (!workers_are_alive(&director->workers))
            return false;
        if (ready != had)
            last_ns = monotonic_ns();
        else if (monotonic_ns() - last_ns > PATIENCE_NS)
            return tool_fail("of %" PRIu32 " clients only %" PRIu32 " are connected",
                             director->plan.clients, ready);
        had = ready;
        pause_ms(LOOK_MS);
    }
}

// How many deliveries follow from what was sent.
static uint64_t expected(const struct director *director, const struct source_plan *plan,
                         uint32_t sent)
{
    uint64_t sum = 0;

    if (plan->everybody)
        return (uint64_t)sent * director->plan.clients;
    if (plan->user)
        return (uint64_t)sent * workers_of_user(&director->plan);
    for (uint32_t i = 0; i < plan->rooms; i++) {
        uint32_t messages = sent / plan->rooms + (i < sent % plan->rooms);
        sum += (uint64_t)messages * workers_in_room(&director->plan, plan->first_room + i);
    }
    return sum;
}

// Waits until all deliveries have come, or none has come for a while.
static bool await_deliveries(const struct director *director, const struct source_plan *plan,
                             const struct source *source)
{
    uint64_t last_ns = monotonic_ns(), had = 0;

    for (;;) {
        enum source_state state = source_state(source);
        uint64_t deliveries = workers_sum(&director->workers).deliveries;
        if (state == SOURCE_FAILED || !workers_are_alive(&director->workers))
            return false;
        if (state == SOURCE_DONE && deliveries >= expected(director, plan, source_sent(source)))
            break;
        if (state == SOURCE_RUNS || deliveries != had)
            last_ns = monotonic_ns();
        else if (monotonic_ns() - last_ns > PATIENCE_NS)
            break;
        had = deliveries;
        pause_ms(LOOK_MS);
    }
    pause_ms(SETTLE_MS);
    return true;
}

// ---- stages

// Ends the line of a stage with events. False if one was lost or doubled.
static bool report_deliveries(const struct director *director, uint64_t wanted)
{
    struct workers_sum sum = workers_sum(&director->workers);
    const struct figures *figures = &director->figures;
    uint64_t lost = wanted > sum.deliveries ? wanted - sum.deliveries : 0;

    if (sum.lost > lost)
        lost = sum.lost;
    figures_add(figures, "deliveries", (double)sum.deliveries);
    figures_add(figures, "lost", (double)lost);
    figures_add(figures, "doubled", (double)sum.doubled);
    figures_add(figures, "p50_ms", workers_latency_us(&director->workers, 50) / 1e3);
    figures_add(figures, "p99_ms", workers_latency_us(&director->workers, 99) / 1e3);
    figures_end(figures);
    return lost == 0 && sum.doubled == 0;
}

static bool stage_connect(struct director *director)
{
    uint64_t start = monotonic_ns(), before = memory(director), free_before;
    double used = cpu(director), clients = director->plan.clients;

    free_before = machine_available_bytes();
    uint64_t tcp_before = machine_tcp_bytes();
    if (!workers_start(&director->workers, &director->plan) || !await_clients(director))
        return false;
    double seconds = (double)(monotonic_ns() - start) / 1e9;
    used = cpu(director) - used;
    const struct figures *figures = &director->figures;
    figures_begin(figures, "connect");
    figures_add(figures, "clients", clients);
    figures_add(figures, "edges", (double)director->alive);
    figures_add(figures, "seconds", seconds);
    figures_add(figures, "cpu_ms_each", used * 1e3 / clients);
    figures_add(figures, "edge_base_mb", (double)before / 1e6 / (double)director->alive);
    figures_add(figures, "edge_bytes_each", ((double)memory(director) - (double)before) / clients);
    figures_add(figures, "machine_bytes_each",
                ((double)free_before - (double)machine_available_bytes()) / clients);
    figures_add(figures, "tcp_bytes_each",
                ((double)machine_tcp_bytes() - (double)tcp_before) / clients);
    figures_end(figures);
    return true;
}

static bool stage_idle(struct director *director)
{
    double used = cpu(director), seconds = (double)director->request->idle;

    pause_ms((uint64_t)director->request->idle * 1000);
    used = cpu(director) - used;
    figures_begin(&director->figures, "idle");
    figures_add(&director->figures, "seconds", seconds);
    figures_add(&director->figures, "cpu_percent", used * 100 / seconds);
    figures_end(&director->figures);
    if (workers_sum(&director->workers).ready == director->plan.clients)
        return true;
    return tool_fail("clients were lost while nothing happened");
}

static bool stage_events(struct director *director, const char *name,
                         const struct source_plan *plan)
{
    struct source *source = source_new(plan);
    bool ok = source && workers_begin_stage(&director->workers);
    double used = cpu(director);

    if (ok)
        source_start(source);
    if (ok && (ok = await_deliveries(director, plan, source))) {
        figures_begin(&director->figures, name);
        figures_add(&director->figures, "events", source_sent(source));
        figures_add(&director->figures, "rate", plan->rate);
        figures_add(&director->figures, "cpu_s", cpu(director) - used);
        ok = report_deliveries(director, expected(director, plan, source_sent(source)));
    }
    source_free(source);
    return ok;
}

// What goes wrong while events go to the rooms. Returns false with the reason on stderr.
typedef bool disturbance_fn(struct director *director);

static bool kill_edges(struct director *director)
{
    for (int64_t i = 0; i < director->request->kill; i++, director->alive--)
        kill(edges(director)[0], SIGKILL);
    return true;
}

static bool restart_redis(struct director *director)
{
    const char *path = director->request->redis;
    FILE *file = fopen(path, "we");

    if (!file)
        return tool_fail("%s cannot be made", path);
    fclose(file);
    while (access(path, F_OK) == 0)
        pause_ms(LOOK_MS);
    return true;
}

static bool await_return(struct director *director, uint32_t lost_before, uint64_t start)
{
    pause_ms(SETTLE_MS); // the clients notice
    if (!await_clients(director))
        return false;
    struct workers_sum sum = workers_sum(&director->workers);
    figures_add(&director->figures, "came_back", sum.recovered + sum.afresh - lost_before);
    figures_add(&director->figures, "recovered_so_far", sum.recovered);
    figures_add(&director->figures, "afresh_so_far", sum.afresh);
    figures_add(&director->figures, "seconds",
                (double)(monotonic_ns() - start) / 1e9 - SETTLE_MS / 1e3);
    return true;
}

// Disturbs while events are sent, until all clients are back and have all events.
static bool stage_disturbed(struct director *director, const char *name, disturbance_fn *disturb)
{
    const struct source_plan plan = {.rabbitmq = &director->request->rig.rabbitmq,
                                     .rooms = director->plan.rooms,
                                     .first_room = 1,
                                     .rate = MEANWHILE};
    struct workers_sum before = workers_sum(&director->workers);
    struct source *source = source_new(&plan);
    bool ok = source && workers_begin_stage(&director->workers);

    if (ok) {
        source_start(source);
        pause_ms(SETTLE_MS);
        figures_begin(&director->figures, name);
        uint64_t start = monotonic_ns();
        ok = disturb(director) && await_return(director, before.recovered + before.afresh, start);
        source_stop(source);
    }
    ok = ok && await_deliveries(director, &plan, source) &&
         report_deliveries(director, expected(director, &plan, source_sent(source)));
    source_free(source);
    return ok;
}

static bool run_stages(struct director *director)
{
    const struct request *request = director->request;
    const struct rabbitmq_settings *rabbitmq = &request->rig.rabbitmq;
    const struct source_plan user = {.rabbitmq = rabbitmq,
                                     .rooms = 1,
                                     .messages = HANDFUL,
                                     .rate = CALM_RATE,
                                     .user = WORKERS_USER};
    const struct source_plan room = {
        .rabbitmq = rabbitmq, .rooms = 1, .messages = HANDFUL, .rate = CALM_RATE};
    const struct source_plan all = {
        .rabbitmq = rabbitmq, .rooms = 1, .messages = NOTICES, .rate = 1, .everybody = true};
    const struct source_plan rooms = {.rabbitmq = rabbitmq,
                                      .rooms = director->plan.rooms,
                                      .first_room = 1,
                                      .messages = (uint32_t)(request->rate * request->seconds),
                                      .rate = (uint32_t)request->rate};

    bool ok = stage_connect(director) && stage_idle(director);
    if (!ok)
        return false;
    ok &= stage_events(director, "user", &user);
    ok &= stage_events(director, "room", &room);
    ok &= stage_events(director, "all", &all);
    ok &= stage_events(director, "rooms", &rooms);
    if (request->kill > 0)
        ok &= stage_disturbed(director, "kill", kill_edges);
    if (request->redis)
        ok &= stage_disturbed(director, "redis", restart_redis);
    return ok;
}

static bool make_plan(const struct request *request, struct workers_plan *plan)
{
    uint32_t workers = (uint32_t)request->rig.edge_count;

    *plan = (struct workers_plan){
        .ports = request->rig.ports,
        .port_count = request->rig.edge_count,
        .secret = request->secret,
        .clients = (uint32_t)request->clients / workers * workers,
        .workers = workers,
        .together = (uint32_t)request->together / workers * workers,
        .at_once = AT_ONCE,
    };
    if (!request->secret)
        return tool_fail("JWT_SECRET must be set");
    if (plan->together == 0 || plan->clients < plan->together + request->members ||
        request->kill >= (int64_t)workers)
        return tool_fail("there must be more clients than the room has, members of that for every "
                         "edge, and an edge that is not killed");
    plan->rooms = (plan->clients - plan->together) / (uint32_t)request->members;
    return true;
}

static enum tool_status run(void *arg, const struct tool_list *operands)
{
    struct request *request = arg;
    struct director director = {.request = request};

    (void)operands;
    bool ok = rig_take_edges(&request->rig) && make_plan(request, &director.plan);
    director.alive = request->rig.edge_count;
    if (ok && request->json && !(director.figures.json = fopen(request->json, "we")))
        ok = tool_fail("%s cannot be written", request->json);
    ok = ok && run_stages(&director);
    workers_stop(&director.workers);
    if (director.figures.json)
        fclose(director.figures.json);
    rig_fini(&request->rig);
    return ok ? TOOL_OK : TOOL_FAILED;
}

int main(int argc, char **argv)
{
    static struct request request;

    return tool_main(&TOOL, argc, argv, run, &request);
}
