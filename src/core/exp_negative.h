/* e^x of a double that is not positive, in a form that vectorizes. */
#ifndef FM_EXP_NEGATIVE_H
#define FM_EXP_NEGATIVE_H

#include "real.h"

#include <string.h>

/* Within 2 units in the last place, for x <= 0 or what rounding lifts above it: x = n log 2 + r,
 * with |r| <= log 2 / 2, and e^r by its series. 0 below -708, nan for nan. */
FM_INLINE double fm_exp_negative(double x) {
    double y = x < -708 ? -708 : x, shifted = y * 1.4426950408889634 + 0x1.8p52; /* its low bits are the nearest integer */
    double n = shifted - 0x1.8p52, r = (y - n * 0x1.62e42fee00000p-1) - n * 0x1.a39ef35793c76p-33;
    double e = 1.0 / 6227020800;
    e = e * r + 1.0 / 479001600;
    e = e * r + 1.0 / 39916800;
    e = e * r + 1.0 / 3628800;
    e = e * r + 1.0 / 362880;
    e = e * r + 1.0 / 40320;
    e = e * r + 1.0 / 5040;
    e = e * r + 1.0 / 720;
    e = e * r + 1.0 / 120;
    e = e * r + 1.0 / 24;
    e = e * r + 1.0 / 6;
    e = e * r + 0.5;
    e = (e * r * r + r) + 1;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return x < -708 ? 0 : e * power;
}

#endif
