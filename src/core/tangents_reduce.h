/* The tangents of reductions (ops_reduce.c). */
#ifndef FM_TANGENTS_REDUCE_H
#define FM_TANGENTS_REDUCE_H

#include "tangent.h"

fm_tensor *fm_max_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d);
fm_tensor *fm_min_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d);
fm_tensor *fm_var_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d);
fm_tensor *fm_std_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d);
fm_tensor *fm_norm_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d);
fm_tensor *fm_logsumexp_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d);

#endif
