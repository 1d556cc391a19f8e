/* Ops that compare the numbers along an axis and return 1-based positions: argmax, argmin,
 * argsort. They have no gradient. */
#include "op.h"
#include "threads.h"

#include <string.h>

enum { LANES = 32, STRIP = 1024 };

/* A real holds every whole number up to this one; a position above it would be rounded to another
 * one. */
static const double whole_numbers = 2 / (double)FM_REAL_EPSILON;

static bool check_places(const fm_call *c, size_t size, fm_error *err) {
    if ((double)size <= whole_numbers) return true;
    return fm_call_fail(c, err, "%zu places are too many: a number here is exact up to %.0f", size, whole_numbers);
}

/* ---- argmax, argmin: a NaN wins, and the first of equals ---- */

static fm_axis_view searched(const fm_call *c) {
    int64_t axis = c->opt[0].integer;
    return axis == FM_NO_AXIS ? (fm_axis_view){1, c->in[0]->count, 1} : fm_along(c->in[0], (int)axis);
}

static bool arg_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0];
    char text[FM_SHAPE_TEXT];
    int axis;
    if (!fm_check_axis(c, 0, x->rank, -1, &axis, err)) return false;
    c->opt[0].integer = axis < 0 ? FM_NO_AXIS : axis;
    bool keep = c->opt[1].integer != 0;
    c->rank = 0;
    for (int i = 0; i < x->rank; i++) {
        bool gone = axis < 0 || i == axis;
        if (!gone || keep) c->shape[c->rank++] = gone ? 1 : x->shape[i];
    }
    fm_axis_view v = searched(c);
    if (!v.size) return fm_call_fail(c, err, "input is %s: there is no number to choose", fm_shape_text(x, text));
    return check_places(c, v.size, err);
}

/* The search in columns: best[j] and the row at[j] where it lies, both of which column j has
 * already. Rows count from `from`. */
typedef void (*search_fn)(size_t rows, size_t stride, size_t n, size_t from, const real *x, real *best, real *at);

#define SEARCH(name, BETTER)                                                                                                               \
    FM_CLONES static void name(size_t rows, size_t stride, size_t n, size_t from, const real *restrict x, real *restrict best,             \
                               real *restrict at) {                                                                                        \
        for (size_t r = 0; r < rows; r++, x += stride) {                                                                                   \
            real row = (real)(from + r);                                                                                                   \
            for (size_t j = 0; j < n; j++) {                                                                                               \
                real v = x[j], b = best[j], a = at[j];                                                                                     \
                bool take = (v BETTER b) | ((v != v) & (b == b));                                                                          \
                best[j] = take ? v : b;                                                                                                    \
                at[j] = take ? row : a;                                                                                                    \
            }                                                                                                                              \
        }                                                                                                                                  \
    }
SEARCH(search_max, >)
SEARCH(search_min, <)

static inline bool wins(bool larger, real v, real best) {
    return (larger ? v > best : v < best) || (v != v && best == best);
}

static real search_short(bool larger, size_t n, const real *x) {
    real best = x[0];
    size_t place = 0;
    for (size_t i = 1; i < n; i++) {
        bool take = wins(larger, x[i], best);
        best = take ? x[i] : best;
        place = take ? i : place;
    }
    return (real)place;
}

/* One long column, seen as rows of LANES, so that the lanes search side by side. Returns the
 * place. */
static real search_column(search_fn search, bool larger, size_t size, const real *x) {
    real best[LANES], at[LANES] = {0};
    size_t rows = size / LANES;
    memcpy(best, x, sizeof best);
    search(rows - 1, LANES, LANES, 1, x + LANES, best, at);
    real value = best[0], place = at[0] * LANES;
    for (size_t l = 1; l < LANES; l++) {
        real v = best[l], p = at[l] * LANES + (real)l;
        bool equal = v == value || (v != v && value != value);
        bool take = equal ? p < place : wins(larger, v, value);
        value = take ? v : value;
        place = take ? p : place;
    }
    search(size - rows * LANES, 1, 1, rows * LANES, x + rows * LANES, &value, &place);
    return place;
}

