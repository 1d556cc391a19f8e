#include "fill.h"

void fm_fill(fm_tensor *t, real v) {
    real *p = fm_data(t);
    for (size_t i = 0; i < t->count; i++) p[i] = v;
}

void fm_fill_eye(fm_tensor *t) {
    size_t n = t->shape[0];
    fm_fill(t, 0);
    for (size_t i = 0; i < n; i++) fm_data(t)[i * n + i] = 1;
}

double fm_steps_count(double first, double last, double step) {
    return floor((last - first) / step + 1e-9) + 1; /* an end that is missed by rounding counts */
}

void fm_fill_steps(fm_tensor *t, double first, double step) {
    for (size_t i = 0; i < t->count; i++) fm_data(t)[i] = (real)(first + (double)i * step);
}

void fm_fill_between(fm_tensor *t, double first, double last) {
    size_t n = t->count;
    for (size_t i = 0; i < n; i++) fm_data(t)[i] = (real)(first + (last - first) * (double)i / (double)(n > 1 ? n - 1 : 1));
    if (n > 1) fm_data(t)[n - 1] = (real)last;
}
