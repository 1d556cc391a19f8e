#include "number.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* strtod and printf use a decimal comma in some locales, and a host program may have set one. */
static locale_t plain_locale(void) {
    static locale_t plain = (locale_t)0;
    if (!plain) plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    return plain;
}

typedef struct decimal {
    bool negative, exact; /* exact: all digits are in `digits` */
    uint64_t digits;
    int exponent; /* value = digits * 10^exponent */
} decimal;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void add_digit(decimal *d, char c) {
    if (d->digits > (UINT64_MAX - 9) / 10) d->exact = false;
    else d->digits = d->digits * 10 + (uint64_t)(c - '0');
}

static bool parse_exponent(const char *p, const char *end, decimal *d) {
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    if (p == end) return false;
    int e = 0;
    for (; p < end && is_digit(*p); p++) e = e < 100000 ? e * 10 + (*p - '0') : e;
    d->exponent += negative ? -e : e;
    return p == end;
}

static bool parse_grammar(const char *p, const char *end, decimal *d) {
    *d = (decimal){.exact = true};
    if (p < end && (*p == '-' || *p == '+')) d->negative = *p++ == '-';
    const char *first = p;
    for (; p < end && is_digit(*p); p++) add_digit(d, *p);
    bool any = p > first;
    if (p < end && *p == '.') {
        first = ++p;
        for (; p < end && is_digit(*p); p++) {
            add_digit(d, *p);
            if (d->exponent > -100000) d->exponent--;
        }
        any = any || p > first;
    }
    if (!any) return false;
    if (p < end && (*p == 'e' || *p == 'E')) return parse_exponent(p + 1, end, d);
    return p == end;
}

/* Numbers of many digits: the C library's correctly rounded conversion, from a terminated copy. */
static bool parse_slowly(const char *text, size_t size, double *value) {
    char few[128], *copy = size < sizeof few ? few : malloc(size + 1);
    if (!copy) return false;
    memcpy(copy, text, size);
    copy[size] = 0;
    locale_t before = uselocale(plain_locale());
    *value = strtod(copy, NULL);
    uselocale(before);
    if (copy != few) free(copy);
    return isfinite(*value);
}

bool fm_number_parse(const char *text, size_t size, double *value) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    decimal d;
    if (!parse_grammar(text, text + size, &d)) return false;
    /* Up to 2^53 and 10^22 both factors are exact: one operation rounds once (Clinger, PLDI
     * 1990). */
    if (!d.exact || d.digits > (uint64_t)1 << 53 || d.exponent < -22 || d.exponent > 22) return parse_slowly(text, size, value);
    double v = (double)d.digits;
    v = d.exponent < 0 ? v / powers[-d.exponent] : v * powers[d.exponent];
    *value = d.negative ? -v : v;
    return true;
}

size_t fm_number_print(double value, char text[FM_NUMBER_TEXT]) {
    locale_t before = uselocale(plain_locale());
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(text, FM_NUMBER_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    uselocale(before);
    size_t length = (size_t)n;
    if (!strpbrk(text, ".en")) {
        memcpy(text + length, ".0", 3);
        length += 2;
    }
    return length;
}
