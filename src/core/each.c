#include "each.h"

#include <string.h>

enum { NEAR = 2048 }; /* numbers whose pieces of all arrays stay in the first cache between two passes */

bool fm_shape_same(fm_call *c, fm_error *err) {
    (void)err;
    return fm_shape_like(c, c->in[0]);
}

typedef struct pass {
    const fm_call *c;
    fm_values_fn values;
    fm_slopes_fn slopes;
    const real *x, *dy;
    real *y, *dx;
    bool fresh; /* dx holds nothing yet */
} pass;

static void values_tile(void *context, size_t first, size_t last) {
    const pass *p = context;
    p->values(p->c, last - first, p->x + first, p->y + first);
}

void fm_forward_each(const fm_call *c, size_t tile, fm_values_fn values) {
    pass p = {.c = c, .values = values, .x = fm_data(c->in[0]), .y = fm_data(c->out)};
    fm_parallel(c->out->count, tile, values_tile, &p);
}

static void slopes_tile(void *context, size_t first, size_t last) {
    const pass *p = context;
    for (size_t i = first, n; i < last; i += n) {
        n = last - i < NEAR ? last - i : NEAR;
        if (p->fresh) memset(p->dx + i, 0, n * sizeof(real));
        p->slopes(p->c, n, p->x + i, p->y + i, p->dy + i, p->dx + i);
    }
}

void fm_backward_each(const fm_call *c, size_t tile, fm_slopes_fn slopes) {
    pass p = {.c = c, .slopes = slopes, .x = fm_data(c->in[0]), .y = fm_data(c->out), .dy = fm_grad_get(c->out)};
    p.dx = fm_grad_write(c->in[0], &p.fresh);
    fm_parallel(c->out->count, tile, slopes_tile, &p);
}
