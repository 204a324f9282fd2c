// bench-clients: loads a running gateway with clients and messages, and prints what that cost.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/clients.h"
#include "tests/bench/measure.h"
#include "tests/bench/rig.h"
#include "tests/bench/source.h"
#include "tests/bench/tally.h"

#define IN_FLIGHT   128
#define SETTLE_MS   500
#define COLLECT_MS  2000          // for a heap of some hundred MB
#define PATIENCE_NS 5000000000ULL // without a delivery after everything is published

struct request {
    int64_t clients, warm_up, seconds, rooms, members, messages, rate, filling, relay;
    bool json, collect;
    const char *token, *scenario;
    struct rig rig;
};

static const struct setting SETTINGS[] = {
    TOOL_ROW("--clients", SETTING_NUMBER, clients, "100", 1, 1000000, ""),
    TOOL_ROW("--warm-up", SETTING_NUMBER, warm_up, "0", 0, 1000000, ""),
    TOOL_ROW("--seconds", SETTING_NUMBER, seconds, "10", 1, 3600, ""),
    TOOL_ROW("--rooms", SETTING_NUMBER, rooms, "1", 1, 100000, ""),
    TOOL_ROW("--members", SETTING_NUMBER, members, "10", 1, 100000, ""),
    TOOL_ROW("--messages", SETTING_NUMBER, messages, "100", 1, 1000000, ""),
    TOOL_ROW("--rate", SETTING_NUMBER, rate, "0", 0, 1000000, ""),
    TOOL_ROW("--filling", SETTING_NUMBER, filling, "0", 0, 100000, ""),
    TOOL_ROW("--relay", SETTING_NUMBER, relay, "0", 0, INT32_MAX, ""),
    TOOL_ROW("--json", SETTING_SWITCH, json, "false", 0, 0, ""),
    TOOL_ROW("--collect", SETTING_SWITCH, collect, "false", 0, 0, ""),
    TOOL_ROW("WS_TOKEN", SETTING_SECRET, token, NULL, 0, 0, "token of all clients"),
    RIG_SETTINGS,
};

static const struct tool_option OPTIONS[] = {
    {"clients", "N", "--clients", 0, "connections that are measured (connect, idle)"},
    {"warm-up", "N", "--warm-up", 0, "connections before those (connect)"},
    {"seconds", "N", "--seconds", 0, "how long they do nothing (idle)"},
    {"rooms", "N", "--rooms", 0, "rooms (messages)"},
    {"members", "N", "--members", 0, "clients in each (messages)"},
    {"messages", "N", "--messages", 0, "events in all, as many for each room (messages)"},
    {"rate", "N", "--rate", 0, "of them per second; 0: as fast as possible (messages)"},
    {"filling", "BYTES", "--filling", 0, "by which each event is longer (messages)"},
    {"relay", "PID", "--relay", 0, "process of the relay, whose CPU time counts"},
    {"json", NULL, "--json", 0, "print the figures as a JSON object"},
    {"collect", NULL, "--collect", 0, "SIGUSR2 to the edges before their memory is read (idle)"},
    RIG_EDGE_OPTION,
};

static void check(void *request, struct buffer *errors)
{
    rabbitmq_settings_finish(&((struct request *)request)->rig.rabbitmq, errors);
}

static const struct tool TOOL = {
    .program = {.name = "bench-clients",
                .summary =
                    "Loads a gateway on this machine and prints one line of what that cost.\n"
                    "SCENARIO is connect, idle or messages. tests/bench/run starts all of it.",
                .settings = SETTINGS,
                .setting_count = ARRAY_LEN(SETTINGS)},
    .synopsis = "SCENARIO",
    .max_operands = 1,
    .options = OPTIONS,
    .check = check,
    .option_count = ARRAY_LEN(OPTIONS),
};

// CPU time of the edges and the relay.
static double cpu_now(const struct request *request)
{
    pid_t relay = (pid_t)request->relay;

    return cpu_seconds(request->rig.pids, request->rig.edge_count) +
           cpu_seconds(&relay, relay > 0 ? 1 : 0);
}

