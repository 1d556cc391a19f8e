#include "element.h"

#include "bytes.h"

#include <assert.h>
#include <float.h>
#include <stdio.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "writers put numbers into files as they are in memory");

static float float_of(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static double double_of(uint64_t bits) {
    double f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction. */
static float half_of(uint32_t h) {
    uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 31) return float_of(sign | 0x7F800000 | fraction << 13);
    if (exponent) return float_of(sign | (exponent + 112) << 23 | fraction << 13);
    float small = (float)fraction * 0x1p-24f;
    return sign ? -small : small;
}

static int64_t signed_of(uint64_t bits, size_t size) {
    uint64_t top = (uint64_t)1 << (8 * size - 1);
    return (int64_t)((bits ^ top) - top);
}

static real convert(const fm_element *e, uint64_t bits) {
    switch (e->kind) {
    case FM_ELEMENT_FLOAT:
        if (e->size == 8) return (real)double_of(bits);
        return (real)(e->size == 4 ? float_of((uint32_t)bits) : half_of((uint32_t)bits));
    case FM_ELEMENT_BFLOAT:
        return (real)float_of((uint32_t)bits << 16);
    case FM_ELEMENT_SIGNED:
        return (real)signed_of(bits, e->size);
    case FM_ELEMENT_BOOL:
        return bits != 0;
    case FM_ELEMENT_UNSIGNED:
        break;
    }
    return (real)bits;
}

#ifdef FM_DOUBLE
enum { DIGITS = DBL_MANT_DIG };
#else
enum { DIGITS = FLT_MANT_DIG };
#endif

static uint64_t size_of_whole(const fm_element *e, uint64_t bits) {
    bool negative = e->kind == FM_ELEMENT_SIGNED && bits >> (8 * e->size - 1);
    return negative ? 0 - (uint64_t)signed_of(bits, e->size) : bits;
}

static bool fits(uint64_t size) {
    return size >> DIGITS == 0 || size >> __builtin_ctzll(size) >> DIGITS == 0;
}

static bool is_whole(const fm_element *e) {
    return (e->kind == FM_ELEMENT_SIGNED || e->kind == FM_ELEMENT_UNSIGNED) && 8 * e->size > DIGITS;
}

static uint64_t load(const fm_element *e, fm_byte_order order, const uint8_t *from) {
    return order == FM_BIG_ENDIAN ? fm_load_big(from, e->size) : fm_load_little(from, e->size);
}

size_t fm_element_decode(const fm_element *e, fm_byte_order order, size_t n, const uint8_t *from, real *to) {
    if (n == 0) return 0;
    if (e == fm_element_real() && order == FM_LITTLE_ENDIAN) {
        memcpy(to, from, n * sizeof(real));
        return n;
    }
    for (size_t i = 0; i < n; i++, from += e->size) {
        uint64_t bits = load(e, order, from);
        if (is_whole(e) && !fits(size_of_whole(e, bits))) return i;
        to[i] = convert(e, bits);
    }
    return n;
}

const char *fm_element_refused(const fm_element *e, fm_byte_order order, const uint8_t *from, size_t entry, char text[FM_ELEMENT_TEXT]) {
    assert(is_whole(e)); /* others are never refused */
    uint64_t bits = load(e, order, from), size = size_of_whole(e, bits);
    snprintf(text, FM_ELEMENT_TEXT, "entry %zu is %s%llu: whole numbers over 2^%d may not be exact in " FM_REAL_NAME "%s", entry,
             e->kind == FM_ELEMENT_SIGNED && signed_of(bits, e->size) < 0 ? "-" : "", (unsigned long long)size, (int)DIGITS,
             DIGITS < 53 && size >> 53 == 0 ? " (fmrun64 holds it)" : "");
    return text;
}

const fm_element *fm_element_named(const char *name) {
    for (const fm_element *e = fm_elements; e->name; e++) {
        if (!strcmp(e->name, name)) return e;
    }
    return NULL;
}

const fm_element *fm_element_coded(const char *code, size_t n) {
    for (const fm_element *e = fm_elements; e->name; e++) {
        if (n && strlen(e->code) == n && !memcmp(e->code, code, n)) return e;
    }
    return NULL;
}

const fm_element *fm_element_real(void) {
    return &fm_elements[sizeof(real) == 8 ? 0 : 1];
}

const fm_element fm_elements[] = {
    {"F64", "f8", FM_ELEMENT_FLOAT, 8},    {"F32", "f4", FM_ELEMENT_FLOAT, 4},
    {"F16", "f2", FM_ELEMENT_FLOAT, 2},    {"BF16", "", FM_ELEMENT_BFLOAT, 2},
    {"I64", "i8", FM_ELEMENT_SIGNED, 8},   {"I32", "i4", FM_ELEMENT_SIGNED, 4},
    {"I16", "i2", FM_ELEMENT_SIGNED, 2},   {"I8", "i1", FM_ELEMENT_SIGNED, 1},
    {"U64", "u8", FM_ELEMENT_UNSIGNED, 8}, {"U32", "u4", FM_ELEMENT_UNSIGNED, 4},
    {"U16", "u2", FM_ELEMENT_UNSIGNED, 2}, {"U8", "u1", FM_ELEMENT_UNSIGNED, 1},
    {"BOOL", "b1", FM_ELEMENT_BOOL, 1},    {0},
};
