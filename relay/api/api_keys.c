#include "relay/api/api_keys.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "common/settings.h"

#define FILE_MAX    ((size_t)64 * 1024)
#define DIGEST_SIZE crypto_generichash_BYTES

struct api_key {
    unsigned char digest[DIGEST_SIZE];
    char name[API_KEY_NAME_MAX + 1];
    struct token_bucket used;
};

struct api_keys {
    struct api_key items[API_KEYS_MAX];
    size_t count;
};

static void digest_of(struct span key, unsigned char out[DIGEST_SIZE])
{
    crypto_generichash(out, DIGEST_SIZE, (const unsigned char *)key.ptr, key.len, NULL, 0);
}

static struct api_key *find_digest(struct api_keys *keys, const unsigned char digest[DIGEST_SIZE])
{
    struct api_key *found = NULL;

    for (size_t i = 0; i < keys->count; i++)
        if (sodium_memcmp(keys->items[i].digest, digest, DIGEST_SIZE) == 0)
            found = &keys->items[i];
    return found;
}

struct api_key *api_keys_find(struct api_keys *keys, struct span key)
{
    unsigned char digest[DIGEST_SIZE];

    digest_of(key, digest);
    return find_digest(keys, digest);
}

static bool fault(struct buffer *errors, unsigned line, const char *what)
{
    settings_fault(errors, "API_KEY_FILE: line %u: %s", line, what);
    return false;
}

// A line of the file that is neither blank nor a comment.
static bool add_line(struct api_keys *keys, struct span text, unsigned line, struct buffer *errors)
{
    struct api_key *key = &keys->items[keys->count];
    struct span name = {0}, secret = text;

    if (span_take_until(&secret, ' ', &name) && secret.ptr)
        secret = span_trim(secret);
    else
        secret = text, name = (struct span){0};
    if (keys->count == API_KEYS_MAX)
        return fault(errors, line, "there may be 64 keys");
    if (!span_is_visible(secret) || (name.len > 0 && !span_is_visible(name)))
        return fault(errors, line,
                     "a line is a key, or a name, a blank and a key, all of visible "
                     "ASCII characters");
    if (name.len > API_KEY_NAME_MAX)
        return fault(errors, line, "a name has at most 32 characters");
    if (secret.len < API_KEY_MIN || secret.len > API_KEY_MAX)
        return fault(errors, line,
                     "a key has 16 to 512 characters; openssl rand -hex 32 makes one");
    digest_of(secret, key->digest);
    if (find_digest(keys, key->digest))
        return fault(errors, line, "the key is there twice");
    if (name.len > 0)
        snprintf(key->name, sizeof(key->name), SPAN_FMT, SPAN_ARG(name));
    else
        snprintf(key->name, sizeof(key->name), "line%u", line);
    keys->count++;
    return true;
}

static bool read_lines(struct api_keys *keys, struct span rest, struct buffer *errors)
{
    bool good = true;
    struct span text;

    for (unsigned line = 1; span_take_until(&rest, '\n', &text); line++) {
        if (text.len > 0 && text.ptr[text.len - 1] == '\r')
            text.len--;
        text = span_trim(text);
        if (text.len > 0 && text.ptr[0] != '#')
            good = add_line(keys, text, line, errors) && good;
    }
    if (good && keys->count == 0)
        settings_fault(errors, "API_KEY_FILE has no key; openssl rand -hex 32 makes one");
    return good && keys->count > 0;
}

struct api_keys *api_keys_load(const char *path, struct buffer *errors)
{
    char *text = settings_read_file("API_KEY_FILE", path, FILE_MAX, errors);

    if (!text)
        return NULL;

    struct api_keys *keys = mem_zalloc(sizeof(*keys));
    bool good = read_lines(keys, span_of(text), errors);
    sodium_memzero(text, strlen(text));
    free(text);
    if (good)
        return keys;
    api_keys_free(keys);
    return NULL;
}

void api_keys_free(struct api_keys *keys)
{
    free(keys);
}

size_t api_keys_count(const struct api_keys *keys)
{
    return keys->count;
}

void api_keys_inherit(struct api_keys *keys, const struct api_keys *from)
{
    for (size_t i = 0; i < from->count; i++) {
        struct api_key *same = find_digest(keys, from->items[i].digest);
        if (same)
            same->used = from->items[i].used;
    }
}

const char *api_key_name(const struct api_key *key)
{
    return key->name;
}

bool api_key_take(struct api_key *key, const struct token_rate *rate, uint64_t now_ms)
{
    return token_bucket_take(&key->used, rate, 1, now_ms);
}