static struct clients_options options_of(const struct request *request, int64_t most)
{
    return (struct clients_options){.ports = request->rig.ports,
                                    .port_count = request->rig.edge_count,
                                    .tokens = &request->token,
                                    .token_count = 1,
                                    .most = (uint32_t)most};
}

#define CONNECT_TEXT "connections %" PRId64 ", CPU %.3f ms each, %.0f per second\n"
#define CONNECT_JSON "{\"connections\":%" PRId64 ",\"cpuMs\":%.4f,\"perSecond\":%.0f}\n"

static bool run_connect(const struct request *request)
{
    int64_t all = request->warm_up + request->clients;
    struct clients_options options = options_of(request, all);
    struct clients *clients = clients_new(&options);
    bool ok = clients && clients_connect(clients, (uint32_t)request->warm_up, IN_FLIGHT);

    if (ok) {
        double cpu = cpu_now(request);
        uint64_t start = monotonic_ns();
        ok = clients_connect(clients, (uint32_t)all, IN_FLIGHT);
        double seconds = (double)(monotonic_ns() - start) / 1e9;
        cpu = cpu_now(request) - cpu;
        if (ok)
            printf(request->json ? CONNECT_JSON : CONNECT_TEXT, request->clients,
                   cpu * 1e3 / (double)request->clients, (double)request->clients / seconds);
    }
    clients_free(clients);
    return ok;
}

#define IDLE_TEXT "connections %" PRId64 ", edge memory %.1f KB each, CPU %.2f %% of a core\n"
#define IDLE_JSON "{\"connections\":%" PRId64 ",\"memoryKb\":%.2f,\"cpuPercent\":%.2f}\n"

// What is garbage belongs to no connection. Programs that collect theirs do so on SIGUSR2.
static void collect_garbage(const struct request *request, struct clients *clients)
{
    for (size_t i = 0; request->collect && i < request->rig.edge_count; i++)
        kill(request->rig.pids[i], SIGUSR2);
    clients_settle(clients, request->collect ? COLLECT_MS : SETTLE_MS);
}

static bool run_idle(const struct request *request)
{
    struct clients_options options = options_of(request, request->clients);
    struct clients *clients = clients_new(&options);

    if (!clients)
        return false;
    collect_garbage(request, clients);
    uint64_t before = resident_bytes(request->rig.pids, request->rig.edge_count);
    bool ok = clients_connect(clients, (uint32_t)request->clients, IN_FLIGHT);
    if (ok) {
        collect_garbage(request, clients);
        int64_t grown =
            (int64_t)(resident_bytes(request->rig.pids, request->rig.edge_count) - before);
        double cpu = cpu_now(request);
        clients_read_for(clients, (uint64_t)request->seconds * 1000000000);
        cpu = cpu_now(request) - cpu;
        printf(request->json ? IDLE_JSON : IDLE_TEXT, request->clients,
               (double)grown / 1024 / (double)request->clients,
               cpu * 100 / (double)request->seconds);
        ok = clients_closed(clients) == 0;
    }
    clients_free(clients);
    return ok;
}

static void on_event(void *user, uint32_t client, struct span packet, uint64_t now_ns)
{
    tally_packet(user, client, packet, now_ns);
}

// Reads until all deliveries have come, or none has come for a while.
static bool collect(struct clients *clients, struct source *source, const struct tally *tally)
{
    uint64_t last_ns = monotonic_ns();

    while (tally->deliveries < tally->expected || source_state(source) == SOURCE_RUNS) {
        size_t had = tally->deliveries;
        enum source_state state = source_state(source);
        clients_read(clients, 100);
        if (state == SOURCE_FAILED)
            return false;
        if (tally->deliveries > had || state == SOURCE_RUNS)
            last_ns = monotonic_ns();
        else if (monotonic_ns() - last_ns > PATIENCE_NS)
            break;
    }
    return true;
}

