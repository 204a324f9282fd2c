// The Lua scripts that Redis runs for the session store, one for each command, and their loading.
//
// A script answers '0' when it has done its work, '1' when there is no such session, and '2' when
// the session belongs to another generation. CLAIM answers {'0', fields, lost position of each
// shard}, or {reason}, a number of enum session_claim.
#pragma once

#include "edge/adapters/redis/redis_connection.h"

#define SCRIPT_SHA_MAX 64

enum session_script {
    SCRIPT_PUT = 0,
    SCRIPT_JOIN,
    SCRIPT_LEAVE,
    SCRIPT_TOUCH,
    SCRIPT_DROP,
    SCRIPT_CLAIM,
    SCRIPT_LOSE,
    SESSION_SCRIPTS,
};

struct session_scripts {
    unsigned loaded;
    struct script_loading {
        struct session_scripts *scripts;
        char sha[SCRIPT_SHA_MAX]; // its name in Redis
    } loading[SESSION_SCRIPTS];
    void (*on_loaded)(void *arg);
    void *on_loaded_arg;
};

// Loads the scripts on a new connection. `when_loaded` is called when Redis has answered for all. A
// script that Redis refused is logged; its calls are then sent with the whole text, which Redis may
// refuse as well.
void session_scripts_load(struct session_scripts *scripts, struct redis_connection *connection,
                          void (*when_loaded)(void *arg), void *arg);
bool session_scripts_are_loaded(const struct session_scripts *scripts);

// The name of a script for EVALSHA, and its text for EVAL.
struct span session_script_sha(const struct session_scripts *scripts, enum session_script script);
struct span session_script_text(enum session_script script);
