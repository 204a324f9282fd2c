#include "relay/routing/traceparent.h"

// Version, trace id, parent id and flags.
static const char form[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";

static bool is_lower_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_traceparent(struct span text)
{
    if (text.len != sizeof(form) - 1 || span_starts_with(text, SPAN_LIT("ff")))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (form[i] == '-' ? text.ptr[i] != '-' : !is_lower_hex(text.ptr[i]))
            return false;
    return true;
}
