// TLS to Redis and to its Sentinels, where the hiredis at hand has it (1.0 and later). CMake takes
// redis_tls.c if there is hiredis_ssl, and redis_tls_absent.c otherwise.
#pragma once

#include "common/redis_settings.h"

struct redisContext;
struct ssl_st;

// Loads the files, if the settings ask for TLS: fills `store`. Adds a line to `errors` if TLS is
// not there, and for each file that cannot be used.
void redis_tls_load(struct redis_settings *settings, struct buffer *errors);

#define REDIS_TLS_REASON_MAX 256

// Begins TLS on a connection that was just opened; one that blocks is through with the handshake
// afterwards. The certificate must be for `host`, a name or an address. Returns NULL if it failed,
// with the reason in `reason`; else what `redis` owns from now on.
NODISCARD struct ssl_st *redis_tls_begin(struct tls_store *store, struct redisContext *redis,
                                         const char *host, char reason[REDIS_TLS_REASON_MAX]);
// Why a connection has ended, of which hiredis says `otherwise`: during the handshake of one that
// does not block that is no more than "Success". Call it while `redis` still has the connection.
void redis_tls_explain(const struct ssl_st *ssl, const char *otherwise,
                       char reason[REDIS_TLS_REASON_MAX]);

// Call before hiredis reads or writes on a thread that does other work with OpenSSL, such as checks
// of tokens. They leave errors behind that hiredis would take for those of the connection.
void redis_tls_forget_errors(void);
