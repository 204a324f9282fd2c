#include "common/redis_error.h"

#include <stdio.h>
#include <string.h>

#include "common/attr.h"

// An error begins with its code. If a command of a script failed, the code follows a dash within
// the text.
static bool has_code(const char *error, const char *code)
{
    size_t len = strlen(code);

    for (const char *at = error; at; at = strchr(at, '-'), at = at ? at + 1 : NULL)
        if (strncmp(at, code, len) == 0 && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

bool redis_error_ends_connection(const char *error)
{
    static const char *const codes[] = {"READONLY", "MASTERDOWN", "LOADING", "NOAUTH", "WRONGPASS"};

    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (has_code(error, codes[i]))
            return true;
    return false;
}

// Since 7 Redis adds " script: <sha>, on @user_script:<line>."; before, "ERR Error running script
// (call to f_<sha>): @user_script:<line>: @user_script: <line>: -" comes first.
void redis_error_plain(const char *error, char *out, size_t size)
{
    const char *dash =
        strncmp(error, "ERR Error running script", 24) == 0 ? strstr(error, ": -") : NULL;
    const char *begin = dash ? dash + 3 : error;
    const char *script = strstr(begin, " script: ");
    size_t len = script ? (size_t)(script - begin) : strlen(begin);

    while (len > 0 && (begin[len - 1] == '.' || begin[len - 1] == ' '))
        len--;
    snprintf(out, size, "%.*s", (int)len, begin);
}

// hiredis names the first byte that is none of Redis' protocol: an alert of TLS begins with 0x15.
// Redis with TLS mostly resets the connection before the alert is read. A server without TLS
// answers what OpenSSL takes for a record of another version.
const char *redis_error_explain(const char *reason)
{
    if (strstr(reason, "got \"\\x15\""))
        return "the server speaks TLS at this port; rediss:// or REDIS_TLS=true asks for it";
    if (strcmp(reason, "Connection reset by peer") == 0)
        return "connection reset by peer before any answer; if the server speaks TLS at this port, "
               "rediss:// or REDIS_TLS=true asks for it";
    if (strstr(reason, "wrong version number"))
        return "the server speaks no TLS at this port; redis:// asks for none";
    return reason;
}

bool redis_error_is_out_of_memory(const char *error)
{
    return has_code(error, "OOM");
}

bool redis_error_wants_no_password(const char *error)
{
    return strstr(error, "without any password configured") || // 6 and later
           strstr(error, "no password is set");
}
