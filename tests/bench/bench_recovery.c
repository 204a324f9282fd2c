// bench-recovery: clients that lose their edge and come back, and what became of them.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "tests/bench/crowd.h"
#include "tests/bench/measure.h"
#include "tests/bench/rig.h"
#include "tests/bench/source.h"

#define SECOND_NS   1000000000ULL
#define PATIENCE_NS (60 * SECOND_NS) // for clients that are away or lack messages
#define CALM_NS     (3 * SECOND_NS)  // of events before a scenario begins, and after it
#define BACK_MS     1000             // the official client's reconnectionDelay
#define BACK_MAX_MS 5000             // and its reconnectionDelayMax
#define STORM_MS    1                // clients of a storm do not wait
#define SETTLE_MS   500
#define READ_MS     20

struct request {
    int64_t clients, witnesses, rooms, rate, filling, rounds, in_flight;
    const char *secret, *scenario;
    struct rig rig;
};

static const struct setting SETTINGS[] = {
    TOOL_ROW("--clients", SETTING_NUMBER, clients, "100", 1, 100000, ""),
    TOOL_ROW("--witnesses", SETTING_NUMBER, witnesses, "100", 1, 100000, ""),
    TOOL_ROW("--rooms", SETTING_NUMBER, rooms, "100", 1, 100000, ""),
    TOOL_ROW("--rate", SETTING_NUMBER, rate, "200", 0, 1000000, ""),
    TOOL_ROW("--filling", SETTING_NUMBER, filling, "0", 0, 100000, ""),
    TOOL_ROW("--rounds", SETTING_NUMBER, rounds, "5", 1, 1000, ""),
    TOOL_ROW("--in-flight", SETTING_NUMBER, in_flight, "1000", 1, 100000, ""),
    TOOL_ROW("JWT_SECRET", SETTING_SECRET, secret, NULL, 0, 0, "signs the clients' tokens"),
    RIG_SETTINGS,
};

static const struct tool_option OPTIONS[] = {
    {"clients", "N", "--clients", 0, "clients that come back"},
    {"witnesses", "N", "--witnesses", 0, "clients of the last edge, which stay there"},
    {"rooms", "N", "--rooms", 0, "rooms that they share"},
    {"rate", "N", "--rate", 0, "events per second in all rooms together"},
    {"filling", "BYTES", "--filling", 0, "blanks behind the text of each event"},
    {"rounds", "N", "--rounds", 0, "how often they hang up (storm)"},
    {"in-flight", "N", "--in-flight", 0, "that come back at one time (storm)"},
    RIG_EDGE_OPTION,
};

static void check(void *request, struct buffer *errors)
{
    rabbitmq_settings_finish(&((struct request *)request)->rig.rabbitmq, errors);
}

static const struct tool TOOL = {
    .program =
        {.name = "bench-recovery",
         .summary =
             "Loads a gateway on this machine with clients that recover, and prints what came "
             "of it.\nSCENARIO is crash (the first edge is killed), storm (all hang up and come "
             "back at once)\nor watch (until stdin ends). tests/bench/recovery starts all of it.",
         .settings = SETTINGS,
         .setting_count = ARRAY_LEN(SETTINGS)},
    .synopsis = "SCENARIO",
    .max_operands = 1,
    .options = OPTIONS,
    .check = check,
    .option_count = ARRAY_LEN(OPTIONS),
};

// The parts of a run.
struct run {
    const struct request *request;
    struct crowd travellers, witnesses;
    struct source *source;
    pid_t last; // the edge that stays
};

static bool is_scenario(const struct request *request, const char *name)
{
    return span_is(span_of(request->scenario), name);
}

// ---- figures

static void print_percentiles(const char *what, uint32_t *values, size_t count, double unit)
{
    uint32_t p50 = percentile(values, count, 50), p99 = percentile(values, count, 99);

    printf(", %s p50 %.2f p99 %.2f max %.2f", what, p50 / unit, p99 / unit,
           percentile(values, count, 100) / unit);
}

static void print_aways(const struct continuity *continuity)
{
    uint32_t *ms = mem_alloc((continuity->clients + 1) * sizeof(ms[0]));
    uint32_t *missed = mem_alloc((continuity->clients + 1) * sizeof(missed[0]));
    size_t count = continuity_aways(continuity, ms, missed);

    print_percentiles("away ms", ms, count, 1);
    print_percentiles("missed events", missed, count, 1);
    free(ms);
    free(missed);
}

