#include "common/base64.h"

#include <sodium.h>

void base64_append(struct buffer *out, struct span bytes)
{
    size_t size = sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    char *at = buffer_reserve(out, size);

    sodium_bin2base64(at, size, (const unsigned char *)bytes.ptr, bytes.len,
                      sodium_base64_VARIANT_ORIGINAL);
    out->len += size - 1; // without the NUL
}

// libsodium decodes each byte beyond ASCII as the last letter of the alphabet.
static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    return true;
}

static bool decode(struct buffer *out, struct span text, int variant)
{
    size_t len = 0;

    while (text.len > 0 && text.ptr[text.len - 1] == '=')
        text.len--;
    char *at = buffer_reserve(out, text.len);
    if (!is_ascii(text) || sodium_base642bin((unsigned char *)at, text.len, text.ptr, text.len,
                                             NULL, &len, NULL, variant) != 0) {
        *at = '\0';
        return false;
    }
    out->len += len;
    out->ptr[out->len] = '\0';
    return true;
}

bool base64_decode(struct buffer *out, struct span text)
{
    return decode(out, text, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

bool base64url_decode(struct buffer *out, struct span text)
{
    return decode(out, text, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
