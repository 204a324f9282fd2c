// ws-control: lists the live edges, drains them, and takes rights away from users at all of them.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis/redis_tls.h"
#include "common/shared_settings.h"
#include "compose/tools/tool.h"
#include "proto/control_channel.h"

#define YEAR_S (365LL * 24 * 3600)

struct request {
    bool all, dry_run;
    int64_t for_s;
    struct redis_settings redis;
};

static const struct setting SETTINGS[] = {
    TOOL_ROW("--all", SETTING_SWITCH, all, "false", 0, 0, ""),
    TOOL_ROW("--dry-run", SETTING_SWITCH, dry_run, "false", 0, 0, ""),
    TOOL_ROW("JWT_EXPIRES_IN", SETTING_DURATION, for_s, "7d", 1, 100 * YEAR_S,
             "Lifetime of a token; revoke refuses the older ones for so long"),
    REDIS_SETTINGS(struct request, redis),
};

static const struct tool_option OPTIONS[] = {
    {"all", NULL, "--all", 0, "drain every edge"},
    {"dry-run", NULL, "--dry-run", 0, "only print what would be done"},
    {"for", "DURATION", "JWT_EXPIRES_IN", 0,
     "how long revoke refuses older tokens, at least as long as they are valid: 12h, 30d"},
};

static void check(void *request, struct buffer *errors)
{
    struct redis_settings *redis = &((struct request *)request)->redis;

    redis_settings_finish(redis, errors);
    redis_tls_load(redis, errors);
}

static const struct tool TOOL = {
    .program =
        {.name = "ws-control",
         .summary =
             "Sends commands to the running edges through Redis.\n\n"
             "  edges            lists the running edges, one line of JSON each\n"
             "  drain EDGE       drains the edge, which then exits as on SIGTERM\n"
             "  kick USER        disconnects all sockets of a user and prints their number;\n"
             "                   official clients do not reconnect by themselves afterwards\n"
             "  revoke USER      disconnects the user, and refuses all tokens of the user that\n"
             "                   were issued before now\n"
             "  leave USER ROOM  takes all sockets of the user out of a room",
         .settings = SETTINGS,
         .setting_count = ARRAY_LEN(SETTINGS)},
    .synopsis = "edges\n       ws-control [options] drain EDGE\n"
                "       ws-control [options] drain --all\n       ws-control [options] kick USER\n"
                "       ws-control [options] revoke USER\n"
                "       ws-control [options] leave USER ROOM",
    .max_operands = 3,
    .options = OPTIONS,
    .option_count = ARRAY_LEN(OPTIONS),
    .check = check,
};

struct work {
    const struct request *request;
    struct control_channel *channel;
    const char *operand; // or NULL
    const char *room;    // or NULL
};

static bool failed(const struct work *work)
{
    return tool_fail("%s", control_channel_reason(work->channel));
}

// ---- edges

static void print_edge(const struct edge_notice *edge, void *arg)
{
    struct buffer line = {0};
    size_t *count = arg;

    (*count)++;
    edge_notice_print(edge, &line);
    puts(line.ptr);
    buffer_fini(&line);
}

static bool list_edges(const struct work *work)
{
    size_t count = 0;

    if (!control_channel_each_edge(work->channel, print_edge, &count))
        return failed(work);
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
        return failed(work);
    tool_say("told %" PRIu64 " edges: %s", receivers, what);
    return receivers > 0 || tool_fail("nobody was listening");
}