static void print_latencies(const char *what, const struct continuity *continuity, uint64_t from_ns,
                            uint64_t to_ns)
{
    uint32_t *us = mem_alloc((continuity->time_count + 1) * sizeof(us[0]));
    size_t count = continuity_latencies(continuity, from_ns, to_ns, us);

    print_percentiles(what, us, count, 1e3);
    free(us);
}

static bool report(const struct run *run)
{
    const struct continuity *back = &run->travellers.continuity;
    const struct continuity *stayed = &run->witnesses.continuity;

    printf("recovered %" PRIu32 ", afresh %" PRIu32 ", still away %" PRIu32 ", lost %" PRIu64
           ", doubled %" PRIu64,
           back->recovered, back->afresh, back->away, back->lost + stayed->lost,
           back->doubled + stayed->doubled);
    return back->afresh == 0 && back->away == 0 && back->lost + stayed->lost == 0 &&
           back->doubled + stayed->doubled == 0;
}

// ---- a run

static struct source_plan source_plan_of(const struct request *request)
{
    return (struct source_plan){
        .rabbitmq = &request->rig.rabbitmq,
        .rooms = (uint32_t)request->rooms,
        .rate = (uint32_t)request->rate,
        .filling = (uint32_t)request->filling,
    };
}

static bool begin(struct run *run, const struct request *request)
{
    const struct source_plan source = source_plan_of(request);
    bool storm = is_scenario(request, "storm");
    struct crowd_plan plan = {
        .ports = request->rig.ports,
        .port_count = request->rig.edge_count,
        .together = is_scenario(request, "crash"),
        .secret = request->secret,
        .prefix = "traveller",
        .count = (uint32_t)request->clients,
        .rooms = (uint32_t)request->rooms,
        .back_ms = storm ? STORM_MS : BACK_MS,
        .back_max_ms = storm ? STORM_MS : BACK_MAX_MS,
        .in_flight = storm ? (uint32_t)request->in_flight : 0,
    };

    *run = (struct run){.request = request, .last = request->rig.pids[request->rig.edge_count - 1]};
    if (!crowd_begin(&run->travellers, &plan))
        return false;
    if (!is_scenario(request, "watch")) {
        plan.ports += plan.port_count - 1;
        plan.port_count = 1;
    }
    plan.prefix = "witness";
    plan.count = (uint32_t)request->witnesses;
    if (!crowd_begin(&run->witnesses, &plan))
        return false;
    run->witnesses.continuity.keeps_times = true;
    run->source = source_new(&source);
    if (!run->source || !crowd_go(&run->witnesses))
        return false;
    clients_settle(run->travellers.clients, SETTLE_MS);
    return true;
}

static bool all_have_all(const struct run *run, uint32_t sent)
{
    return continuity_complete(&run->travellers.continuity, sent) == run->travellers.count;
}

// Stops publishing and waits until the clients have everything.
static bool finish(struct run *run)
{
    uint64_t end;

    source_stop(run->source);
    while (source_state(run->source) == SOURCE_RUNS)
        clients_read(run->travellers.clients, READ_MS);
    uint32_t sent = source_sent(run->source);
    end = monotonic_ns() + PATIENCE_NS;
    while (!all_have_all(run, sent) && monotonic_ns() < end)
        clients_read(run->travellers.clients, READ_MS);
    // Doubled messages come last.
    clients_read_for(run->travellers.clients, SETTLE_MS * SECOND_NS / 1000);
    crowd_rest(&run->witnesses);
    continuity_end(&run->travellers.continuity, sent);
    continuity_end(&run->witnesses.continuity, sent);
    return source_state(run->source) == SOURCE_DONE;
}

static void end(struct run *run)
{
    source_free(run->source);
    crowd_end(&run->travellers);
    crowd_end(&run->witnesses);
}

// Reads until the clients have returned this many times. Returns false if that takes too long.
static bool await_returns(const struct run *run, uint64_t returns)
{
    const struct continuity *back = &run->travellers.continuity;
    uint64_t until = monotonic_ns() + PATIENCE_NS;

    while ((uint64_t)back->recovered + back->afresh < returns && monotonic_ns() < until)
        clients_read(run->travellers.clients, READ_MS);
    return (uint64_t)back->recovered + back->afresh >= returns;
}

// ---- scenarios

