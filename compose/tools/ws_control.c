// ws-control: lists the live edges, drains them, and disconnects a user at all of them.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json_string.h"
#include "common/shared_settings.h"
#include "compose/tools/control_channel.h"
#include "compose/tools/tool.h"
#include "proto/envelope.h"

struct request {
    bool all, dry_run;
    struct redis_settings redis;
};

static const struct setting SETTINGS[] = {
    TOOL_ROW("--all", SETTING_SWITCH, all, "false", 0, 0, ""),
    TOOL_ROW("--dry-run", SETTING_SWITCH, dry_run, "false", 0, 0, ""),
    REDIS_SETTINGS(struct request, redis),
};

static const struct tool_option OPTIONS[] = {
    {"all", NULL, "--all", 0, "drain every edge"},
    {"dry-run", NULL, "--dry-run", 0, "only print what would be done"},
};

static void check(void *request, struct buffer *errors)
{
    redis_settings_finish(&((struct request *)request)->redis, errors);
}

static const struct tool TOOL = {
    .program = {"ws-control",
                "Sends commands to the running edges through Redis.\n\n"
                "  edges       lists the running edges, one line of JSON each\n"
                "  drain EDGE  drains the edge, which then exits as on SIGTERM\n"
                "  kick USER   disconnects all sockets of a user and prints their number;\n"
                "              official clients do not reconnect by themselves afterwards",
                SETTINGS, ARRAY_LEN(SETTINGS)},
    .synopsis = "edges\n       ws-control [options] drain EDGE\n"
                "       ws-control [options] drain --all\n       ws-control [options] kick USER",
    .max_operands = 2,
    .options = OPTIONS,
    .option_count = ARRAY_LEN(OPTIONS),
    .check = check,
};

struct work {
    const struct request *request;
    struct control_channel *channel;
    const char *operand; // or NULL
};

// ---- edges

static void print_edge(const struct edge_notice *edge, void *arg)
{
    uint64_t now_ms = clock_wall_ms();
    struct buffer line = {0};
    size_t *count = arg;

    (*count)++;
    buffer_append(&line, SPAN_LIT("{\"edge\":"));
    json_string_append(&line, edge->id);
    buffer_printf(&line,
                  ",\"sockets\":%" PRIu64 ",\"rooms\":%" PRIu64 ",\"heardMsAgo\":%" PRIu64 "}",
                  edge->sockets, edge->rooms, now_ms > edge->at_ms ? now_ms - edge->at_ms : 0);
    puts(line.ptr);
    buffer_fini(&line);
}

static bool list_edges(const struct work *work)
{
    size_t count = 0;

    if (!control_channel_each_edge(work->channel, print_edge, &count))
        return false;
    return count > 0 || tool_fail("no edge is alive in database %" PRId64, work->request->redis.db);
}

// ---- commands

static bool would_say(const char *what)
{
    tool_say("would tell the edges: %s", what);
    return true;
}

static bool say(const struct work *work, const struct control *control, const char *what)
{
    uint64_t receivers = 0;

    if (work->request->dry_run)
        return would_say(what);
    if (!control_channel_publish(work->channel, control, &receivers))
        return false;
    tool_say("told %" PRIu64 " edges: %s", receivers, what);
    return receivers > 0 || tool_fail("nobody was listening");
}

struct search {
    const char *id;
    bool found;
};

static void compare_edge(const struct edge_notice *edge, void *arg)
{
    struct search *search = arg;

    search->found = search->found || span_is(edge->id, search->id);
}

// If no edge has the name, the command is not published: all edges would get it and none would
// obey.
static bool drain_one(const struct work *work)
{
    struct search search = {.id = work->operand};

    if (!control_channel_each_edge(work->channel, compare_edge, &search))
        return false;
    if (!search.found)
        return tool_fail("no edge named \"%s\" is alive; ws-control edges names them",
                         work->operand);
    return say(work, &(struct control){.kind = CONTROL_DRAIN, .edge = span_of(work->operand)},
               "one edge drains");
}

static bool drain(const struct work *work)
{
    if (work->operand)
        return drain_one(work);
    return say(work, &(struct control){.kind = CONTROL_DRAIN}, "all drain");
}

static bool check_kick(const struct kick_result *result)
{
    const char *none = "the user has no socket at any of them";

    if (result->receivers == 0)
        return tool_fail("nobody was listening");
    if (result->answered < result->receivers)
        tool_say("%" PRIu64 " of %" PRIu64 " who heard it have said how many sockets there were",
                 result->answered, result->receivers);
    if (result->sockets == 0)
        return tool_fail("told %" PRIu64 " edges: %s", result->receivers,
                         result->answered > 0 ? none : "none of them has answered");
    tool_say("told %" PRIu64 " edges: the user's sockets are disconnected, %" PRIu64 " in all",
             result->receivers, result->sockets);
    return true;
}

static bool kick(const struct work *work)
{
    struct kick_result result = {0};

    if (work->request->dry_run)
        return would_say("the user's sockets are disconnected");
    return control_channel_remember_kick(work->channel, span_of(work->operand)) &&
           control_channel_kick(work->channel, span_of(work->operand), &result) &&
           check_kick(&result);
}

// ---- the command line

enum want { NO_OPERAND, OPERAND, OPERAND_OR_ALL };

static const struct command {
    const char *name;
    enum want want;
    bool (*run)(const struct work *work);
} commands[] = {
    {"edges", NO_OPERAND, list_edges},
    {"drain", OPERAND_OR_ALL, drain},
    {"kick", OPERAND, kick},
};

static const struct command *find_command(const struct request *request,
                                          const struct tool_list *operands)
{
    bool has_operand = operands->count == 2 && operands->items[1][0] != '\0';

    for (size_t i = 0; operands->count > 0 && i < ARRAY_LEN(commands); i++) {
        const struct command *command = &commands[i];
        bool wants_operand =
            command->want == OPERAND || (command->want == OPERAND_OR_ALL && !request->all);
        if (strcmp(operands->items[0], command->name) != 0)
            continue;
        if (has_operand == wants_operand && (!request->all || command->want == OPERAND_OR_ALL))
            return command;
    }
    tool_fail("say edges, drain EDGE, drain --all, or kick USER; see ws-control --help");
    return NULL;
}

static bool do_command(const struct request *request, const struct command *command,
                       const char *operand)
{
    struct work work = {.request = request, .operand = operand};

    work.channel = control_channel_open(&request->redis);
    bool ok = work.channel && command->run(&work);
    control_channel_close(work.channel);
    return ok;
}

static enum tool_status run(void *request, const struct tool_list *operands)
{
    const struct command *command = find_command(request, operands);

    if (!command)
        return TOOL_USAGE;
    bool ok = do_command(request, command, operands->count == 2 ? operands->items[1] : NULL);
    return ok ? TOOL_OK : TOOL_FAILED;
}

int main(int argc, char **argv)
{
    static struct request request;

    return tool_main(&TOOL, argc, argv, run, &request);
}
