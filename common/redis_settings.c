#include "common/redis_settings.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/broker_url.h"
#include "common/mem.h"
#include "common/settings.h"
#include "common/span.h"

#define DB_MAX 1000000

static const char *const schemes[] = {"redis", "rediss", BROKER_URL_SOCKET, NULL};

// Braces would move the keys of a shard to other slots of a cluster, and * ? [ ] \ are patterns to
// SCAN and in the rights of users.
static void check_key_prefix(struct span prefix, struct buffer *errors)
{
    bool right = prefix.len <= REDIS_KEY_PREFIX_MAX;

    for (size_t i = 0; right && i < prefix.len; i++)
        right = isalnum((unsigned char)prefix.ptr[i]) || memchr("._:-", prefix.ptr[i], 4);
    if (!right)
        settings_fault(errors, "REDIS_KEY_PREFIX must have at most %d letters, digits and . _ : -",
                       REDIS_KEY_PREFIX_MAX);
}

static void report_difference(const char *name, struct buffer *errors)
{
    settings_fault(errors, "%s and REDIS_URL say different things; give one of them", name);
}

// Takes a text that the URL names, unless its own variable has another one.
static void take_text(const char *name, const char *named, const char **field, bool given,
                      struct buffer *errors)
{
    if (!named)
        return;
    if (given && *field && strcmp(*field, named) != 0)
        report_difference(name, errors);
    else
        *field = mem_strdup(named);
}

static void take_number(const char *name, int64_t named, int64_t *field, struct buffer *errors)
{
    if (settings_is_given(name) && *field != named)
        report_difference(name, errors);
    else
        *field = named;
}

static void take_place(const struct broker_url *url, struct redis_settings *settings,
                       struct buffer *errors)
{
    if (url->host) {
        take_text("REDIS_HOST", url->host, &settings->host, settings_is_given("REDIS_HOST"),
                  errors);
        if (url->port > 0)
            take_number("REDIS_PORT", url->port, &settings->port, errors);
        return;
    }
    if (settings_is_given("REDIS_HOST"))
        report_difference("REDIS_HOST", errors);
    if (settings_is_given("REDIS_PORT"))
        report_difference("REDIS_PORT", errors);
    settings->socket = mem_strdup(url->path);
}

// The database is the path, but of a socket it is the query: unix:///run/redis.sock?db=2.
static void take_database(const struct broker_url *url, struct redis_settings *settings,
                          struct buffer *errors)
{
    struct span text = span_of(url->host ? url->path ? url->path : "" : "");
    uint64_t number;

    if (url->query && !url->host && span_starts_with(span_of(url->query), SPAN_LIT("db=")))
        text = span_of(url->query + 3);
    else if (url->query)
        settings_fault(errors, "REDIS_URL must not have a query, except ?db= of a socket");
    if (text.len == 0)
        return;
    if (!span_take_uint(&text, DB_MAX, &number) || text.len > 0)
        settings_fault(errors, "REDIS_URL must name the database by its number");
    else
        take_number("REDIS_DB", (int64_t)number, &settings->db, errors);
}

static void apply_url(struct redis_settings *settings, struct buffer *errors)
{
    struct broker_url url;
    const char *fault = broker_url_parse(&url, settings->url, schemes);

    if (fault) {
        settings_fault(errors,
                       "REDIS_URL must be like redis://user:password@host:6379/1, rediss://… or "
                       "unix:///run/redis.sock: %s",
                       fault);
    } else {
        take_place(&url, settings, errors);
        take_text("REDIS_USERNAME", url.user, &settings->username, true, errors);
        take_text("REDIS_PASSWORD", url.password, &settings->password, true, errors);
        take_database(&url, settings, errors);
        if (strcmp(url.scheme, "rediss") == 0)
            settings_fault(errors, "REDIS_URL begins with rediss://, but this program cannot speak "
                                   "TLS to Redis");
    }
    broker_url_fini(&url);
}

void redis_settings_finish(struct redis_settings *settings, struct buffer *errors)
{
    if (settings->url)
        apply_url(settings, errors);
    if (settings->username && !settings->password)
        settings_fault(errors, "REDIS_USERNAME needs REDIS_PASSWORD: Redis takes no user without a "
                               "password");
    if (settings->key_prefix)
        check_key_prefix(span_of(settings->key_prefix), errors);
}

const char *redis_settings_place(const struct redis_settings *settings, char out[REDIS_PLACE_MAX])
{
    if (settings->socket)
        snprintf(out, REDIS_PLACE_MAX, "socket=%s", settings->socket);
    else
        snprintf(out, REDIS_PLACE_MAX, "host=%s port=%" PRId64, settings->host, settings->port);
    return out;
}
