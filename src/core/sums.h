/* Long sums. A float to which a million terms are added one by one is wrong by a hundredth. Here
 * up to eight terms are added in `real`, and their sum to a double, so that a sum is right to 2e-7
 * of the sum of the terms' sizes, for any number of terms. The order depends on the shapes
 * alone. */
#ifndef FM_SUMS_H
#define FM_SUMS_H

#include "real.h"

FM_INLINE double fm_lanes_sum(double lane[16]) {
    for (size_t l = 0; l < 8; l++) lane[l] += lane[l + 8];
    for (size_t l = 0; l < 4; l++) lane[l] += lane[l + 4];
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

/* Declares the double `sum`: of TERM, an expression in i, over i < n. */
#define FM_ROW_SUM(n, TERM, sum)                                                                                                           \
    double sum = 0;                                                                                                                        \
    do {                                                                                                                                   \
        size_t done = 0;                                                                                                                   \
        if ((n) >= 16) {                                                                                                                   \
            double lane[16] = {0};                                                                                                         \
            for (; done + 64 <= (n); done += 64) {                                                                                         \
                for (size_t l = 0; l < 16; l++) {                                                                                          \
                    size_t i = done + l;                                                                                                   \
                    __typeof__(+(TERM)) one = TERM, two;                                                                                   \
                    i += 16, one += TERM;                                                                                                  \
                    i += 16, two = TERM;                                                                                                   \
                    i += 16, two += TERM;                                                                                                  \
                    lane[l] += (double)(one + two);                                                                                        \
                }                                                                                                                          \
            }                                                                                                                              \
            for (; done + 16 <= (n); done += 16) {                                                                                         \
                for (size_t l = 0; l < 16; l++) {                                                                                          \
                    size_t i = done + l;                                                                                                   \
                    lane[l] += (double)(TERM);                                                                                             \
                }                                                                                                                          \
            }                                                                                                                              \
            sum = fm_lanes_sum(lane);                                                                                                      \
        }                                                                                                                                  \
        for (size_t i = done; i < (n); i++) sum += (double)(TERM);                                                                         \
    } while (0)

/* Declares the double `sum`, as above, for FM_SHORT_LEAST <= n < FM_SHORT_END: a lane has at most
 * eight terms. The last eight terms overlap those before, which do not count again. */
enum { FM_SHORT_LEAST = 8, FM_SHORT_END = 64 };
#define FM_SHORT_ROW_SUM(n, TERM, sum)                                                                                                     \
    double sum;                                                                                                                            \
    do {                                                                                                                                   \
        size_t i = 0, whole = (n) / 8 * 8, left = whole + 8 - (n);                                                                         \
        __typeof__(+(TERM)) lane[8] = {0};                                                                                                 \
        for (size_t at = 0; at < whole; at += 8) {                                                                                         \
            for (size_t l = 0; l < 8; l++) {                                                                                               \
                i = at + l;                                                                                                                \
                lane[l] += TERM;                                                                                                           \
            }                                                                                                                              \
        }                                                                                                                                  \
        for (size_t l = 0; l < 8; l++) {                                                                                                   \
            i = (n)-8 + l;                                                                                                                 \
            __typeof__(+(TERM)) term = TERM;                                                                                               \
            lane[l] += l >= left ? term : 0;                                                                                               \
        }                                                                                                                                  \
        double four[4];                                                                                                                    \
        for (size_t l = 0; l < 4; l++) four[l] = (double)lane[l] + (double)lane[l + 4];                                                    \
        sum = (four[0] + four[2]) + (four[1] + four[3]);                                                                                   \
    } while (0)

/* acc[j] += the sum of TERM, an expression in r and j, over r < rows; for each j < n. */
#define FM_COLUMN_SUMS(rows, n, TERM, acc)                                                                                                 \
    do {                                                                                                                                   \
        size_t done = 0;                                                                                                                   \
        for (; done + 8 <= (rows); done += 8) {                                                                                            \
            for (size_t j = 0; j < (n); j++) {                                                                                             \
                size_t r = done;                                                                                                           \
                __typeof__(+(TERM)) one = TERM, two, three, four;                                                                          \
                r++, one += TERM;                                                                                                          \
                r++, two = TERM;                                                                                                           \
                r++, two += TERM;                                                                                                          \
                r++, three = TERM;                                                                                                         \
                r++, three += TERM;                                                                                                        \
                r++, four = TERM;                                                                                                          \
                r++, four += TERM;                                                                                                         \
                (acc)[j] += (double)((one + two) + (three + four));                                                                        \
            }                                                                                                                              \
        }                                                                                                                                  \
        for (size_t r = done; r < (rows); r++) {                                                                                           \
            for (size_t j = 0; j < (n); j++) (acc)[j] += (double)(TERM);                                                                   \
        }                                                                                                                                  \
    } while (0)

enum { FM_STRIP = 1024 }; /* columns that are summed side by side: their doubles fit a stack and the first cache */

/* The sum of squares of TERM, an expression in i: computed in float where a float can hold the
 * squares, else in double. */
#define FM_SQUARES_SUM(n, TERM, sum)                                                                                                       \
    FM_ROW_SUM(n, (TERM) * (TERM), sum);                                                                                                   \
    if (!(sum > 1e-25 && sum < 1e35)) {                                                                                                    \
        FM_ROW_SUM(n, (double)(TERM) * (double)(TERM), exact);                                                                             \
        sum = exact;                                                                                                                       \
    }

#endif