typedef struct searching {
    fm_axis_view v;
    size_t width, strips; /* columns of a strip, strips of one [size, inner] */
    search_fn search;
    bool larger;
    const real *x;
    real *y;
} searching;

static void search_rows(void *context, size_t first, size_t last) {
    const searching *a = context;
    for (size_t o = first; o < last; o++) {
        const real *row = a->x + o * a->v.size;
        a->y[o] = 1 + (a->v.size < LANES ? search_short(a->larger, a->v.size, row) : search_column(a->search, a->larger, a->v.size, row));
    }
}

static void search_strips(void *context, size_t first, size_t last) {
    const searching *a = context;
    real best[STRIP], at[STRIP];
    for (size_t u = first; u < last; u++) {
        size_t o = u / a->strips, j = u % a->strips * a->width, n = a->v.inner - j < a->width ? a->v.inner - j : a->width;
        const real *from = a->x + o * a->v.size * a->v.inner + j;
        real *y = a->y + o * a->v.inner + j;
        memcpy(best, from, n * sizeof *best);
        memset(at, 0, n * sizeof *at);
        a->search(a->v.size - 1, a->v.inner, n, 1, from + a->v.inner, best, at);
        for (size_t i = 0; i < n; i++) y[i] = at[i] + 1;
    }
}

static void search_all(const fm_call *c, search_fn search, bool larger) {
    searching a = {.v = searched(c), .search = search, .larger = larger, .x = fm_data(c->in[0]), .y = fm_data(c->out)};
    if (a.v.inner == 1) {
        fm_parallel(a.v.outer, fm_tile_rows(a.v.size), search_rows, &a);
        return;
    }
    size_t wide = fm_tile_rows(a.v.size) / 128 * 128;
    a.width = wide < 128 ? 128 : wide > STRIP ? STRIP : wide;
    if (a.width > a.v.inner) a.width = a.v.inner;
    a.strips = (a.v.inner + a.width - 1) / a.width;
    fm_parallel(a.v.outer * a.strips, fm_tile_rows(a.v.size * a.width), search_strips, &a);
}

static void argmax_forward(const fm_call *c) {
    search_all(c, search_max, true);
}

static void argmin_forward(const fm_call *c) {
    search_all(c, search_min, false);
}

/* ---- argsort{axis, descending}: stable, a NaN after every number in both directions ----
 * A number becomes a whole one of the same order. Short rows are sorted by insertion, long ones
 * digit by digit from the lowest. */

#ifdef FM_DOUBLE
typedef uint64_t sort_key;
#else
typedef uint32_t sort_key;
#endif
enum { KEY_BITS = 8 * sizeof(sort_key), DIGITS = sizeof(sort_key), VALUES = 256, SHORT = 64 };

typedef struct entry {
    sort_key key, place;
} entry;

/* Of two numbers the larger has the larger key: the bits of a positive number grow with it,
 * those of a negative one fall. 0 and -0 are equal. */
FM_INLINE sort_key key_of(real v, bool descending) {
    const sort_key sign = (sort_key)1 << (KEY_BITS - 1);
    sort_key bits;
    v += 0; /* -0 becomes 0 */
    memcpy(&bits, &v, sizeof bits);
    bits = bits & sign ? ~bits : bits | sign;
    bits = descending ? ~bits : bits;
    return v != v ? ~(sort_key)0 : bits;
}

static void insert_all(size_t n, entry *list) {
    for (size_t i = 1; i < n; i++) {
        entry e = list[i];
        size_t at = i;
        for (; at && list[at - 1].key > e.key; at--) list[at] = list[at - 1];
        list[at] = e;
    }
}

