// ws-listen: a Socket.IO client that prints every event it gets.
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "compose/tools/client_connection.h"
#include "compose/tools/client_dialogue.h"
#include "compose/tools/server_url.h"
#include "compose/tools/tool.h"

#define PATH "/socket.io/?EIO=4&transport=websocket"

struct request {
    const char *url, *token;
    bool json, once;
    int64_t count, timeout_s;
    struct tool_list rooms, events;
};

static const struct setting SETTINGS[] = {
    TOOL_ROW("--json", SETTING_SWITCH, json, "false", 0, 0, ""),
    TOOL_ROW("--once", SETTING_SWITCH, once, "false", 0, 0, ""),
    TOOL_ROW("--count", SETTING_NUMBER, count, "0", 0, INT64_MAX, ""),
    TOOL_ROW("--timeout", SETTING_DURATION, timeout_s, "0", 0, 365 * 24 * 3600, ""),
    TOOL_ROW("WS_URL", SETTING_TEXT, url, "http://127.0.0.1:3002", 0, 0, "URL of the gateway"),
    TOOL_ROW("WS_TOKEN", SETTING_SECRET, token, NULL, 0, 0, "Token to connect with"),
};

static const struct tool_option OPTIONS[] = {
    {"url", "URL", "WS_URL", 0, "URL of the gateway (default http://127.0.0.1:3002)"},
    {"token", "TOKEN", "WS_TOKEN", 0, "token to connect with (ws-token makes one)"},
    {"join", "ROOM", NULL, offsetof(struct request, rooms),
     "join a room, such as conversation:42 (repeatable)"},
    {"event", "NAME", NULL, offsetof(struct request, events),
     "print and count only this event (repeatable)"},
    {"count", "N", "--count", 0,
     "exit after N events; the gateway's own count only if --event names them"},
    {"timeout", "TIME", "--timeout", 0, "exit after TIME (10s, 5m); status 1 without N events"},
    {"json", NULL, "--json", 0, "print each event as a JSON object"},
    {"once", NULL, "--once", 0, "do not reconnect"},
};

static const struct tool TOOL = {
    .program =
        {.name = "ws-listen",
         .summary =
             "Connects to the gateway as a Socket.IO client over WebSocket and prints each event "
             "on a line.\nChanges of the connection are reported on stderr.",
         .settings = SETTINGS,
         .setting_count = ARRAY_LEN(SETTINGS)},
    .synopsis = "",
    .options = OPTIONS,
    .option_count = ARRAY_LEN(OPTIONS),
};

struct listener {
    const struct request *request;
    struct client_connection *connection;
    struct client_dialogue *dialogue;
    uint64_t silence_ms; // longest time without a ping of the server
    int64_t seen;
    bool failed;
};

// All that the signal handler can reach.
static struct client_connection *running;

static void on_signal(int number)
{
    (void)number;
    client_connection_stop(running);
}

static void fail(struct listener *listener)
{
    listener->failed = true;
    client_connection_stop(listener->connection);
}

// Prints a payload on one line, without characters that control the terminal.
static void print_printable(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        putchar(char_is_control(text.ptr[i]) ? ' ' : text.ptr[i]);
}

static struct span without_ends(struct span text)
{
    return (struct span){text.ptr + 1, text.len - 2};
}

static void print_event(const char *time, bool json, struct span name, struct span args,
                        struct span position)
{
    printf(json ? "{\"time\":\"%s\",\"event\":" : "%s ", time);
    print_printable(json ? name : without_ends(name));
    fputs(json ? ",\"args\":" : " ", stdout);
    print_printable(json ? args : without_ends(args));
    if (json && position.len > 0) {
        fputs(",\"position\":", stdout);
        print_printable(position);
    }
    puts(json ? "}" : "");
}

static bool is_wanted(const struct tool_list *events, struct span name)
{
    for (size_t i = 0; i < events->count; i++) {
        if (span_is(without_ends(name), events->items[i]))
            return true;
    }
    return events->count == 0;
}

// The gateway sends these to every client by itself. Counted, they would pass for an event that is
// waited for.
static bool is_counted(const struct tool_list *events, struct span name)
{
    static const char *const OWN[] = {"connected", "token_expiring_soon", "token_expired"};

    for (size_t i = 0; events->count == 0 && i < ARRAY_LEN(OWN); i++)
        if (span_is(without_ends(name), OWN[i]))
            return false;
    return true;
}

static void on_event(void *arg, struct span name, struct span args, struct span position)
{
    struct listener *listener = arg;
    const struct request *request = listener->request;
    char time[ISO8601_LEN + 1];
    bool enough = request->count > 0 && listener->seen == request->count;

    if (enough || !is_wanted(&request->events, name))
        return;
    clock_iso8601(clock_wall_ms(), time);
    print_event(time, request->json, name, args, position);
    if (fflush(stdout) != 0)
        fail(listener); // the reader of the output is gone
    if (!is_counted(&request->events, name))
        return;
    listener->seen++;
    if (listener->seen == request->count)
        client_connection_stop(listener->connection);
}

