// chaos-crowd: thousands of cheap clients that reconnect and report which messages did not follow
// one another.
//
// They are in rooms "bench-0" and on, whose messages have rising numbers. For each number that does
// not follow the one before it on the same connection, a line on stdout says "jump ROOM LAST
// NUMBER"; the log shows whether a message was missed. When stdin ends, the last line is "heard
// EVENTS closed CONNECTIONS ready CLIENTS".
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "compose/tools/tool.h"
#include "tests/bench/clients.h"

#define IN_FLIGHT 128
#define BACK_MS   500

struct request {
    int64_t clients, rooms;
    const char *token;
    struct tool_list edges;
};

struct crowd {
    uint32_t rooms;
    uint64_t *last; // last number of each client on this connection; 0: none
    uint64_t heard;
};

static const struct setting SETTINGS[] = {
    TOOL_ROW("--clients", SETTING_NUMBER, clients, "2000", 1, 1000000, ""),
    TOOL_ROW("--rooms", SETTING_NUMBER, rooms, "20", 1, 100000, ""),
    TOOL_ROW("WS_TOKEN", SETTING_SECRET, token, NULL, 0, 0, "token of all clients"),
};

static const struct tool_option OPTIONS[] = {
    {"clients", "N", "--clients", 0, "how many there are"},
    {"rooms", "N", "--rooms", 0, "rooms that they share"},
    {"edge", "PORT", NULL, offsetof(struct request, edges), "an edge on loopback (repeatable)"},
};

static const struct tool TOOL = {
    .program = {.name = "chaos-crowd",
                .summary = "Clients of the chaos suite, which starts it.",
                .settings = SETTINGS,
                .setting_count = ARRAY_LEN(SETTINGS)},
    .synopsis = "",
    .options = OPTIONS,
    .option_count = ARRAY_LEN(OPTIONS),
};

static void on_ready(void *user, uint32_t client, bool recovered)
{
    struct crowd *crowd = user;

    (void)recovered;
    crowd->last[client] = 0;
}

static bool read_number(struct span packet, uint64_t *number)
{
    struct span before;

    return span_take_before(&packet, SPAN_LIT("\"message\":"), &before) &&
           span_take_uint(&packet, UINT64_MAX, number) && *number > 0;
}

static void on_event(void *user, uint32_t client, struct span packet, uint64_t now_ns)
{
    struct crowd *crowd = user;
    uint64_t number, last = crowd->last[client];

    (void)now_ns;
    if (!span_starts_with(packet, SPAN_LIT("42[\"new_message\"")) || !read_number(packet, &number))
        return;
    crowd->heard++;
    if (last > 0 && number != last + 1)
        printf("jump %" PRIu32 " %" PRIu64 " %" PRIu64 "\n", client % crowd->rooms, last, number);
    if (number > last)
        crowd->last[client] = number;
}

static void listen_on(struct clients *clients, const struct crowd *crowd)
{
    clients_read_until_told(clients);
    printf("heard %" PRIu64 " closed %" PRIu32 " ready %" PRIu32 "\n", crowd->heard,
           clients_closed(clients), clients_ready(clients));
}

static bool take_ports(const struct request *request, uint16_t *ports)
{
    for (size_t i = 0; i < request->edges.count; i++) {
        unsigned port;
        if (sscanf(request->edges.items[i], "%5u", &port) != 1 || port == 0 || port > UINT16_MAX)
            return tool_fail("--edge must be a port, not \"%s\"", request->edges.items[i]);
        ports[i] = (uint16_t)port;
    }
    return request->token && request->edges.count > 0
               ? true
               : tool_fail("give --edge PORT, and WS_TOKEN in the environment");
}

static enum tool_status run(void *arg, const struct tool_list *operands)
{
    const struct request *request = arg;
    uint32_t count = (uint32_t)request->clients;
    uint16_t *ports = mem_zalloc((request->edges.count + 1) * sizeof(ports[0]));
    struct crowd crowd = {.rooms = (uint32_t)request->rooms,
                          .last = mem_zalloc(count * sizeof(crowd.last[0]))};
    struct clients *clients = NULL;

    (void)operands;
    bool ok = take_ports(request, ports);
    const struct clients_options options = {.ports = ports,
                                            .port_count = request->edges.count,
                                            .tokens = &request->token,
                                            .token_count = 1,
                                            .most = count,
                                            .rooms = crowd.rooms,
                                            .back_ms = BACK_MS,
                                            .back_max_ms = BACK_MS,
                                            .on_ready = on_ready,
                                            .on_event = on_event,
                                            .user = &crowd};
    ok = ok && (clients = clients_new(&options)) && clients_connect(clients, count, IN_FLIGHT);
    if (ok)
        listen_on(clients, &crowd);
    clients_free(clients);
    free(crowd.last);
    free(ports);
    return ok ? TOOL_OK : TOOL_FAILED;
}

int main(int argc, char **argv)
{
    static struct request request;

    return tool_main(&TOOL, argc, argv, run, &request);
}
