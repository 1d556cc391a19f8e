#include "eigen.h"

#include "real.h"
#include "threads.h"

#include <math.h>
#include <string.h>

/* A = Q T Q^T with a tridiagonal T by Householder's reflections, T = S D S^T by the implicit QL
 * method: Golub and Van Loan, sections 8.3.1 and 8.3.3; Bowdler, Martin, Reinsch, Wilkinson
 * 1968. */
enum { MAX_SWEEPS = 60, ROWS = 8, COLUMNS = 64 };

typedef struct eigen {
    size_t n;
    double *a;                    /* [n, n]; later the rotations */
    double *w;                    /* (Q S)^T so far: a vector in each row */
    double *diagonal;             /* of T, n numbers */
    double beside[FM_EIGEN_MOST]; /* T[k, k + 1] */
    double size[FM_EIGEN_MOST];   /* reflection k is I - size u u^T, u from a[k, k + 1] on */
    double product[FM_EIGEN_MOST];
    size_t k;         /* the reflection under way */
    size_t rotations; /* waiting for w */
} eigen;

/* ---- A = Q T Q^T ---- */

FM_INLINE double dot(size_t n, const double *restrict x, const double *restrict y) {
    double part[16] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        for (size_t l = 0; l < 16; l++) part[l] += x[i + l] * y[i + l];
    }
    for (; i < n; i++) sum += x[i] * y[i];
    for (size_t l = 0; l < 16; l++) sum += part[l];
    return sum;
}

static FM_CLONES double norm(size_t n, const double *x) {
    return sqrt(dot(n, x, x));
}

/* product = size A u, of the rows behind row k. */
static FM_CLONES void multiply_rows(void *context, size_t first, size_t last) {
    eigen *e = context;
    size_t from = e->k + 1, len = e->n - from;
    const double *u = e->a + e->k * e->n + from;
    for (size_t i = first; i < last; i++) e->product[from + i] = e->size[e->k] * dot(len, e->a + (from + i) * e->n + from, u);
}

/* A -= u q^T + q u^T, q = product. */
static FM_CLONES void reflect_rows(void *context, size_t first, size_t last) {
    const eigen *e = context;
    size_t from = e->k + 1, len = e->n - from;
    const double *restrict u = e->a + e->k * e->n + from, *restrict q = e->product + from;
    for (size_t i = first; i < last; i++) {
        double *restrict row = e->a + (from + i) * e->n + from, x = u[i], y = q[i];
        for (size_t j = 0; j < len; j++) row[j] -= x * q[j] + y * u[j];
    }
}

static void make_tridiagonal(eigen *e) {
    size_t n = e->n;
    for (e->k = 0; e->k + 2 < n; e->k++) {
        size_t from = e->k + 1, len = n - from;
        double *u = e->a + e->k * n + from, *q = e->product + from, length = norm(len, u), shift = 0;
        e->beside[e->k] = u[0] > 0 ? -length : length;
        e->size[e->k] = length > 0 ? 1 / (length * (length + fabs(u[0]))) : 0;
        u[0] -= e->beside[e->k];
        fm_parallel(len, 2 * fm_tile_rows(len), multiply_rows, e);
        for (size_t i = 0; i < len; i++) shift += u[i] * q[i];
        for (size_t i = 0; i < len; i++) q[i] -= e->size[e->k] / 2 * shift * u[i];
        fm_parallel(len, 2 * fm_tile_rows(len), reflect_rows, e);
    }
    for (size_t i = 0; i < n; i++) e->diagonal[i] = e->a[i * n + i];
    if (n > 1) e->beside[n - 2] = e->a[(n - 2) * n + n - 1];
    e->beside[n - 1] = 0;
}

/* Rows of Q^T, from the last reflection to the first: in row i those behind i find only zeros. */
static FM_CLONES void form_rows(void *context, size_t first, size_t last) {
    const eigen *e = context;
    size_t n = e->n;
    for (size_t i = first; i < last; i++) {
        memset(e->w + i * n, 0, n * sizeof *e->w);
        e->w[i * n + i] = 1;
    }
    for (size_t k = n < 2 ? 0 : last < n ? last - 1 : n - 2; k-- > 0;) {
        const double *restrict u = e->a + k * n + k + 1;
        for (size_t i = first > k + 1 ? first : k + 1; i < last; i++) {
            double *restrict row = e->w + i * n + k + 1, x = e->size[k] * dot(n - k - 1, row, u);
            for (size_t j = 0; j < n - k - 1; j++) row[j] -= x * u[j];
        }
    }
}

/* ---- T = S D S^T ---- */

