/* Forward mode: the rules by which fm_run gives a result its tangents, derivatives along a
 * direction (see tensor.h), one for each level at work (level.h).
 *
 * A rule stands in the op's row and is a short program of ops. So a tape records tangents like
 * everything else, and their gradients need no code of their own. Derivatives of derivatives work
 * because the rule of a level runs with only the older levels at work: its result carries tangents
 * of those, which are the mixed derivatives, and never one of its own level. */
#ifndef FM_TANGENT_H
#define FM_TANGENT_H

#include "op.h"

/* Whether an input that counts carries a tangent of a level at work. */
bool fm_call_follows(const fm_call *c);
/* Gives `out`, the result of the call, its tangents. `c` is the frame as it was given, before its
 * shape() saw it. False with `err` filled. */
bool fm_tangents_run(fm_call *c, fm_tensor *out, fm_error *err);

/* ---- what rules are made of ----
 * A rule returns the tangent of c->out from those of the inputs: d[i], NULL where it is zero. The
 * frame is as the caller gave it, options included. What the functions below return belongs to the
 * rule and is released after it. Each may return NULL, which is zero; after a failure, too. */

enum { FM_RULE_MOST = 64 };
struct fm_rule {
    fm_error *err;
    bool failed;
    int n_made;
    fm_tensor *made[FM_RULE_MOST];
};

fm_tensor *fm_rule_run(fm_rule *r, fm_call *c); /* any op: the frame is filled */
/* The same op with the same options, inputs in[0] to in[n - 1] instead of its own. */
fm_tensor *fm_rule_again(fm_rule *r, const fm_call *c, int n, fm_tensor *const *in);
fm_tensor *fm_rule_one(fm_rule *r, const char *op, fm_tensor *a);                          /* an op of one input, options as by default */
fm_tensor *fm_rule_two(fm_rule *r, const char *op, fm_tensor *a, fm_tensor *b);            /* of two */
fm_tensor *fm_rule_sum(fm_rule *r, const char *op, fm_tensor *a, int64_t axis, bool keep); /* sum or mean; axis FM_NO_AXIS: all numbers */
fm_tensor *fm_rule_shaped(fm_rule *r, fm_tensor *a, int rank, const size_t *shape);        /* reshape */
fm_tensor *fm_rule_number(fm_rule *r, double number);
fm_tensor *fm_rule_zeros(fm_rule *r, int rank, const size_t *shape);
fm_tensor *fm_add(fm_rule *r, fm_tensor *a, fm_tensor *b);
fm_tensor *fm_subtract(fm_rule *r, fm_tensor *a, fm_tensor *b);
fm_tensor *fm_multiply(fm_rule *r, fm_tensor *a, fm_tensor *b); /* zero when one is */
fm_tensor *fm_scale(fm_rule *r, double by, fm_tensor *a);
fm_tensor *fm_shift(fm_rule *r, double by, fm_tensor *a); /* by + a; a is not zero */
fm_tensor *fm_broadcast_to(fm_rule *r, fm_tensor *a, const fm_tensor *like);

/* Rules that serve many ops: of an op that is linear in its inputs taken together (the second
 * kind: in each of them). */
fm_tensor *fm_tangent_linear(fm_rule *r, const fm_call *c, fm_tensor *const *d);
fm_tensor *fm_tangent_bilinear(fm_rule *r, const fm_call *c, fm_tensor *const *d);

#endif
