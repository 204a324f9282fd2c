#include "common/redis_settings.h"

#include <ctype.h>

#include "common/settings.h"
#include "common/span.h"

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

void redis_settings_check(const struct redis_settings *settings, struct buffer *errors)
{
    if (settings->username && !settings->password)
        settings_fault(errors, "REDIS_USERNAME needs REDIS_PASSWORD: Redis takes no user without a "
                               "password");
    if (settings->key_prefix)
        check_key_prefix(span_of(settings->key_prefix), errors);
}
