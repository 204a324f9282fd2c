#define LOG_MODULE "redis_sessions"

#include "edge/adapters/redis/session_calls.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mem.h"
#include "edge/adapters/redis/session_answers.h"

struct session_call {
    struct list node;
    struct session_calls *calls;
    enum session_script script;
    struct session_request *request; // NULL: nobody waits for the answer
    struct redis_command command;
};

static void on_answer(const struct redis_value *value, uintptr_t tag, void *arg);

static void send_call(struct session_call *call, const char *verb, struct span script)
{
    const struct redis_command *command = &call->command;
    size_t argc = 3 + command->count, start = 0;
    const char **args = mem_alloc(argc * sizeof(args[0]));
    size_t *lens = mem_alloc(argc * sizeof(lens[0]));
    char key_count[24];

    args[0] = verb;
    lens[0] = strlen(verb);
    args[1] = script.ptr;
    lens[1] = script.len;
    args[2] = key_count;
    lens[2] = (size_t)snprintf(key_count, sizeof(key_count), "%zu", command->key_count);
    for (size_t i = 0; i < command->count; i++) {
        args[3 + i] = command->bytes.ptr + start;
        lens[3 + i] = command->ends[i] - start;
        start = command->ends[i];
    }
    redis_connection_send_argv(call->calls->connection, on_answer, (uintptr_t)call, argc, args,
                               lens);
    free(args);
    free(lens);
}

// `value` is NULL when there is no answer.
static void finish(struct session_call *call, const struct redis_value *value)
{
    struct session_request *request = call->request;
    enum session_script script = call->script;

    list_unlink(&call->node);
    redis_command_fini(&call->command);
    free(call);
    if (!request)
        return;
    request->pending = NULL;
    session_answer_tell(request, script, value);
}

static void note_refusal(struct session_calls *calls, const char *error)
{
    if (!calls->refusal_logged)
        log_warn("Redis does not keep sessions; clients cannot recover reason=%s", error);
    calls->refusal_logged = true;
}

static void on_answer(const struct redis_value *value, uintptr_t tag, void *arg)
{
    struct session_call *call = (struct session_call *)tag;
    const char *error = redis_value_error(value);

    (void)arg;
    if (!error) {
        call->calls->refusal_logged = false;
        finish(call, value);
    } else if (strncmp(error, "NOSCRIPT", 8) == 0) {
        send_call(call, "EVAL", session_script_text(call->script));
    } else {
        note_refusal(call->calls, error);
        finish(call, NULL);
    }
}

void session_calls_send(struct session_calls *calls, enum session_script script,
                        struct redis_command *command, struct session_request *request)
{
    struct session_call *call = mem_alloc(sizeof(*call));

    assert(calls->connection);
    *call = (struct session_call){
        .calls = calls, .script = script, .request = request, .command = *command};
    if (request)
        request->pending = call;
    list_append(&calls->unanswered, &call->node);
    send_call(call, "EVALSHA", session_script_sha(&calls->scripts, script));
}

void session_calls_withdraw(struct session_request *request)
{
    if (request->pending)
        ((struct session_call *)request->pending)->request = NULL;
    request->pending = NULL;
}

void session_calls_drop(struct session_calls *calls)
{
    calls->connection = NULL;
    while (!list_empty(&calls->unanswered))
        finish(list_entry(calls->unanswered.next, struct session_call, node), NULL);
}

void session_calls_connect(struct session_calls *calls, struct redis_connection *connection,
                           void (*when_loaded)(void *arg), void *arg)
{
    calls->connection = connection;
    calls->refusal_logged = false;
    session_scripts_load(&calls->scripts, connection, when_loaded, arg);
}

void session_calls_init(struct session_calls *calls)
{
    *calls = (struct session_calls){0};
    list_init(&calls->unanswered);
}
