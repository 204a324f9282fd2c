#include "edge/edge_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "common/random.h"
#include "edge/gateway/clients/public_key.h"
#include "edge/gateway/clients/token.h"

#define KEY_FILE_KB      64
#define KEY_FILE_MAX     ((size_t)KEY_FILE_KB * 1024)
#define SECRET_BYTES_MIN 8
#define ID_SHOWN         64
#define CURVES_WANTED    "; ES256 wants P-256, ES384 P-384 and ES512 P-521"

// Outside production JWT_SECRET may be missing. With a random secret every HS256 token is refused;
// with none at all libjwt would accept any token (decision 014).
static void make_up_secret(struct edge_settings *settings)
{
    char *secret = mem_alloc(RANDOM_ID_LEN + 1);

    random_id(secret);
    settings->jwt_secret = secret;
    settings->secret_made_up = true;
}

// A secret should have as many bytes as the hash of the algorithm (RFC 7518, 3.2).
static size_t hash_bytes(unsigned algorithms)
{
    return algorithms & TOKEN_HS512 ? 64 : algorithms & TOKEN_HS384 ? 48 : 32;
}

// Anyone who has one token can test guesses of the secret against its signature offline.
static void check_strength(const char *name, const char *secret, size_t good, struct buffer *errors,
                           struct buffer *warnings)
{
    size_t len = strlen(secret);

    if (len < SECRET_BYTES_MIN)
        settings_fault(errors,
                       "%s has %zu bytes, which anybody guesses who has a token; production wants "
                       "%zu, such as openssl rand -hex %zu makes",
                       name, len, good, good);
    else if (len < good)
        settings_fault(warnings,
                       "%s has %zu bytes; give it %zu or more, such as openssl rand -hex %zu "
                       "makes, or whoever has a token may find it by trying",
                       name, len, good, good);
}

static void check_secrets(const struct edge_settings *settings, struct buffer *errors,
                          struct buffer *warnings)
{
    const char *previous = settings->jwt_secret_previous;
    bool production = settings->environment == ENV_PRODUCTION;
    size_t good = hash_bytes(settings->algorithms);

    if (!settings->jwt_secret && production)
        settings_fault(errors, "JWT_SECRET or JWT_SECRET_FILE must be given when "
                               "NODE_ENV=production: the secret that the tokens are signed with");
    else if (!settings->jwt_secret && previous)
        settings_fault(errors, "JWT_SECRET_PREVIOUS must not be given without JWT_SECRET");
    else if (previous && strcmp(previous, settings->jwt_secret) == 0)
        settings_fault(warnings, "JWT_SECRET_PREVIOUS is the same as JWT_SECRET");
    if (settings->jwt_secret && production)
        check_strength("JWT_SECRET", settings->jwt_secret, good, errors, warnings);
    if (previous && production)
        check_strength("JWT_SECRET_PREVIOUS", previous, good, errors, warnings);
}

static void load_secret(struct edge_settings *settings, struct buffer *errors,
                        struct buffer *warnings)
{
    if (!(settings->algorithms & TOKEN_HS))
        return;
    check_secrets(settings, errors, warnings);
    if (!settings->jwt_secret && settings->environment != ENV_PRODUCTION)
        make_up_secret(settings);
}

static void check_public_key(const struct edge_settings *settings, struct buffer *errors)
{
    const char *path = settings->jwt_public_key_file;
    struct buffer fault = {0};
    unsigned algorithms = public_key_algorithms(settings->public_key, &fault);

    if (!algorithms) {
        settings_fault(errors, "JWT_PUBLIC_KEY_FILE \"%s\" %s", path, fault.ptr);
    } else if (!(settings->algorithms & algorithms)) {
        public_key_describe(settings->public_key, algorithms, &fault);
        settings_fault(errors,
                       "JWT_PUBLIC_KEY_FILE \"%s\" is %s, which JWT_ALGORITHMS does not accept%s",
                       path, fault.ptr, algorithms & TOKEN_ES ? CURVES_WANTED : "");
    }
    buffer_fini(&fault);
}

static void read_public_key(struct edge_settings *settings, struct buffer *errors)
{
    const char *path = settings->jwt_public_key_file;
    char *text = settings_read_file("JWT_PUBLIC_KEY_FILE", path, KEY_FILE_MAX, errors);

    settings->public_key = text;
    if (text && !strstr(text, "-----BEGIN PUBLIC KEY-----"))
        settings_fault(errors, "JWT_PUBLIC_KEY_FILE \"%s\" holds no \"BEGIN PUBLIC KEY\"", path);
    else if (text)
        check_public_key(settings, errors);
}

static void append_fault(struct buffer *out, const struct jwks_key *key)
{
    struct span id = span_of(key->id ? key->id : "one without kid");

    buffer_printf(out, "%s\"%.*s\" is ", out->len > 0 ? ", " : "",
                  (int)(id.len < ID_SHOWN ? id.len : ID_SHOWN), id.ptr);
    public_key_describe(key->pem, key->algorithms, out);
    buffer_append(out, SPAN_LIT(", which JWT_ALGORITHMS does not accept"));
}