#define MESSAGES_TEXT                                                                              \
    "deliveries %zu of %zu, lost %zu, doubled %zu, reordered %zu, closed %" PRIu32                 \
    ", %.0f per CPU-second, CPU %.2f us each, latency p50 %.2f ms p99 %.2f ms, %.1f s\n"
#define MESSAGES_JSON                                                                              \
    "{\"deliveries\":%zu,\"expected\":%zu,\"lost\":%zu,\"doubled\":%zu,\"reordered\":%zu,"         \
    "\"closed\":%" PRIu32 ",\"perCpuSecond\":%.0f,\"cpuUs\":%.4f,\"p50Ms\":%.2f,\"p99Ms\":%.2f,"   \
    "\"seconds\":%.1f}\n"

static bool report(const struct request *request, const struct tally *tally, double cpu,
                   double seconds, uint32_t closed)
{
    size_t lost = tally->expected - tally->deliveries;
    double deliveries = tally->deliveries > 0 ? (double)tally->deliveries : 1;
    uint32_t p50 = percentile(tally->latencies_us, tally->deliveries, 50);
    uint32_t p99 = percentile(tally->latencies_us, tally->deliveries, 99);

    printf(request->json ? MESSAGES_JSON : MESSAGES_TEXT, tally->deliveries, tally->expected, lost,
           tally->duplicates, tally->reordered, closed, deliveries / cpu, cpu * 1e6 / deliveries,
           p50 / 1e3, p99 / 1e3, seconds);
    return lost == 0 && tally->duplicates == 0 && tally->reordered == 0 && closed == 0;
}

// Publishes to the connected clients and measures.
static bool measure_messages(const struct request *request, struct clients *clients,
                             struct source *source, struct tally *tally)
{
    clients_settle(clients, SETTLE_MS);
    double cpu = cpu_now(request);
    uint64_t start = monotonic_ns();
    source_start(source);
    if (!collect(clients, source, tally))
        return false;
    double seconds = (double)(monotonic_ns() - start) / 1e9;
    cpu = cpu_now(request) - cpu;
    clients_settle(clients, SETTLE_MS); // doubled messages come last
    return report(request, tally, cpu, seconds, clients_closed(clients));
}

static bool run_messages(const struct request *request)
{
    const struct source_plan plan = {
        .rabbitmq = &request->rig.rabbitmq,
        .rooms = (uint32_t)request->rooms,
        .messages = (uint32_t)request->messages,
        .rate = (uint32_t)request->rate,
        .filling = (uint32_t)request->filling,
    };
    int64_t count = request->rooms * request->members;
    struct clients_options options = options_of(request, count);
    struct tally tally;

    if (request->messages % request->rooms != 0 || count > 1000000)
        return tool_fail("--messages must be a multiple of --rooms, and the clients a million "
                         "at most");
    tally_init(&tally, (uint32_t)count, (uint32_t)(request->messages / request->rooms));
    options.rooms = (uint32_t)request->rooms;
    options.on_event = on_event;
    options.user = &tally;
    struct clients *clients = clients_new(&options);
    struct source *source = source_new(&plan);
    bool ok = clients && source && clients_connect(clients, (uint32_t)count, IN_FLIGHT) &&
              measure_messages(request, clients, source, &tally);
    source_free(source);
    clients_free(clients);
    tally_fini(&tally);
    return ok;
}

static bool run_scenario(const struct request *request)
{
    struct span scenario = span_of(request->scenario);

    if (span_is(scenario, "connect"))
        return run_connect(request);
    if (span_is(scenario, "idle"))
        return run_idle(request);
    if (span_is(scenario, "messages"))
        return run_messages(request);
    return tool_fail("the scenario must be connect, idle or messages");
}

static enum tool_status run(void *arg, const struct tool_list *operands)
{
    struct request *request = arg;

    request->scenario = operands->count > 0 ? operands->items[0] : NULL;
    if (!request->token) {
        tool_fail("give WS_TOKEN in the environment");
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