/* Sorts by one digit at a time, from one list to the other and back; returns the one with the
 * result. Digits that are the same in all keys are left out. */
static const entry *sort_digits(size_t n, entry *list, entry *other) {
    size_t counts[DIGITS][VALUES] = {{0}};
    for (size_t i = 0; i < n; i++) {
        for (size_t d = 0; d < DIGITS; d++) counts[d][list[i].key >> (8 * d) & 255]++;
    }
    for (size_t d = 0; d < DIGITS; d++) {
        size_t *count = counts[d], next = 0;
        if (count[list[0].key >> (8 * d) & 255] == n) continue;
        for (size_t k = 0; k < VALUES; k++) {
            size_t here = count[k];
            count[k] = next;
            next += here;
        }
        for (size_t i = 0; i < n; i++) other[count[list[i].key >> (8 * d) & 255]++] = list[i];
        entry *from = list;
        list = other;
        other = from;
    }
    return list;
}

/* Columns are sorted in constant sets, each with two lists in the scratch. */
enum { MOST_SETS = 16 };

static size_t columns_of_set(fm_axis_view v) {
    size_t columns = v.outer * v.inner, tile = fm_tile_rows(v.size), least = (columns + MOST_SETS - 1) / MOST_SETS;
    return tile > least ? tile : least;
}

static bool argsort_shape(fm_call *c, fm_error *err) {
    const fm_tensor *x = c->in[0];
    int axis;
    if (!x->rank) return fm_call_fail(c, err, "a number without axes cannot be sorted");
    if (!fm_check_axis(c, 0, x->rank, x->rank - 1, &axis, err) || !check_places(c, x->shape[axis], err)) return false;
    c->opt[0].integer = axis;
    fm_axis_view v = fm_along(x, axis);
    size_t sets = x->count ? (v.outer * v.inner + columns_of_set(v) - 1) / columns_of_set(v) : 0;
    c->scratch_count = sets * 2 * v.size * (sizeof(entry) / sizeof(real));
    return fm_shape_like(c, x);
}

static void sort_columns(void *context, size_t first, size_t last) {
    const fm_call *c = context;
    fm_axis_view v = fm_along(c->in[0], (int)c->opt[0].integer);
    bool descending = c->opt[1].integer != 0;
    entry *list = (entry *)(void *)c->scratch + first / columns_of_set(v) * 2 * v.size, *other = list + v.size;
    for (size_t column = first; column < last; column++) {
        size_t at = column / v.inner * v.size * v.inner + column % v.inner;
        const real *x = fm_data(c->in[0]) + at;
        real *y = fm_data(c->out) + at;
        for (size_t i = 0; i < v.size; i++) list[i] = (entry){key_of(x[i * v.inner], descending), (sort_key)i};
        const entry *sorted = list;
        if (v.size <= SHORT) insert_all(v.size, list);
        else sorted = sort_digits(v.size, list, other);
        for (size_t i = 0; i < v.size; i++) y[i * v.inner] = (real)(sorted[i].place + 1);
    }
}

static void argsort_forward(const fm_call *c) {
    fm_axis_view v = fm_along(c->in[0], (int)c->opt[0].integer);
    fm_parallel(v.outer * v.inner, columns_of_set(v), sort_columns, (void *)c);
}

static const fm_option arg_options[] = {{"axis", FM_AXIS, false, 0, NULL}, {"keep", FM_FLAG, false, 0, NULL}, {0}};
static const fm_option sort_options[] = {{"axis", FM_AXIS, false, -1, NULL}, {"descending", FM_FLAG, false, 0, NULL}, {0}};

const fm_op order_ops[] = {
    {"argmax", "n", arg_options, arg_shape, argmax_forward, NULL, NULL},
    {"argmin", "n", arg_options, arg_shape, argmin_forward, NULL, NULL},
    {"argsort", "n", sort_options, argsort_shape, argsort_forward, NULL, NULL},
    {0},
};
