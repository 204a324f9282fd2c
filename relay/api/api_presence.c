#include "relay/api/api_presence.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/gateway_file/gateway_file.h"
#include "common/json_string.h"
#include "common/mem.h"
#include "proto/presence.h"
#include "relay/api/api_answer.h"
#include "relay/api/api_body.h"
#include "relay/api/api_parts.h"

struct presence_call {
    struct api_task task;
    struct side_request *request;
    bool are_users, is_list;
    struct buffer texts; // of the names, one behind another
    size_t ends[API_PRESENCE_MAX];
    size_t count;
};

static void free_call(struct presence_call *call)
{
    buffer_fini(&call->texts);
    free(call);
}

static struct span name_at(const struct presence_call *call, size_t i)
{
    size_t start = i > 0 ? call->ends[i - 1] : 0;

    return (struct span){call->texts.ptr + start, call->ends[i] - start};
}

// ---- the answer

static void print_found(const struct presence_call *call, size_t i,
                        const struct presence_found *found, struct buffer *json)
{
    buffer_append(json, call->are_users ? SPAN_LIT("{\"user\":") : SPAN_LIT("{\"room\":"));
    json_string_append(json, name_at(call, i));
    if (call->are_users)
        buffer_printf(json, ",\"online\":%s,\"connections\":%" PRIu64,
                      found->edges > 0 ? "true" : "false", found->count);
    else
        buffer_printf(json, ",\"count\":%" PRIu64, found->count);
    buffer_printf(json, ",\"edges\":%" PRIu64 "}", found->edges);
}

static void answer_found(const struct presence_call *call, const struct presence_found *found)
{
    struct buffer json = {0};

    if (call->is_list)
        buffer_append(&json, call->are_users ? SPAN_LIT("{\"users\":[") : SPAN_LIT("{\"rooms\":["));
    for (size_t i = 0; i < call->count; i++) {
        buffer_append(&json, i > 0 ? SPAN_LIT(",") : SPAN_LIT(""));
        print_found(call, i, &found[i], &json);
    }
    buffer_append(&json, call->is_list ? SPAN_LIT("]}\n") : SPAN_LIT("\n"));
    api_answer_json(call->request, 200, buffer_span(&json));
    buffer_fini(&json);
}

static bool run(struct api_task *task, struct control_channel *channel)
{
    struct presence_call *call = container_of(task, struct presence_call, task);
    struct span names[API_PRESENCE_MAX];
    struct presence_found found[API_PRESENCE_MAX] = {0};

    for (size_t i = 0; i < call->count; i++)
        names[i] = name_at(call, i);
    if (!presence_read(channel, call->are_users, names, call->count, found))
        return false;
    answer_found(call, found);
    free_call(call);
    return true;
}

static void on_failure(struct api_task *task, enum api_failure failure, const char *reason)
{
    struct presence_call *call = container_of(task, struct presence_call, task);

    api_answer_error(call->request,
                     failure == API_TASK_STOPPING ? API_COMMAND_STOPPED : API_COMMAND_NOT_BEGUN,
                     reason);
    free_call(call);
}

// ---- the request

static bool add_name(struct presence_call *call, struct json_view value)
{
    size_t start = call->texts.len;
    size_t max = call->are_users ? API_NAME_MAX : API_ROOM_MAX;

    if (call->count == API_PRESENCE_MAX || value.kind != JSON_KIND_STRING ||
        !json_string_decode(json_view_inside(value), JSON_HALF_PAIR_REFUSED, &call->texts))
        return false;
    call->ends[call->count++] = call->texts.len;
    struct span name = name_at(call, call->count - 1);
    return call->texts.len > start && name.len <= max && !span_has_control(name);
}

static bool read_list(struct presence_call *call)
{
    struct json_view list, value;

    if (!api_body_member(side_request_body(call->request), call->are_users ? "users" : "rooms",
                         &list) ||
        list.kind != JSON_KIND_ARRAY)
        return false;
    struct json_walk walk = json_walk_into(list);
    while (json_walk_element(&walk, &value))
        if (!add_name(call, value))
            return false;
    return call->count > 0;
}

static bool read_name(struct presence_call *call, struct span name)
{
    size_t max = call->are_users ? API_NAME_MAX : API_ROOM_MAX;

    if (!api_path_decode_to(name, max, &call->texts))
        return false;
    call->ends[call->count++] = call->texts.len;
    return true;
}

static bool read_request(struct presence_call *call, const struct api_path *path)
{
    bool good = call->is_list ? read_list(call) : read_name(call, path->name);

    if (!good && call->is_list)
        api_answer_error(call->request, API_BAD_BODY,
                         call->are_users
                             ? "a JSON object with \"users\", a list of 1 to 100 ids"
                             : "a JSON object with \"rooms\", a list of 1 to 100 rooms");
    else if (!good)
        api_answer_error(call->request, API_BAD_PATH, NULL);
    return good;
}

// A room that is no counted one would look empty.
static bool are_kept(struct api *api, const struct presence_call *call)
{
    struct span user = SPAN_LIT(GATEWAY_USER_ROOMS);
    bool kept = true;

    for (size_t i = 0; i < call->count && kept; i++) {
        struct span room = call->are_users ? user : name_at(call, i);
        kept = (call->are_users || !span_starts_with(room, user)) &&
               api->options.keeps(api->options.arg, room);
        if (!kept)
            api_answer_error(call->request, API_NO_PRESENCE, NULL);
    }
    return kept;
}

void api_presence(struct api *api, struct side_request *request, const struct api_path *path)
{
    struct presence_call *call = mem_zalloc(sizeof(*call));

    call->task.run = run;
    call->task.on_failure = on_failure;
    call->request = request;
    call->are_users = path->endpoint == API_USER_PRESENCE || path->endpoint == API_USERS_PRESENCE;
    call->is_list = path->endpoint == API_USERS_PRESENCE || path->endpoint == API_ROOMS_PRESENCE;
    if (read_request(call, path) && are_kept(api, call))
        api_commands_submit(api->names, &call->task);
    else
        free_call(call);
}
