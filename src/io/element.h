/* The number formats of files, all turned into real when read. */
#ifndef FM_ELEMENT_H
#define FM_ELEMENT_H

#include "real.h"

typedef enum fm_element_kind {
    FM_ELEMENT_FLOAT,
    FM_ELEMENT_BFLOAT,
    FM_ELEMENT_SIGNED,
    FM_ELEMENT_UNSIGNED,
    FM_ELEMENT_BOOL
} fm_element_kind;

typedef struct fm_element {
    const char *name; /* as in safetensors: "F32" */
    const char *code; /* as in NPY, without the byte order: "f4"; "" when it has none there */
    fm_element_kind kind;
    size_t size; /* bytes */
} fm_element;

extern const fm_element fm_elements[];                          /* ends with a NULL name */
const fm_element *fm_element_named(const char *name);           /* NULL when there is none */
const fm_element *fm_element_coded(const char *code, size_t n); /* by the first n characters of code */
const fm_element *fm_element_real(void);                        /* what `real` is written as */

typedef enum fm_byte_order { FM_LITTLE_ENDIAN, FM_BIG_ENDIAN } fm_byte_order;
/* Turns n elements at any address into numbers. Fractions are rounded; a whole number that a real
 * cannot hold (beyond 2^24 in float, 2^53 in double, most of them) is not, since it may be an
 * index: returns how many were turned, n when all. */
size_t fm_element_decode(const fm_element *e, fm_byte_order order, size_t n, const uint8_t *from, real *to);

enum { FM_ELEMENT_TEXT = 160 };
/* What is wrong with the one that was not turned, the entry with this number (from 1). */
const char *fm_element_refused(const fm_element *e, fm_byte_order order, const uint8_t *from, size_t entry, char text[FM_ELEMENT_TEXT]);

#endif
