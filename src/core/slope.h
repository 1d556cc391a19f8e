/* The op `slope`, as rules of tangents use it. */
#ifndef FM_SLOPE_H
#define FM_SLOPE_H

#include "tangent.h"

/* f'(x) v for the activation of this name; NULL when v is. */
fm_tensor *fm_times_slope(fm_rule *r, const char *act, fm_tensor *x, fm_tensor *v);

#endif
