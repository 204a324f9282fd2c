#include "relay/api/api_command.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/json_string.h"
#include "common/mem.h"
#include "relay/api/api_answer.h"
#include "relay/api/api_body.h"
#include "relay/api/api_parts.h"

#define DEFAULT_SECONDS 604800                     // the default of JWT_EXPIRES_IN
#define SECONDS_MAX     ((uint64_t)100 * 31536000) // 100 years

struct command_call {
    struct api_task task;
    struct side_request *request;
    enum api_endpoint endpoint;
    char user[API_NAME_MAX + 1];
    struct buffer room;
    uint64_t seconds;
};

static void free_call(struct command_call *call)
{
    buffer_fini(&call->room);
    free(call);
}

static void on_failure(struct api_task *task, enum api_failure failure, const char *reason)
{
    static const enum api_error of_failure[] = {
        [API_TASK_STOPPING] = API_COMMAND_STOPPED,
        [API_TASK_NOT_BEGUN] = API_COMMAND_NOT_BEGUN,
        [API_TASK_FAILED] = API_COMMAND_FAILED,
    };
    struct command_call *call = container_of(task, struct command_call, task);

    api_answer_error(call->request, of_failure[failure], reason);
    free_call(call);
}

// ---- edges

static void print_edge(const struct edge_notice *edge, void *arg)
{
    struct buffer *json = arg;

    buffer_append(json, json->ptr[json->len - 1] == '[' ? SPAN_LIT("") : SPAN_LIT(","));
    edge_notice_print(edge, json);
}

static bool run_edges(struct api_task *task, struct control_channel *channel)
{
    struct command_call *call = container_of(task, struct command_call, task);
    struct buffer json = {0};

    buffer_append(&json, SPAN_LIT("{\"edges\":["));
    bool ok = control_channel_each_edge(channel, print_edge, &json);
    if (ok) {
        buffer_append(&json, SPAN_LIT("]}\n"));
        api_answer_json(call->request, 200, buffer_span(&json));
        free_call(call);
    }
    buffer_fini(&json);
    return ok;
}

// ---- commands about a user

static bool carry_out(const struct command_call *call, struct control_channel *channel,
                      struct command_result *result)
{
    struct span user = span_of(call->user);

    switch (call->endpoint) {
    case API_DISCONNECT:
        return control_channel_kick(channel, user, result);
    case API_REVOKE:
        return control_channel_revoke(channel, user, call->seconds, result);
    default:
        return control_channel_leave(channel, user, buffer_span(&call->room), result);
    }
}

static bool run_command(struct api_task *task, struct control_channel *channel)
{
    struct command_call *call = container_of(task, struct command_call, task);
    struct command_result r;
    struct buffer json = {0};

    if (!carry_out(call, channel, &r))
        return false;
    bool complete = r.receivers >= r.alive && r.answered >= r.alive;
    buffer_printf(&json,
                  "{\"sockets\":%" PRIu64 ",\"complete\":%s,\"edges\":{\"alive\":%" PRIu64
                  ",\"answered\":%" PRIu64 "}}\n",
                  r.sockets, complete ? "true" : "false", r.alive, r.answered);
    api_answer_json(call->request, 200, buffer_span(&json));
    buffer_fini(&json);
    free_call(call);
    return true;
}

// ---- bodies

// Answers if the room is none.
static bool read_room(struct command_call *call)
{
    struct json_view value;

    if (!api_body_member(side_request_body(call->request), "room", &value) ||
        value.kind != JSON_KIND_STRING ||
        !json_string_decode(json_view_inside(value), JSON_HALF_PAIR_REFUSED, &call->room) ||
        call->room.len == 0 || call->room.len > API_ROOM_MAX ||
        span_has_control(buffer_span(&call->room))) {
        api_answer_error(call->request, API_BAD_BODY,
                         "a JSON object with \"room\", such as \"conversation:42\"");
        return false;
    }
    if (!span_starts_with(buffer_span(&call->room), SPAN_LIT("user:")))
        return true;
    api_answer_error(call->request, API_BAD_ROOM, NULL);
    return false;
}

static bool read_seconds(struct command_call *call)
{
    struct json_view value;
    bool good = api_body_member(side_request_body(call->request), "seconds", &value);

    call->seconds = DEFAULT_SECONDS;
    if (good && value.kind != JSON_KIND_NONE)
        good = value.kind == JSON_KIND_NUMBER &&
               span_take_uint(&value.raw, SECONDS_MAX, &call->seconds) && value.raw.len == 0 &&
               call->seconds > 0;
    if (!good)
        api_answer_error(call->request, API_BAD_BODY,
                         "a JSON object with \"seconds\", a whole number above 0, or no body");
    return good;
}

// Answers if the request cannot be understood.
static bool read_request(struct command_call *call, const struct api_path *path)
{
    if (path->endpoint == API_EDGES)
        return true;
    if (!api_path_decode(path->name, call->user)) {
        api_answer_error(call->request, API_BAD_PATH, NULL);
        return false;
    }
    return path->endpoint == API_LEAVE    ? read_room(call)
           : path->endpoint == API_REVOKE ? read_seconds(call)
                                          : true;
}

void api_command(struct api *api, struct side_request *request, const struct api_path *path)
{
    struct command_call *call = mem_zalloc(sizeof(*call));

    call->task.run = path->endpoint == API_EDGES ? run_edges : run_command;
    call->task.on_failure = on_failure;
    call->request = request;
    call->endpoint = path->endpoint;
    if (read_request(call, path))
        api_commands_submit(api->commands, &call->task);
    else
        free_call(call);
}
