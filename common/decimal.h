// Writes decimal numbers where printf() would take a large part of the time.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DECIMAL_MAX 20 // digits of UINT64_MAX

// Writes the digits, without a NUL. Returns how many.
size_t decimal_print(uint64_t n, char out[DECIMAL_MAX]);

// Writes the last `width` digits, with zeros in front, without a NUL.
void decimal_print_wide(uint64_t n, char *out, size_t width);
