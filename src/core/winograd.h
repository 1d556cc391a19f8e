/* Convolutions of 3 x 3 with stride 1 in 2.25 times fewer multiplications: F(2 x 2, 3 x 3) of Lavin
 * and Gray, Fast Algorithms for Convolutional Neural Networks, 2015. A tile of 2 x 2 results is
 *   A' ((G g G') (B' d B)) A
 * of 4 x 4 numbers d and a kernel g. The middle product is number by number, and a sum over
 * channels: 16 matrix products. What a picture becomes does not depend on the pictures beside it.
 *
 * Of normal numbers and 32 to 128 channels, a result's rounding error is 1.8e-7 to 3.5e-7 of the
 * results (root mean squares; a plain sum's: 2.1e-7 to 2.4e-7), that of the input's gradient 1.8e-7
 * to 2.5e-7 (1.1e-7 to 1.5e-7), that of the weight's 2.7e-7 (2e-7).
 *
 * The room of each call is the caller's. */
#ifndef FM_WINOGRAD_H
#define FM_WINOGRAD_H

#include "patches.h"

/* Pictures of p, and grids of m channels over them; a weight [m, channels, 3, 3]. */
typedef struct fm_winograd {
    fm_patches p;
    size_t pictures, m;
} fm_winograd;

/* Whether it is possible, and less work. The number of pictures has no say. */
bool fm_winograd_suits(const fm_winograd *g);

/* grids (+)= the convolution, + bias [m] or NULL; bias wants `fresh`: `to` has no value yet. */
void fm_winograd_to_grids(const fm_winograd *g, const real *weight, const real *bias, const real *pictures, bool fresh, real *grids,
                          real *room);
/* pictures (+)= the transposed convolution, + bias [channels] or NULL. */
void fm_winograd_to_pictures(const fm_winograd *g, const real *weight, const real *bias, const real *grids, bool fresh, real *pictures,
                             real *room);
size_t fm_winograd_room(const fm_winograd *g); /* numbers, for either */

/* gradient (+)= that of the weight, from the pictures and the gradient of the grids. */
void fm_winograd_to_weight(const fm_winograd *g, const real *pictures, const real *grids, bool fresh, real *gradient, real *room);
size_t fm_winograd_weight_room(const fm_winograd *g);

#endif
