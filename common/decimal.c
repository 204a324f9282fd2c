#include "common/decimal.h"

#include <string.h>

size_t decimal_print(uint64_t n, char out[DECIMAL_MAX])
{
    char digits[DECIMAL_MAX];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    memcpy(out, digits + at, sizeof(digits) - at);
    return sizeof(digits) - at;
}

void decimal_print_wide(uint64_t n, char *out, size_t width)
{
    while (width > 0) {
        out[--width] = (char)('0' + n % 10);
        n /= 10;
    }
}
