#include "fma.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The product is exact in double, and so is the sum but for its last rounding. Rounding it once
 * more is wrong only where the double lies between two floats, and for subnormal results. */
float fm_fma(float a, float b, float c) {
    double sum = (double)a * (double)b + (double)c;
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    bool between = (bits & 0x1fffffff) == 0x10000000, tiny = fabs(sum) < 0x1p-126 && sum != 0;
    return between || tiny ? fmaf(a, b, c) : (float)sum;
}
