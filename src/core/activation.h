/* The activation functions: one table, for the ops of these names and for linear's `act`. */
#ifndef FM_ACTIVATION_H
#define FM_ACTIVATION_H

#include "real.h"

#define FM_SELU_SCALE 1.0507009873554804934193349852946 /* Klambauer et al. 2017, section 2 */
#define FM_SELU_ALPHA 1.6732632423543772848170429916717
#define FM_GELU_K 0.79788456080286535588 /* sqrt(2 / pi), Hendrycks and Gimpel 2016 */
#define FM_GELU_C 0.044715

typedef struct fm_activation {
    const char *name;
    void (*apply)(size_t n, const real *x, real *y);
    void (*backward)(size_t n, const real *x, const real *dy, real *dx);  /* dx += dy f'(x) */
    void (*in_place)(size_t n, real *y, real *slope);                     /* y = f(y), and slope = f'(y) unless it is NULL */
    void (*times_slope)(size_t n, const real *x, const real *v, real *y); /* y = f'(x) v */
    void (*times_slope_backward)(size_t n, const real *x, const real *v, const real *dy, real *dx,
                                 real *dv); /* dx += dy v f''(x), dv += dy f'(x) */
} fm_activation;

/* [0] is "none", without functions. The names, NULL at the end, are the choices of an `act`
 * option. */
extern const fm_activation fm_activations[];
extern const char *const fm_activation_names[];

#endif