// Keys without use are probably a mistake in JWT_ALGORITHMS.
static void name_unaccepted(const struct jwks *set, unsigned accepted, struct buffer *out)
{
    for (size_t i = 0; i < set->count; i++)
        if (!(accepted & set->keys[i].algorithms))
            append_fault(out, &set->keys[i]);
}

static void read_key_set(struct edge_settings *settings, struct buffer *errors,
                         struct buffer *warnings)
{
    const char *path = settings->jwt_jwks_file;
    char *text = settings_read_file("JWT_JWKS_FILE", path, KEY_FILE_MAX, errors);
    struct buffer reason = {0}, unusable = {0};

    if (!text)
        return;
    settings->key_set = jwks_parse(span_of(text), &reason, &unusable);
    if (settings->key_set)
        name_unaccepted(settings->key_set, settings->algorithms, &unusable);
    if (!settings->key_set)
        settings_fault(errors, "JWT_JWKS_FILE \"%s\" %s", path, reason.ptr);
    else if (!jwks_has_key_for(settings->key_set, settings->algorithms))
        settings_fault(errors, "JWT_JWKS_FILE \"%s\" has no key for JWT_ALGORITHMS=%s", path,
                       settings->jwt_algorithms);
    else if (unusable.len > 0)
        settings_fault(warnings, "JWT_JWKS_FILE \"%s\": keys are passed over: %s", path,
                       unusable.ptr);
    buffer_fini(&reason);
    buffer_fini(&unusable);
    free(text);
}

static int count_sources(const struct edge_settings *settings)
{
    return (settings->jwt_public_key_file != NULL) + (settings->jwt_jwks_file != NULL) +
           (settings->jwt_jwks_url != NULL);
}

static void load_public_keys(struct edge_settings *settings, struct buffer *errors,
                             struct buffer *warnings)
{
    if (!(settings->algorithms & ~(unsigned)TOKEN_HS))
        return;
    if (count_sources(settings) > 1)
        settings_fault(errors, "JWT_PUBLIC_KEY_FILE, JWT_JWKS_FILE and JWT_JWKS_URL exclude one "
                               "another");
    else if (settings->jwt_jwks_file)
        read_key_set(settings, errors, warnings);
    else if (settings->jwt_public_key_file)
        read_public_key(settings, errors);
    else if (!settings->jwt_jwks_url)
        settings_fault(errors, "JWT_PUBLIC_KEY_FILE, JWT_JWKS_FILE or JWT_JWKS_URL must be given "
                               "for the algorithms with public keys of JWT_ALGORITHMS");
}

void edge_keys_load(struct edge_settings *settings, struct buffer *errors, struct buffer *warnings)
{
    load_secret(settings, errors, warnings);
    load_public_keys(settings, errors, warnings);
}

void edge_keys_free_again(struct edge_settings *settings)
{
    if (!settings)
        return;
    free((char *)settings->jwt_secret);
    free((char *)settings->jwt_secret_previous);
    free((char *)settings->jwt_public_key_file);
    free((char *)settings->jwt_jwks_file);
    free((char *)settings->public_key);
    jwks_free(settings->key_set);
    free(settings);
}

static struct edge_settings *copy_without_keys(const struct edge_settings *start)
{
    struct edge_settings *copy = mem_alloc(sizeof(*copy));

    *copy = *start;
    copy->jwt_secret = copy->jwt_secret_previous = NULL;
    copy->jwt_public_key_file = copy->jwt_jwks_file = copy->public_key = NULL;
    copy->key_set = NULL;
    return copy;
}

static bool load_settings(struct edge_settings *settings, struct buffer *errors)
{
    static const char *const names[] = {"JWT_SECRET", "JWT_SECRET_PREVIOUS", "JWT_PUBLIC_KEY_FILE",
                                        "JWT_JWKS_FILE"};
    const struct program *program = edge_program();
    bool ok = true;

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        ok = settings_load_named(program->settings, program->setting_count, names[i], settings,
                                 errors) &&
             ok;
    return ok;
}

struct edge_settings *edge_keys_load_again(const struct edge_settings *start, struct buffer *errors,
                                           struct buffer *warnings)
{
    struct edge_settings *fresh = copy_without_keys(start);
    size_t before = errors->len;

    bool loaded = load_settings(fresh, errors);
    if (!fresh->jwt_secret && !fresh->jwt_secret_previous && start->secret_made_up)
        fresh->jwt_secret = mem_strdup(start->jwt_secret);
    if (loaded)
        edge_keys_load(fresh, errors, warnings);
    if (errors->len == before)
        return fresh;
    edge_keys_free_again(fresh);
    return NULL;
}
