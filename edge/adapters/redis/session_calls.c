#define LOG_MODULE "redis_sessions"

#include "edge/adapters/redis/session_calls.h"

#include <assert.h>
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
    redis_command_run_script(&call->command, call->calls->connection, verb, script, on_answer,
                             (uintptr_t)call);
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