/* Columns first..last - 1 of w get all waiting rotations, in order. */
static FM_CLONES void rotate_columns(void *context, size_t first, size_t last) {
    const eigen *e = context;
    const double *rotation = e->a;
    for (size_t r = 0; r < e->rotations; r++, rotation += 3) {
        double *restrict x = e->w + (size_t)rotation[0] * e->n, *restrict y = x + e->n, c = rotation[1], s = rotation[2];
        for (size_t j = first; j < last; j++) {
            double below = y[j];
            y[j] = s * x[j] + c * below;
            x[j] = c * x[j] - s * below;
        }
    }
}

static void rotate_all(eigen *e) {
    fm_parallel(e->n, COLUMNS, rotate_columns, e);
    e->rotations = 0;
}

/* The end of the block of T that begins at l: behind it T[m, m + 1] is nothing. */
static size_t block_end(const eigen *e, size_t l) {
    size_t m = l;
    for (; m + 1 < e->n; m++) {
        if (fabs(e->beside[m]) <= DBL_EPSILON * (fabs(e->diagonal[m]) + fabs(e->diagonal[m + 1]))) break;
    }
    return m;
}

/* One sweep over the block l..m with Wilkinson's shift: a bulge is chased from its end to its
 * beginning. */
static void sweep(eigen *e, size_t l, size_t m) {
    double *d = e->diagonal, *b = e->beside;
    double half = (d[l + 1] - d[l]) / (2 * b[l]), root = hypot(half, 1);
    double g = d[m] - d[l] + b[l] / (half + (half < 0 ? -root : root)), s = 1, c = 1, taken = 0;
    for (size_t i = m; i-- > l;) {
        double f = s * b[i], next = c * b[i], r = hypot(f, g);
        b[i + 1] = r;
        if (r == 0) { /* the block falls apart here */
            d[i + 1] -= taken;
            b[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - taken;
        r = (d[i] - g) * s + 2 * c * next;
        taken = s * r;
        d[i + 1] = g + taken;
        g = c * r - next;
        double *rotation = e->a + 3 * e->rotations++;
        rotation[0] = (double)i;
        rotation[1] = c;
        rotation[2] = s;
    }
    d[l] -= taken;
    b[l] = g;
    b[m] = 0;
}

static void make_diagonal(eigen *e) {
    size_t n = e->n, room = n * n / 3; /* at least n - 1 */
    for (size_t l = 0; l < n; l++) {
        for (int sweeps = 0; sweeps < MAX_SWEEPS; sweeps++) {
            size_t m = block_end(e, l);
            if (m == l) break;
            if (room - e->rotations < n - 1) rotate_all(e);
            sweep(e, l, m);
        }
    }
    rotate_all(e);
}

/* ---- the whole ---- */

static void swap_rows(size_t n, double *v, size_t p, size_t q) {
    for (size_t k = 0; k < n; k++) {
        double kept = v[p * n + k];
        v[p * n + k] = v[q * n + k];
        v[q * n + k] = kept;
    }
}

static void sort_by_size(size_t n, double *values, double *v) {
    for (size_t i = 0; i < n; i++) { /* n is small */
        size_t top = i;
        for (size_t k = i + 1; k < n; k++) top = values[k] > values[top] ? k : top;
        double kept = values[i];
        values[i] = values[top];
        values[top] = kept;
        if (top != i) swap_rows(n, v, i, top);
    }
}

void fm_eigen_symmetric(size_t n, double *a, double *values, double *vectors) {
    eigen e = {.n = n, .a = a, .w = vectors, .diagonal = values};
    double largest = 0;
    bool finite = true;
    int exponent;
    for (size_t i = 0; i < n * n; i++) {
        finite = finite && isfinite(a[i]);
        largest = fmax(largest, fabs(a[i]));
    }
    if (!finite) {
        for (size_t i = 0; i < n * n; i++) vectors[i] = NAN;
        for (size_t i = 0; i < n; i++) values[i] = NAN;
        return;
    }
    frexp(largest, &exponent); /* squares of its entries must be numbers */
    for (size_t i = 0; i < n * n; i++) a[i] = ldexp(a[i], -exponent);
    make_tridiagonal(&e);
    fm_parallel(n, ROWS, form_rows, &e);
    make_diagonal(&e);
    for (size_t i = 0; i < n; i++) values[i] = ldexp(values[i], exponent);
    sort_by_size(n, values, vectors);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            double kept = vectors[i * n + k];
            vectors[i * n + k] = vectors[k * n + i];
            vectors[k * n + i] = kept;
        }
    }
}