static void on_send(void *arg, struct span text)
{
    struct listener *listener = arg;

    client_connection_send(listener->connection, text);
}

static void on_open(void *arg, uint64_t interval_ms, uint64_t timeout_ms)
{
    struct listener *listener = arg;

    listener->silence_ms = interval_ms + timeout_ms;
    client_connection_expect_within(listener->connection, listener->silence_ms);
}

static void on_ping(void *arg)
{
    struct listener *listener = arg;

    client_connection_expect_within(listener->connection, listener->silence_ms);
}

static void on_connected(void *arg, const char *sid, bool recovered)
{
    struct listener *listener = arg;

    client_connection_settled(listener->connection);
    tool_say("connected to %s, socket %s%s", listener->request->url, sid,
             recovered ? ", the session is recovered" : "");
}

static void on_joined(void *arg, const char *room, bool joined, struct span answer)
{
    (void)arg;
    if (joined)
        tool_say("joined %s", room);
    else
        tool_say("joining %s was refused: " SPAN_FMT, room, SPAN_ARG(answer));
}

static void on_refused(void *arg, const char *reason)
{
    tool_say("the gateway refuses this client: %s", reason);
    fail(arg);
}

static void on_broken(void *arg, const char *reason)
{
    struct listener *listener = arg;

    client_connection_drop(listener->connection, reason);
}

static void on_up(void *arg)
{
    struct listener *listener = arg;

    client_dialogue_restart(listener->dialogue);
}

static void on_text(void *arg, struct span text)
{
    struct listener *listener = arg;

    client_dialogue_take(listener->dialogue, text);
}

static void on_down(void *arg, const char *reason, uint64_t retry_ms)
{
    if (retry_ms == CLIENT_NO_RETRY) {
        tool_say("%s", reason);
        fail(arg);
    } else {
        tool_say("%s; trying again in %" PRIu64 " ms", reason, retry_ms);
    }
}

static const struct client_callbacks DIALOGUE_CALLBACKS = {
    .send = on_send,
    .on_open = on_open,
    .on_ping = on_ping,
    .on_connected = on_connected,
    .on_event = on_event,
    .on_joined = on_joined,
    .on_refused = on_refused,
    .on_broken = on_broken,
};

static const struct client_connection_callbacks CONNECTION_CALLBACKS = {on_up, on_text, on_down};

static bool check_rooms(const struct tool_list *rooms)
{
    for (size_t i = 0; i < rooms->count; i++) {
        const char *colon = strchr(rooms->items[i], ':');
        if (!colon || colon == rooms->items[i] || colon[1] == '\0')
            return tool_fail("--join %s: give a type and an id, such as conversation:42",
                             rooms->items[i]);
    }
    return true;
}

static bool finish(const struct listener *listener)
{
    const struct request *request = listener->request;

    if (listener->failed)
        return false;
    if (request->count == 0 || listener->seen == request->count)
        return true;
    return tool_fail("%" PRId64 " of %" PRId64 " events came%s", listener->seen, request->count,
                     client_connection_timed_out(listener->connection) ? " in time" : "");
}

static bool listen(const struct request *request, const struct server_url *url)
{
    struct listener listener = {.request = request};
    struct client_connection_options options = {
        .host = url->host,
        .port = url->port,
        .path = PATH,
        .once = request->once,
        .timeout_ms = (uint64_t)request->timeout_s * 1000,
    };
    bool ok = false;

    listener.dialogue = client_dialogue_new(request->token, request->rooms.items,
                                            request->rooms.count, &DIALOGUE_CALLBACKS, &listener);
    listener.connection = client_connection_new(&options, &CONNECTION_CALLBACKS, &listener);
    if (listener.connection) {
        running = listener.connection;
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        client_connection_run(listener.connection);
        ok = finish(&listener);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
    }
    client_connection_free(listener.connection);
    client_dialogue_free(listener.dialogue);
    return ok;
}

static enum tool_status run(void *arg, const struct tool_list *operands)
{
    const struct request *request = arg;
    struct server_url url;
    const char *fault = server_url_parse(span_of(request->url), &url);

    (void)operands;
    if (fault) {
        tool_fail("the address %s is wrong: %s", request->url, fault);
        return TOOL_USAGE;
    }
    if (!check_rooms(&request->rooms))
        return TOOL_USAGE;
    return listen(request, &url) ? TOOL_OK : TOOL_FAILED;
}

int main(int argc, char **argv)
{
    static struct request request;

    return tool_main(&TOOL, argc, argv, run, &request);
}
