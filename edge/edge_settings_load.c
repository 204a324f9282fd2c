#include "edge/edge_settings_load.h"

#include <string.h>

#include "common/redis/redis_tls.h"
#include "common/service_url.h"
#include "common/setting_typos.h"
#include "edge/edge_keys.h"
#include "edge/edge_rooms.h"
#include "edge/gateway/clients/token.h"
#include "edge/gateway/delivery/cut.h"
#include "edge/http/allowed_origins.h"
#include "edge/http/cookie.h"

#define NOT_GIVEN (-1)

static bool is_production(const struct edge_settings *settings)
{
    return settings->environment == ENV_PRODUCTION;
}

static void choose_metrics(struct edge_settings *settings)
{
    if (!settings_is_given("METRICS_ROOMS"))
        settings->metrics_rooms = !is_production(settings);
}

static void check_algorithms(struct edge_settings *settings, struct buffer *errors)
{
    struct span rest = span_of(settings->jwt_algorithms), name;
    struct buffer known = {0};

    token_algorithms_print(token_algorithms_available(), &known);
    while (span_take_until(&rest, ',', &name)) {
        name = span_trim(name);
        enum token_algorithm algorithm = token_algorithm_find(name);
        if (algorithm & token_algorithms_available())
            settings->algorithms |= algorithm;
        else if (algorithm)
            settings_fault(errors,
                           "JWT_ALGORITHMS names " SPAN_FMT ", which the libjwt of this program "
                           "cannot verify; leave it out, or build with one that can: Debian 13's "
                           "has PS256, PS384 and PS512",
                           SPAN_ARG(name));
        else
            settings_fault(errors, "JWT_ALGORITHMS must be of %s, not \"%.*s\"", known.ptr,
                           (int)(name.len < 64 ? name.len : 64), name.ptr);
    }
    buffer_fini(&known);
}

// A list of nothing but commas would refuse every token.
static void check_list(const char *setting, const char *list, struct buffer *errors)
{
    struct span rest = span_of(list), entry;

    while (span_take_until(&rest, ',', &entry))
        if (span_trim(entry).len > 0)
            return;
    if (list)
        settings_fault(errors, "%s names nothing, so that every token would be refused", setting);
}

static void check_origins(const char *list, struct buffer *errors)
{
    struct span rest = span_of(list), entry;
    const char *fault;

    while (allowed_origins_take_entry(&rest, &entry, &fault))
        if (fault)
            settings_fault(errors,
                           "CORS_ORIGIN holds \"%.*s\", which no page's origin can equal: %s "
                           "(an origin is written https://app.example.com or "
                           "http://localhost:5173)",
                           (int)(entry.len < 128 ? entry.len : 128), entry.ptr, fault);
}

static bool allows_all(const char *list)
{
    struct span rest = span_of(list), entry;
    const char *fault;

    while (allowed_origins_take_entry(&rest, &entry, &fault))
        if (span_is(entry, "*"))
            return true;
    return false;
}

// Browsers send cookies with the requests of strangers' pages too.
static void check_cookie(const struct edge_settings *settings, struct buffer *errors)
{
    if (!settings->jwt_cookie)
        return;
    if (!cookie_is_name(span_of(settings->jwt_cookie)))
        settings_fault(errors,
                       "JWT_COOKIE must be the name of a cookie, without blanks and without "
                       "any of = ; , \"");
    if (allows_all(settings->cors_origin))
        settings_fault(errors,
                       "JWT_COOKIE must not be used with CORS_ORIGIN=*, which would let the "
                       "page of any stranger act for its visitor: list the origins of "
                       "your pages");
}

// Returns NULL if there is no file, and with a line in `errors` if it cannot be used. `prefix` is
// that of the setting.
static struct tls_store *load_ca_file(const char *prefix, const char *path, struct buffer *errors)
{
    struct tls_files files = {.prefix = prefix, .ca = path};

    return path ? tls_store_new(&files, errors) : NULL;
}

// The error does not quote the URL, which may contain a password.
static void check_jwks_url(struct edge_settings *settings, struct buffer *errors,
                           struct buffer *warnings)
{
    const char *url = settings->jwt_jwks_url;
    struct buffer host = {0};

