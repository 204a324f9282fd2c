// TLS to Redis and to its Sentinels, where the hiredis at hand has it (1.0 and later). CMake takes
// redis_tls.c if there is hiredis_ssl, and redis_tls_absent.c otherwise.
#pragma once

#include "common/redis_settings.h"

struct redisContext;
struct ssl_st;

// The files of the settings, loaded.
struct redis_tls;

// Returns NULL, with a line in `errors`, if TLS is not there or a file cannot be used; and NULL
// without a line if the settings do not ask for TLS.
NODISCARD struct redis_tls *redis_tls_new(const struct redis_settings *settings,
                                          struct buffer *errors);
void redis_tls_free(struct redis_tls *tls);

#define REDIS_TLS_REASON_MAX 256
#define REDIS_TLS_UNUSABLE   "the files of TLS could be used when they were checked, and not later"

// Begins TLS on a connection that was just opened; one that blocks is through with the handshake
// afterwards. The certificate must be for `host`, a name or an address. Returns NULL if it failed,
// with the reason in `reason`; else what `redis` owns from now on.
NODISCARD struct ssl_st *redis_tls_begin(const struct redis_tls *tls, struct redisContext *redis,
                                         const char *host, char reason[REDIS_TLS_REASON_MAX]);
// Why a connection has ended, of which hiredis says `otherwise`: during the handshake of one that
// does not block that is no more than "Success". Call it while `redis` still has the connection.
void redis_tls_explain(const struct ssl_st *ssl, const char *otherwise,
                       char reason[REDIS_TLS_REASON_MAX]);

// Call before hiredis reads or writes on a thread that does other work with OpenSSL, such as checks
// of tokens. They leave errors behind that hiredis would take for those of the connection.
void redis_tls_forget_errors(void);
