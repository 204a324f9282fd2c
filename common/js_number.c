#include "common/js_number.h"

#include <stdio.h>
#include <stdlib.h>

#define DIGITS_MAX 17 // enough to tell any two doubles apart

// The shortest digits that read back as `number`, without a point: 1500 is "15", exponent 4.
struct decimal {
    char digits[DIGITS_MAX + 1];
    int count;
    int exponent; // the value is 0.digits × 10^exponent
};

// Tries more and more digits until they read back as the same double.
static struct decimal shortest(double number)
{
    struct decimal d = {0};
    char text[40];

    for (int precision = 0; precision < DIGITS_MAX; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, number);
        if (strtod(text, NULL) == number)
            break;
    }
    const char *at = text;
    for (; *at != 'e'; at++)
        if (*at != '.')
            d.digits[d.count++] = *at;
    d.exponent = (int)strtol(at + 1, NULL, 10) + 1;
    while (d.count > 1 && d.digits[d.count - 1] == '0')
        d.count--;
    return d;
}

static void append_zeros(struct buffer *out, int count)
{
    while (count-- > 0)
        buffer_append_char(out, '0');
}

static void append_digits(struct buffer *out, const struct decimal *d, int from, int to)
{
    buffer_append(out, (struct span){d->digits + from, (size_t)(to - from)});
}

// ECMAScript, Number::toString: plain digits from 1e-6 up to below 1e21, else an exponent.
static void append_decimal(struct buffer *out, const struct decimal *d)
{
    int point = d->exponent;

    if (d->count <= point && point <= 21) {
        append_digits(out, d, 0, d->count);
        append_zeros(out, point - d->count);
    } else if (0 < point && point <= 21) {
        append_digits(out, d, 0, point);
        buffer_append_char(out, '.');
        append_digits(out, d, point, d->count);
    } else if (-6 < point && point <= 0) {
        buffer_append(out, SPAN_LIT("0."));
        append_zeros(out, -point);
        append_digits(out, d, 0, d->count);
    } else {
        append_digits(out, d, 0, 1);
        if (d->count > 1)
            buffer_append_char(out, '.');
        append_digits(out, d, 1, d->count);
        buffer_printf(out, "e%+d", point - 1);
    }
}

void js_number_append(double number, struct buffer *out)
{
    if (number < 0) {
        buffer_append_char(out, '-');
        number = -number;
    }
    if (number == 0) {
        buffer_append_char(out, '0');
        return;
    }
    struct decimal d = shortest(number);
    append_decimal(out, &d);
}
