/* Decimal numbers without loss: text to double correctly rounded, double to the shortest text that
 * reads back the same. The host's locale does not matter. */
#ifndef FM_NUMBER_H
#define FM_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* The whole of text[0, size) as a finite decimal number (sign, digits, point, exponent; no
 * hexadecimal, inf, nan or blanks). False when it is not such a number or beyond the range of
 * double; a number too small for double reads as 0. */
bool fm_number_parse(const char *text, size_t size, double *value);

enum { FM_NUMBER_TEXT = 32 };
/* 15, 16 or 17 digits, whichever first reads back the same, always with a point or an exponent:
 * "0.1", "1.0", "1e+20". The value is finite. Returns the length. */
size_t fm_number_print(double value, char text[FM_NUMBER_TEXT]);

#endif