// If no edge has the name, the command is not published: all edges would get it and none would
// obey.
static bool drain_one(const struct work *work)
{
    bool alive;

    if (!control_channel_find_edge(work->channel, work->operand, &alive))
        return failed(work);
    if (!alive)
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

// `done` is what the edges have done with the sockets of the user that the command met.
static bool check_answers(const struct command_result *result, const char *none, const char *done)
{
    if (result->receivers == 0)
        return tool_fail("nobody was listening");
    if (result->receivers < result->alive)
        return tool_fail("%" PRIu64 " of %" PRIu64 " edges have not heard it, as they have no "
                         "connection to Redis now; repeat the command",
                         result->alive - result->receivers, result->alive);
    if (result->answered < result->receivers)
        tool_say("%" PRIu64 " of %" PRIu64 " who heard it have said how many sockets there were",
                 result->answered, result->receivers);
    if (result->sockets == 0)
        return tool_fail("told %" PRIu64 " edges: %s", result->receivers,
                         result->answered > 0 ? none : "none of them has answered");
    tool_say("told %" PRIu64 " edges: %s, %" PRIu64 " in all", result->receivers, done,
             result->sockets);
    return true;
}

static bool kick(const struct work *work)
{
    struct command_result result;

    if (work->request->dry_run)
        return would_say("the user's sockets are disconnected");
    if (!control_channel_kick(work->channel, span_of(work->operand), &result))
        return failed(work);
    return check_answers(&result, "the user has no socket at any of them",
                         "the user's sockets are disconnected");
}

// Succeeds although the user is not there: the tokens are refused all the same.
static bool revoke(const struct work *work)
{
    struct command_result result;

    if (work->request->dry_run)
        return would_say("the user's tokens are refused, and those who have one are disconnected");
    if (!control_channel_revoke(work->channel, span_of(work->operand),
                                (uint64_t)work->request->for_s, &result))
        return failed(work);
    tool_say("the user's tokens from before now are refused for %" PRId64 " s",
             work->request->for_s);
    if (result.receivers == 0)
        tool_say("no edge was listening; those that start later refuse them");
    else if (result.answered < result.receivers)
        tool_say("%" PRIu64 " of %" PRIu64 " who heard it have answered", result.answered,
                 result.receivers);
    tool_say("%" PRIu64 " sockets are disconnected", result.sockets);
    return true;
}

static bool leave(const struct work *work)
{
    struct span room = span_of(work->room);
    struct command_result result;

    if (span_starts_with(room, SPAN_LIT("user:")))
        return tool_fail("a user cannot leave the user's own room; kick disconnects the user");
    if (work->request->dry_run)
        return would_say("the user's sockets leave the room");
    if (!control_channel_leave(work->channel, span_of(work->operand), room, &result))
        return failed(work);
    return check_answers(&result, "the user has no socket in the room at any of them",
                         "the user's sockets have left the room");
}

// ---- the command line

static const struct command {
    const char *name;
    size_t operands;
    bool takes_all; // --all instead of the operands
    bool (*run)(const struct work *work);
} commands[] = {
    {"edges", 0, false, list_edges}, {"drain", 1, true, drain},  {"kick", 1, false, kick},
    {"revoke", 1, false, revoke},    {"leave", 2, false, leave},
};

static bool is_complete(const struct command *command, bool all, const struct tool_list *operands)
{
    size_t wanted = all && command->takes_all ? 0 : command->operands;

    if ((all && !command->takes_all) || operands->count != 1 + wanted)
        return false;
    for (size_t i = 1; i < operands->count; i++)
        if (operands->items[i][0] == '\0')
            return false;
    return true;
}

static const struct command *find_command(const struct request *request,
                                          const struct tool_list *operands)
{
    for (size_t i = 0; operands->count > 0 && i < ARRAY_LEN(commands); i++)
        if (strcmp(operands->items[0], commands[i].name) == 0 &&
            is_complete(&commands[i], request->all, operands))
            return &commands[i];
    tool_fail("say edges, drain EDGE, drain --all, kick USER, revoke USER, or leave USER ROOM; see "
              "ws-control --help");
    return NULL;
}

static enum tool_status run(void *arg, const struct tool_list *operands)
{
    const struct request *request = arg;
    const struct command *command = find_command(request, operands);
    struct work work = {.request = request};
    char why[CONTROL_REASON_MAX];

    if (!command)
        return TOOL_USAGE;
    work.operand = operands->count > 1 ? operands->items[1] : NULL;
    work.room = operands->count > 2 ? operands->items[2] : NULL;
    work.channel = control_channel_open(&request->redis, why);
    bool ok = work.channel ? command->run(&work) : tool_fail("%s", why);
    control_channel_close(work.channel);
    return ok ? TOOL_OK : TOOL_FAILED;
}

int main(int argc, char **argv)
{
    static struct request request;

    return tool_main(&TOOL, argc, argv, run, &request);
}