// Prints when the last client was back, and the latency until then.
static void print_return(const struct run *run, uint64_t began, uint64_t killed)
{
    const struct continuity *back = &run->travellers.continuity;
    bool any = back->last_back_ns > killed;
    uint64_t last = any ? back->last_back_ns : monotonic_ns();

    if (any)
        printf(", %s back after %.1f s", back->away == 0 ? "all" : "the last one",
               (double)(last - killed) / 1e9);
    else
        printf(", nobody back");
    print_aways(back);
    print_latencies("others' latency ms before", &run->witnesses.continuity, began, killed);
    print_latencies("meanwhile", &run->witnesses.continuity, killed, last);
}

static bool crash(struct run *run)
{
    uint64_t memory = resident_bytes(&run->last, 1), began = monotonic_ns();

    source_start(run->source);
    clients_read_for(run->travellers.clients, CALM_NS);
    double cpu = cpu_seconds(&run->last, 1);
    uint64_t killed = monotonic_ns();
    kill(run->request->rig.pids[0], SIGKILL);
    bool all = await_returns(run, run->travellers.count);
    cpu = cpu_seconds(&run->last, 1) - cpu;
    clients_read_for(run->travellers.clients, CALM_NS);
    bool ok = finish(run) && all;
    ok = report(run) && ok;
    print_return(run, began, killed);
    printf(", edge CPU %.1f s, memory %.0f MB before, %.0f MB after, %.0f MB at most\n", cpu,
           (double)memory / 1e6, (double)resident_bytes(&run->last, 1) / 1e6,
           (double)peak_bytes(run->last) / 1e6);
    return ok;
}

static bool storm(struct run *run)
{
    uint64_t count = run->travellers.count, rounds = (uint64_t)run->request->rounds, spent = 0;
    uint64_t began = monotonic_ns();
    double cpu = 0;
    bool ok = true;

    source_start(run->source);
    clients_read_for(run->travellers.clients, CALM_NS);
    uint64_t first = monotonic_ns();
    for (uint64_t i = 1; ok && i <= rounds; i++) {
        uint64_t start = monotonic_ns();
        double used = cpu_seconds(&run->last, 1);
        clients_hang_up(run->travellers.clients);
        ok = await_returns(run, i * count);
        spent += monotonic_ns() - start;
        cpu += cpu_seconds(&run->last, 1) - used;
        clients_read_for(run->travellers.clients, SECOND_NS);
    }
    uint64_t last = monotonic_ns();
    ok = finish(run) && ok;
    ok = report(run) && ok;
    printf(", %.0f recoveries per second, edge CPU %.1f us each",
           (double)(count * rounds) / ((double)spent / 1e9), cpu * 1e6 / (double)(count * rounds));
    print_latencies("others' latency ms before", &run->witnesses.continuity, began, first);
    print_latencies("meanwhile", &run->witnesses.continuity, first, last);
    printf("\n");
    return ok;
}

static bool watch(struct run *run)
{
    uint64_t began = monotonic_ns();

    source_start(run->source);
    clients_read_for(run->travellers.clients, CALM_NS);
    clients_read_until_told(run->travellers.clients);
    bool ok = finish(run);
    ok = report(run) && ok;
    print_aways(&run->travellers.continuity);
    print_latencies("witnesses' latency ms", &run->witnesses.continuity, began, monotonic_ns());
    printf("\n");
    return ok;
}

static bool run_scenario(const struct request *request)
{
    static const struct {
        const char *name;
        bool (*play)(struct run *run);
    } scenarios[] = {{"crash", crash}, {"storm", storm}, {"watch", watch}};
    static struct run run;

    for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
        if (!is_scenario(request, scenarios[i].name))
            continue;
        bool ok = begin(&run, request) && scenarios[i].play(&run);
        end(&run);
        return ok;
    }
    return tool_fail("the scenario must be crash, storm or watch");
}

static enum tool_status run(void *arg, const struct tool_list *operands)
{
    struct request *request = arg;

    request->scenario = operands->count > 0 ? operands->items[0] : NULL;
    if (!request->secret) {
        tool_fail("give JWT_SECRET in the environment");
        return TOOL_FAILED;
    }
    bool ok = rig_take_edges(&request->rig) && run_scenario(request);
    rig_fini(&request->rig);
    return ok ? TOOL_OK : TOOL_FAILED;
}

int main(int argc, char **argv)
{
    static struct request request;

    return tool_main(&TOOL, argc, argv, run, &request);
}