    if (settings->jwt_jwks_ca_file && !span_starts_with(span_of(url), SPAN_LIT("https://")))
        settings_fault(errors, "JWT_JWKS_CA_FILE has no effect without a JWT_JWKS_URL of https");
    if (!url)
        return;
    const char *fault = http_url_check(url, &host);
    if (fault)
        settings_fault(errors,
                       "JWT_JWKS_URL must be an address like https://id.example/jwks.json (%s)",
                       fault);
    else if (is_production(settings) && span_starts_with(span_of(url), SPAN_LIT("http://")))
        settings_fault(warnings, "JWT_JWKS_URL is fetched over http: whoever is on the way can add "
                                 "keys of his own; use https, unless the network is yours alone");
    if (settings->algorithms && !(settings->algorithms & ~(unsigned)TOKEN_HS))
        settings_fault(errors, "JWT_JWKS_URL needs an algorithm with public keys in "
                               "JWT_ALGORITHMS, such as RS256");
    settings->jwks_tls = load_ca_file("JWT_JWKS", settings->jwt_jwks_ca_file, errors);
    buffer_fini(&host);
}

static void load_rooms(struct edge_settings *settings, struct buffer *errors)
{
    bool assumes = false;

    settings->file = edge_rooms_load(settings, &assumes, errors);
    settings->authorization_assumed &= assumes;
    settings->authorization_tls =
        load_ca_file("ROOM_AUTHORIZATION", settings->authorization_ca_file, errors);
}

static void choose_authorization(struct edge_settings *settings)
{
    if (settings->room_authorization != NOT_GIVEN)
        return;
    if (is_production(settings)) {
        settings->room_authorization = ROOM_AUTHORIZATION_SERVICE;
        return;
    }
    settings->room_authorization = ROOM_AUTHORIZATION_OPEN;
    settings->authorization_assumed = true;
}

// The console asks people for their tokens. A production service must not offer such a page.
static void check_console(const struct edge_settings *settings, struct buffer *errors)
{
    if (settings->dev_console && is_production(settings))
        settings_fault(errors, "DEV_CONSOLE must not be true when NODE_ENV=production; the "
                               "console of an edge elsewhere can connect to this one");
}

static void check_proxies(struct edge_settings *settings, struct buffer *errors)
{
    struct buffer wrong = {0};

    settings->proxies = trusted_proxies_new(settings->trusted_proxies, &wrong);
    if (!settings->proxies)
        settings_fault(errors,
                       "TRUSTED_PROXIES must list addresses like 10.0.0.1 and networks like "
                       "10.0.0.0/8, not \"%.*s\"",
                       (int)(wrong.len < 64 ? wrong.len : 64), wrong.ptr);
    buffer_fini(&wrong);
}

static void check_recovery(const struct edge_settings *settings, struct buffer *errors)
{
    if (settings->recovery_window > 0 && settings->bus_shards > CUT_SHARDS_MAX)
        settings_fault(errors,
                       "BUS_SHARDS must be at most %d, or RECOVERY_WINDOW 0: offsets name a "
                       "position for each shard",
                       CUT_SHARDS_MAX);
}

bool edge_settings_load(struct edge_settings *settings, struct buffer *errors,
                        struct buffer *warnings)
{
    const struct program *program = edge_program();

    *settings = (struct edge_settings){.room_authorization = NOT_GIVEN};
    bool read = settings_read_dotenv(".env", errors);
    bool loaded = settings_load(program->settings, program->setting_count, settings, errors);

    settings_find_typos(warnings);
    check_algorithms(settings, errors);
    check_list("JWT_ISSUER", settings->jwt_issuer, errors);
    check_list("JWT_AUDIENCE", settings->jwt_audience, errors);
    edge_keys_load(settings, errors, warnings);
    check_jwks_url(settings, errors, warnings);
    check_origins(settings->cors_origin, errors);
    check_cookie(settings, errors);
    choose_authorization(settings);
    choose_metrics(settings);
    load_rooms(settings, errors);
    check_console(settings, errors);
    check_proxies(settings, errors);
    check_recovery(settings, errors);
    redis_settings_finish(&settings->redis, errors);
    redis_settings_check_shards(&settings->redis, settings->bus_shards, errors);
    redis_tls_load(&settings->redis, errors);
    return read && loaded && errors->len == 0;
}
