/* An explicit Runge-Kutta method as data: its Butcher tableau. Hairer, Norsett, Wanner, Solving
 * Ordinary Differential Equations I, chapter II. */
#ifndef FM_ODE_TABLEAU_H
#define FM_ODE_TABLEAU_H

#include "error.h"
#include "real.h"

enum {
    FM_ODE_ROWS = 20, /* slopes of one step, at most */
    FM_ODE_DEGREE = 8,
    FM_ODE_HISTORY = 4
};

typedef struct fm_tableau {
    int stages;      /* m: slopes k[0..m-1] that make a step */
    int order;       /* of the step */
    int error_order; /* of the error estimate, usually order - 1; 0: there is no estimate */
    /* Rows 0..m-1 are the stages, row m the slope at the new point (its a and c are implied), rows
     * after it belong to the interpolant. */
    double c[FM_ODE_ROWS], a[FM_ODE_ROWS][FM_ODE_ROWS], b[FM_ODE_ROWS];
    double e[FM_ODE_ROWS];  /* weights of the error estimate */
    double e3[FM_ODE_ROWS]; /* a second estimate, of order 3, as in DOP853; all zero: none */
    bool closes; /* under error control every try ends with the slope at the new point: e reads it (then set by itself), and the next
                  * step begins with it */
    int history; /* p > 0: Adams and Bashforth's method through the last p slopes; the tableau makes the first p - 1 steps. Fixed steps,
                  * any spacing, and no interpolant */
    /* Within a step of length h, x(t + th h) = x(t) + h sum_j k[j] (dense[j][0] th + dense[j][1]
     * th^2 + ...). */
    int degree; /* 0: none was given; see fm_tableau_complete */
    int rows;   /* rows that the interpolant reads */
    double dense[FM_ODE_ROWS][FM_ODE_DEGREE];
} fm_tableau;

/* Brings a tableau as textbooks print it (stages, order, c, a, b, perhaps e, extra rows, dense and
 * `rows`) to the form above: a last stage that equals the new point becomes row m, and without an
 * interpolant it gets the quadratic one through x, k[0] and the new point (order <= 2) or Hermite's
 * cubic. False with `err` filled when a stage is not explicit or a row does not add up. */
bool fm_tableau_complete(fm_tableau *tableau, fm_error *err);
bool fm_tableau_has_third(const fm_tableau *m); /* e3 is there */

#endif
