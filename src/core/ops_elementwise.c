/* Elementwise arithmetic, with NumPy's broadcasting for two inputs, and functions of one number. */
#include "op.h"
#include "sums.h"
#include "threads.h"
#include "vmath.h"

#include <string.h>

/* ---- two inputs ---- */

static bool broadcast_pair(fm_call *c, const fm_tensor *a, const fm_tensor *b, fm_error *err) {
    int rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 1; i <= rank; i++) { /* i-th axis from the end */
        size_t na = i <= a->rank ? a->shape[a->rank - i] : 1, nb = i <= b->rank ? b->shape[b->rank - i] : 1;
        if (na != nb && na != 1 && nb != 1) {
            char ta[FM_SHAPE_TEXT], tb[FM_SHAPE_TEXT];
            return fm_call_fail(c, err, "shapes %s and %s do not fit: axis %d has %zu and %zu", fm_shape_text(a, ta), fm_shape_text(b, tb),
                                rank - i + 1, na, nb);
        }
        c->shape[rank - i] = na == 1 ? nb : na;
    }
    c->rank = rank;
    return true;
}

static bool broadcast(fm_call *c, fm_error *err) {
    if (fm_same_shape(c->in[0], c->in[1])) return fm_shape_like(c, c->in[0]);
    return broadcast_pair(c, c->in[0], c->in[1], err);
}

/* A walk over an output in rows. Along a row each of up to four tensors advances by one or
 * stays. */
enum { MAX_WALKED = 4 };
typedef struct walk {
    int rank, n_in;
    size_t shape[FM_MAX_RANK];
    size_t stride[MAX_WALKED][FM_MAX_RANK]; /* 0 on an axis of size 1 */
} walk;

static void walk_add(walk *w, const fm_tensor *out, const fm_tensor *t) {
    size_t stride = 1;
    int shift = out->rank - t->rank;
    for (int i = out->rank - 1; i >= 0; i--) {
        size_t size = i >= shift ? t->shape[i - shift] : 1;
        w->stride[w->n_in][i] = size == 1 ? 0 : stride;
        stride *= size;
    }
    w->n_in++;
}

/* Merges neighbouring axes along which every input moves alike, so that rows are as long as
 * possible. */
static void walk_merge(walk *w, const fm_tensor *out) {
    int to = -1;
    for (int i = 0; i < out->rank; i++) {
        if (out->shape[i] == 1) continue;
        bool merge = to >= 0;
        for (int k = 0; merge && k < w->n_in; k++) merge = w->stride[k][to] == w->stride[k][i] * out->shape[i];
        if (!merge) {
            to++;
            w->shape[to] = out->shape[i];
        } else {
            w->shape[to] *= out->shape[i];
        }
        for (int k = 0; k < w->n_in; k++) w->stride[k][to] = w->stride[k][i];
    }
    if (to < 0) {
        to = 0;
        w->shape[0] = 1;
        for (int k = 0; k < w->n_in; k++) w->stride[k][0] = 0;
    }
    w->rank = to + 1;
}

/* The next place along the axes from .. end - 1; false when all are back at their beginning. */
static bool walk_step(const walk *w, int from, int end, size_t *index, size_t *at) {
    for (int axis = end - 1; axis >= from; axis--) {
        for (int k = 0; k < w->n_in; k++) at[k] += w->stride[k][axis];
        if (++index[axis] < w->shape[axis]) return true;
        for (int k = 0; k < w->n_in; k++) at[k] -= w->stride[k][axis] * w->shape[axis];
        index[axis] = 0;
    }
    return false;
}

/* Calls row(context, n, at[], step[], out_at) for each row. Input k starts at at[k]; step[k] is 0
 * or 1. */
typedef void (*row_fn)(void *context, size_t n, const size_t at[MAX_WALKED], const size_t step[MAX_WALKED], size_t out_at);

static void walk_rows(const walk *w, row_fn row, void *context) {
    int last = w->rank - 1;
    size_t index[FM_MAX_RANK] = {0}, at[MAX_WALKED] = {0}, step[MAX_WALKED] = {0}, n = w->shape[last], out_at = 0;
    for (int k = 0; k < w->n_in; k++) step[k] = w->stride[k][last];
    do {
        row(context, n, at, step, out_at);
        out_at += n;
    } while (walk_step(w, 0, last, index, at));
}

/* One of two inputs along rows of the output: how far it moves per number of a row (0 or 1), and
 * per row. */
typedef struct side {
    const real *at;
    size_t step, row;
} side;

/* Rows of the output, `row` numbers apart, and what belongs to them. */
typedef struct block {
    size_t rows, n, row;
    side a, b;
    const real *y, *dy;
} block;

/* How the gradient of an input is summed. A term is computed from an output, its gradient and the
 * two inputs. */
typedef struct gradient {
    void (*each)(const block *k, size_t into_row, real *into); /* into[r, i] += the term */
    void (*rows)(const block *k, size_t step, double *acc);    /* acc[r step] += the terms of row r */
    void (*columns)(const block *k, double *acc);              /* acc[j] += the terms of column j */
} gradient;

typedef void (*pair_fn)(size_t n, side a, side b, real *y);

typedef struct pair_rows {
    pair_fn values;
    side a, b;
    real *y;
} pair_rows;

static void forward_row(void *context, size_t n, const size_t *at, const size_t *step, size_t out_at) {
    pair_rows *p = context;
    p->values(n, (side){p->a.at + at[0], step[0], 0}, (side){p->b.at + at[1], step[1], 0}, p->y + out_at);
}

static void forward_tile(void *context, size_t first, size_t last) {
    pair_rows *p = context;
    side a = {p->a.at + first * p->a.step, p->a.step, 0}, b = {p->b.at + first * p->b.step, p->b.step, 0};
    p->values(last - first, a, b, p->y + first);
}

static void pair_forward(const fm_call *c, pair_fn values) {
    pair_rows p = {.values = values, .a.at = fm_data(c->in[0]), .b.at = fm_data(c->in[1]), .y = fm_data(c->out)};
    walk w = {0};
    walk_add(&w, c->out, c->in[0]);
    walk_add(&w, c->out, c->in[1]);
    walk_merge(&w, c->out);
    if (w.rank > 1) {
        walk_rows(&w, forward_row, &p);
        return;
    }
    p.a.step = w.stride[0][0];
    p.b.step = w.stride[1][0];
    fm_parallel(w.shape[0], FM_TILE, forward_tile, &p);
}

/* ---- their gradients: sums over the axes along which an input stays ---- */

enum { WALK_A, WALK_B, WALK_OUT, WALK_INTO };

/* A walk whose axes are ordered: those along which `into` moves, from `kept` on those along which
 * it stays, and the last one, of either kind. The last two make the rows and columns of a block. */
typedef struct sums {
    const gradient *g;
    const real *a, *b, *y, *dy;
    real *into;
    walk w;
    int kept;
    size_t at[MAX_WALKED], index[FM_MAX_RANK];
} sums;

static void kept_first(sums *s) {
    walk from = s->w, *w = &s->w;
    int to = 0;
    for (int stays = 0; stays < 2; stays++) {
        for (int i = 0; i + 1 < from.rank; i++) {
            if ((from.stride[WALK_INTO][i] == 0) != stays) continue;
            w->shape[to] = from.shape[i];
            for (int k = 0; k < from.n_in; k++) w->stride[k][to] = from.stride[k][i];
            to++;
        }
        if (!stays) s->kept = to;
    }
}

static side side_at(const sums *s, int which, const real *base, size_t r, size_t j) {
    const size_t *stride = s->w.stride[which] + s->w.rank - 1;
    return (side){base + s->at[which] + r * stride[-1] + j * stride[0], stride[0], stride[-1]};
}

/* `rows` rows of `n` columns at the walk's place, from [r, j] on. */
static block block_at(const sums *s, size_t r, size_t rows, size_t j, size_t n) {
    side out = side_at(s, WALK_OUT, s->dy, r, j);
    return (block){rows, n, out.row, side_at(s, WALK_A, s->a, r, j), side_at(s, WALK_B, s->b, r, j), s->y + (out.at - s->dy), out.at};
}

static size_t at_most(size_t n) {
    return n < FM_STRIP ? n : FM_STRIP;
}

static void add_sums(real *into, size_t n, const double *acc) {
    for (size_t i = 0; i < n; i++) into[i] += (real)acc[i];
}

/* Every term has its own number. */
static void add_each(sums *s, size_t rows, size_t n) {
    block k = block_at(s, 0, rows, 0, n);
    side into = side_at(s, WALK_INTO, s->into, 0, 0);
    s->g->each(&k, into.row, s->into + s->at[WALK_INTO]);
}

/* Each row has its own number. */
static void add_rows(sums *s, size_t rows, size_t n) {
    double acc[FM_STRIP];
    for (size_t r = 0, part; r < rows; r += part) {
        part = at_most(rows - r);
        memset(acc, 0, part * sizeof *acc);
        block k = block_at(s, r, part, 0, n);
        s->g->rows(&k, 1, acc);
        add_sums(s->into + s->at[WALK_INTO] + r, part, acc);
    }
}

/* All of it, and the blocks before it along which `into` stays, is one number. */
static void add_all(sums *s, size_t rows, size_t n) {
    double sum = 0;
    do {
        block k = block_at(s, 0, rows, 0, n);
        s->g->rows(&k, 0, &sum);
    } while (walk_step(&s->w, s->kept, s->w.rank - 2, s->index, s->at));
    add_sums(s->into + s->at[WALK_INTO], 1, &sum);
}

/* Each column, with those of the blocks before it along which `into` stays, is one number. */
static void add_columns(sums *s, size_t rows, size_t n) {
    double acc[FM_STRIP];
    for (size_t j = 0, part; j < n; j += part) {
        part = at_most(n - j);
        memset(acc, 0, part * sizeof *acc);
        do {
            block k = block_at(s, 0, rows, j, part);
            s->g->columns(&k, acc);
        } while (walk_step(&s->w, s->kept, s->w.rank - 2, s->index, s->at));
        add_sums(s->into + s->at[WALK_INTO] + j, part, acc);
    }
}

/* Two axes at least: the block's. */
static void make_block(sums *s) {
    walk *w = &s->w;
    if (w->rank > 1) return;
    w->shape[1] = w->shape[0];
    w->shape[0] = 1;
    for (int k = 0; k < w->n_in; k++) {
        w->stride[k][1] = w->stride[k][0];
        w->stride[k][0] = 0;
    }
    w->rank = 2;
    s->kept = 1;
}

/* Adds to the gradient of `target`; its terms are computed from the numbers at the same place. */
static void add_gradient(const fm_call *c, fm_tensor *target, const fm_tensor *a, const fm_tensor *b, const gradient *g) {
    sums s = {.g = g, .a = fm_data(a), .b = fm_data(b), .y = fm_data(c->out), .dy = fm_grad_get(c->out), .into = fm_grad_add(target)};
    if (!s.into) return;
    const fm_tensor *walked[] = {[WALK_A] = a, [WALK_B] = b, [WALK_OUT] = c->out, [WALK_INTO] = target};
    for (int i = 0; i < MAX_WALKED; i++) walk_add(&s.w, c->out, walked[i]);
    walk_merge(&s.w, c->out);
    kept_first(&s);
    make_block(&s);
    int last = s.w.rank - 1, outer = s.kept < last ? s.kept : last - 1;
    bool columns = s.w.stride[WALK_INTO][last] != 0;
    void (*add)(sums *, size_t, size_t) = s.kept == last ? (columns ? add_each : add_rows) : (columns ? add_columns : add_all);
    do add(&s, s.w.shape[last - 1], s.w.shape[last]);
    while (walk_step(&s.w, 0, outer, s.index, s.at));
}

/* The gradients of a, b or both (where there is a place for them), a few rows at a time, for the
 * cache. */
static void add_pair(const block *all, const gradient *const g[2], real *const into[2], double *acc) {
    enum { TILE = 8192 };
    size_t tile = all->n * FM_STRIP < TILE ? FM_STRIP : all->n * 4 < TILE ? TILE / all->n / 4 * 4 : 4;
    for (size_t r = 0; r < all->rows; r += tile) {
        block k = *all;
        k.rows = all->rows - r < tile ? all->rows - r : tile;
        k.a.at += r * k.a.row, k.b.at += r * k.b.row, k.y += r * k.row, k.dy += r * k.row;
        for (int i = 0; i < 2; i++) {
            side own = i ? k.b : k.a;
            if (!into[i]) continue;
            if (own.step && own.row) {
                g[i]->each(&k, own.row, into[i] + r * own.row);
            } else if (own.step) {
                g[i]->columns(&k, acc);
            } else {
                double sum[FM_STRIP];
                memset(sum, 0, k.rows * sizeof *sum);
                g[i]->rows(&k, 1, sum);
                add_sums(into[i] + r * own.row, k.rows, sum);
            }
        }
    }
}

enum { FEW = 16, WIDE = 64 };

/* Short rows, several side by side as one; the row of the input that has only one is repeated.
 * Returns how many were done. */
static size_t add_wide(block k, const gradient *const g[2], real *const into[2], double *acc) {
    size_t n = k.n, rows = WIDE / n, wide = rows * n, done = k.rows / rows * rows;
    side *one = k.a.row ? &k.b : &k.a, *full = k.a.row ? &k.a : &k.b;
    real repeated[WIDE];
    for (size_t i = 0; i < wide; i++) repeated[i] = one->at[i % n];
    one->at = repeated;
    full->row = k.row = k.n = wide;
    k.rows /= rows;
    add_pair(&k, g, into, acc);
    for (size_t i = n; i < wide; i++) acc[i % n] += acc[i];
    return done;
}

/* Both gradients when all is one block, as for equal shapes, a row, a column and a number. False
 * when it is not, or has too many columns to sum. */
static bool add_both(const fm_call *c, const gradient *const g[2]) {
    sums s = {.a = fm_data(c->in[0]), .b = fm_data(c->in[1]), .y = fm_data(c->out), .dy = fm_grad_get(c->out)};
    const fm_tensor *walked[] = {[WALK_A] = c->in[0], [WALK_B] = c->in[1], [WALK_OUT] = c->out};
    for (int i = 0; i <= WALK_OUT; i++) walk_add(&s.w, c->out, walked[i]);
    walk_merge(&s.w, c->out);
    if (s.w.rank > 2) return false;
    bool one_row = s.w.rank == 1;
    make_block(&s);
    block k = block_at(&s, 0, s.w.shape[0], 0, s.w.shape[1]);
    if (one_row) k.a.row = k.b.row = k.n;
    bool columns = !k.a.row || !k.b.row;
    if (columns && k.n > FM_STRIP) return false;
    real *into[2] = {fm_grad_add(c->in[0]), fm_grad_add(c->in[1])};
    double acc[FM_STRIP];
    if (columns) memset(acc, 0, (k.n < WIDE ? WIDE : k.n) * sizeof *acc);
    if (columns && k.n <= FEW && k.rows >= WIDE) {
        size_t done = add_wide(k, g, into, acc);
        k.rows -= done, k.a.at += done * k.a.row, k.b.at += done * k.b.row, k.y += done * k.row, k.dy += done * k.row;
        for (int i = 0; i < 2; i++) {
            if (into[i]) into[i] += done * (i ? k.b.row : k.a.row);
        }
    }
    add_pair(&k, g, into, acc);
    for (int i = 0; i < 2; i++) {
        if (into[i] && !(i ? k.b.row : k.a.row)) add_sums(into[i], k.n, acc);
    }
    return true;
}

static void pair_backward(const fm_call *c, const gradient *a, const gradient *b) {
    if (add_both(c, (const gradient *const[]){a, b})) return;
    add_gradient(c, c->in[0], c->in[0], c->in[1], a);
    add_gradient(c, c->in[1], c->in[0], c->in[1], b);
}

/* Compiles LOOP for each way in which the two inputs may move along a row. (Both stay only where
 * one of them is not read, or a row has one number.) */
#define BY_STEPS(a_step, b_step, LOOP, F)                                                                                                  \
    if (a_step && b_step) {                                                                                                                \
        LOOP(F, 1, 1);                                                                                                                     \
    } else if (a_step) {                                                                                                                   \
        LOOP(F, 1, 0);                                                                                                                     \
    } else {                                                                                                                               \
        LOOP(F, 0, 1);                                                                                                                     \
    }

#define VALUES(F, SA, SB)                                                                                                                  \
    for (size_t i = 0; i < n; i++) y[i] = F(a[i * (SA)], b[i * (SB)])
/* The term of place I in row R. */
#define AT(TERM, SA, SB, R, I)                                                                                                             \
    TERM(a[k->a.row * (R) + (SA) * (I)], b[k->b.row * (R) + (SB) * (I)], dy[k->row * (R) + (I)], y[k->row * (R) + (I)])
#define EACH(TERM, SA, SB)                                                                                                                 \
    for (size_t r = 0; r < k->rows; r++) {                                                                                                 \
        for (size_t i = 0; i < k->n; i++) into[r * into_row + i] += AT(TERM, SA, SB, r, i);                                                \
    }
#define ROWS(TERM, SA, SB)                                                                                                                 \
    for (size_t r = 0; r < k->rows; r++) {                                                                                                 \
        FM_ROW_SUM(k->n, AT(TERM, SA, SB, r, i), sum);                                                                                     \
        acc[r * step] += sum;                                                                                                              \
    }
#define COLUMNS(TERM, SA, SB) FM_COLUMN_SUMS(k->rows, k->n, AT(TERM, SA, SB, r, j), acc)
#define BLOCK_LOOP(LOOP, TERM)                                                                                                             \
    const real *restrict a = k->a.at, *restrict b = k->b.at, *restrict y = k->y, *restrict dy = k->dy;                                     \
    (void)a, (void)b, (void)y;                                                                                                             \
    BY_STEPS(k->a.step, k->b.step, LOOP, TERM)

/* TERM is an expression of A and B (the two numbers), G (the gradient) and Y (the result). */
#define GRADIENT(name, TERM)                                                                                                               \
    FM_CLONES static void name##_each(const block *restrict k, size_t into_row, real *restrict into) {                                     \
        BLOCK_LOOP(EACH, TERM);                                                                                                            \
    }                                                                                                                                      \
    FM_CLONES static void name##_rows(const block *restrict k, size_t step, double *restrict acc) {                                        \
        BLOCK_LOOP(ROWS, TERM);                                                                                                            \
    }                                                                                                                                      \
    FM_CLONES static void name##_columns(const block *restrict k, double *restrict acc) {                                                  \
        BLOCK_LOOP(COLUMNS, TERM);                                                                                                         \
    }                                                                                                                                      \
    static const gradient name = {name##_each, name##_rows, name##_columns};

#define PAIR(name, F, GRAD_A, GRAD_B)                                                                                                      \
    FM_CLONES static void name##_values(size_t n, side sa, side sb, real *restrict y) {                                                    \
        const real *restrict a = sa.at, *restrict b = sb.at;                                                                               \
        BY_STEPS(sa.step, sb.step, VALUES, F);                                                                                             \
    }                                                                                                                                      \
    GRADIENT(name##_a, GRAD_A)                                                                                                             \
    GRADIENT(name##_b, GRAD_B)                                                                                                             \
    static void name##_forward(const fm_call *c) {                                                                                         \
        pair_forward(c, name##_values);                                                                                                    \
    }                                                                                                                                      \
    static void name##_backward(const fm_call *c) {                                                                                        \
        pair_backward(c, &name##_a, &name##_b);                                                                                            \
    }

#define F_ADD(A, B) (A) + (B)
#define F_SUB(A, B) (A) - (B)
#define F_MUL(A, B) (A) * (B)
#define F_DIV(A, B) (A) / (B)
#define F_MAX(A, B) ((A) >= (B) || (A) != (A) ? (A) : (B)) /* a NaN wins */
#define F_MIN(A, B) ((A) <= (B) || (A) != (A) ? (A) : (B))
#define G_ALL(A, B, G, Y) (G)
#define G_MINUS(A, B, G, Y) (-(G))
#define G_FIRST(A, B, G, Y) ((G) * (A))
#define G_SECOND(A, B, G, Y) ((G) * (B))
#define G_DIV_A(A, B, G, Y) ((G) / (B))
#define G_DIV_B(A, B, G, Y) (-(G) * ((Y) / (B))) /* B * B may be too large or too small for a real */
#define SHARE(MORE, LESS) (isunordered(MORE, LESS) ? (real)NAN : ((MORE) >= (LESS) ? R(0.5) : 0) + ((MORE) > (LESS) ? R(0.5) : 0))
#define G_LARGER(A, B, G, Y) (SHARE(A, B) * (G)) /* equal numbers share the gradient, as in PyTorch */
#define G_SMALLER(A, B, G, Y) (SHARE(B, A) * (G))

PAIR(add, F_ADD, G_ALL, G_ALL)
PAIR(sub, F_SUB, G_ALL, G_MINUS)
PAIR(mul, F_MUL, G_SECOND, G_FIRST)
PAIR(div, F_DIV, G_DIV_A, G_DIV_B)
PAIR(maximum, F_MAX, G_LARGER, G_SMALLER)
PAIR(minimum, F_MIN, G_SMALLER, G_LARGER)

/* ---- comparisons: 1 where they hold, else 0; a NaN is not equal to anything. No gradient. ---- */

#define COMPARISON(name, OPERATOR)                                                                                                         \
    FM_CLONES static void name##_values(size_t n, side sa, side sb, real *restrict y) {                                                    \
        const real *restrict a = sa.at, *restrict b = sb.at;                                                                               \
        BY_STEPS(sa.step, sb.step, COMPARED, OPERATOR);                                                                                    \
    }                                                                                                                                      \
    static void name##_forward(const fm_call *c) {                                                                                         \
        pair_forward(c, name##_values);                                                                                                    \
    }
#define COMPARED(OPERATOR, SA, SB)                                                                                                         \
    for (size_t i = 0; i < n; i++) y[i] = a[i * (SA)] OPERATOR b[i * (SB)] ? R(1.0) : R(0.0)

COMPARISON(lt, <)
COMPARISON(le, <=)
COMPARISON(gt, >)
COMPARISON(ge, >=)
COMPARISON(eq, ==)
COMPARISON(ne, !=)

/* ---- where(condition, a, b): a where the condition is not 0 (a NaN is not) ---- */

static bool where_shape(fm_call *c, fm_error *err) {
    if (!broadcast_pair(c, c->in[1], c->in[2], err)) return false;
    fm_tensor ab = {.rank = c->rank};
    memcpy(ab.shape, c->shape, sizeof ab.shape);
    return broadcast_pair(c, c->in[0], &ab, err);
}

typedef struct where_rows {
    const real *cond, *a, *b;
    real *y;
} where_rows;

static void where_row(void *context, size_t n, const size_t *at, const size_t *step, size_t out_at) {
    where_rows *w = context;
    for (size_t i = 0; i < n; i++) {
        w->y[out_at + i] = w->cond[at[0] + i * step[0]] != 0 ? w->a[at[1] + i * step[1]] : w->b[at[2] + i * step[2]];
    }
}

static void where_forward(const fm_call *c) {
    where_rows rows = {fm_data(c->in[0]), fm_data(c->in[1]), fm_data(c->in[2]), fm_data(c->out)};
    walk w = {0};
    for (int i = 0; i < 3; i++) walk_add(&w, c->out, c->in[i]);
    walk_merge(&w, c->out);
    walk_rows(&w, where_row, &rows);
}

#define G_WHERE(A, B, G, Y) ((A) != 0 ? (G) : R(0.0)) /* A is the condition */
#define G_ELSE(A, B, G, Y) ((A) != 0 ? R(0.0) : (G))
GRADIENT(where_a, G_WHERE)
GRADIENT(where_b, G_ELSE)

static void where_backward(const fm_call *c) {
    add_gradient(c, c->in[1], c->in[0], c->in[0], &where_a);
    add_gradient(c, c->in[2], c->in[0], c->in[0], &where_b);
}

/* ---- one input ---- */

static bool same_shape(fm_call *c, fm_error *err) {
    (void)err;
    return fm_shape_like(c, c->in[0]);
}

typedef struct tiles {
    const fm_call *c;
    void (*apply)(const fm_call *c, size_t n, const real *x, real *y);
} tiles;

static void one_tile(void *context, size_t first, size_t last) {
    tiles *t = context;
    t->apply(t->c, last - first, fm_data(t->c->in[0]) + first, fm_data(t->c->out) + first);
}

static void forward_tiles(const fm_call *c, void (*apply)(const fm_call *, size_t, const real *, real *)) {
    tiles t = {c, apply};
    fm_parallel(c->out->count, FM_TILE, one_tile, &t);
}

/* Y is the value at x; D the slope at x, where y is known too. P and Q are the two options. */
#define UNARY(name, Y, D)                                                                                                                  \
    FM_CLONES static void name##_apply(const fm_call *c, size_t n, const real *restrict in, real *restrict out) {                          \
        real P = (real)c->opt[0].number, Q = (real)c->opt[1].number;                                                                       \
        (void)P, (void)Q;                                                                                                                  \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real x = in[i];                                                                                                                \
            out[i] = (Y);                                                                                                                  \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_forward(const fm_call *c) {                                                                                         \
        forward_tiles(c, name##_apply);                                                                                                    \
    }                                                                                                                                      \
    FM_CLONES static void name##_slopes(const fm_call *c, const real *restrict in, const real *restrict out, const real *restrict dy,      \
                                        real *restrict dx) {                                                                               \
        real P = (real)c->opt[0].number, Q = (real)c->opt[1].number;                                                                       \
        (void)P, (void)Q;                                                                                                                  \
        for (size_t i = 0, n = c->out->count; i < n; i++) {                                                                                \
            real x = in[i], y = out[i];                                                                                                    \
            (void)x, (void)y;                                                                                                              \
            dx[i] += dy[i] * (D);                                                                                                          \
        }                                                                                                                                  \
    }                                                                                                                                      \
    static void name##_backward(const fm_call *c) {                                                                                        \
        name##_slopes(c, fm_data(c->in[0]), fm_data(c->out), fm_grad_get(c->out), fm_grad_add(c->in[0]));                                  \
    }

UNARY(neg, -x, -1)
UNARY(exp, v_exp(x), y)
UNARY(log, v_log(x), 1 / x)
UNARY(sqrt, r_sqrt(x), R(0.5) / y)
UNARY(rsqrt, 1 / r_sqrt(x), R(-0.5) * y / x)
UNARY(reciprocal, 1 / x, -y *y)
UNARY(sin, r_sin(x), r_cos(x))
UNARY(cos, r_cos(x), -r_sin(x))
UNARY(square, x *x, 2 * x)
UNARY(abs, r_fabs(x), x > 0 ? 1 : (x < 0 ? -1 : x)) /* 0 and NaN are their own slopes */
UNARY(pow, r_pow(x, P), P == 0 ? 0 : P * r_pow(x, P - 1))
UNARY(clamp, x < P ? P : (x > Q ? Q : x), x >= P && x <= Q ? 1 : (x == x ? 0 : x))

static bool clamp_shape(fm_call *c, fm_error *err) {
    double low = c->opt[0].number, high = c->opt[1].number;
    if (low > high) return fm_call_fail(c, err, "min %g is over max %g", low, high);
    return fm_shape_like(c, c->in[0]);
}

static const fm_option pow_options[] = {{"exponent", FM_NUMBER, true, 0, NULL}, {0}};
static const fm_option clamp_options[] = {{"min", FM_NUMBER, false, -INFINITY, NULL}, {"max", FM_NUMBER, false, INFINITY, NULL}, {0}};

const fm_op elementwise_ops[] = {
    /* name     inputs options   checks         computes          differentiates */
    {"add", "tt", NULL, broadcast, add_forward, add_backward},
    {"sub", "tt", NULL, broadcast, sub_forward, sub_backward},
    {"mul", "tt", NULL, broadcast, mul_forward, mul_backward},
    {"div", "tt", NULL, broadcast, div_forward, div_backward},
    {"maximum", "tt", NULL, broadcast, maximum_forward, maximum_backward},
    {"minimum", "tt", NULL, broadcast, minimum_forward, minimum_backward},
    {"neg", "t", NULL, same_shape, neg_forward, neg_backward},
    {"exp", "t", NULL, same_shape, exp_forward, exp_backward},
    {"log", "t", NULL, same_shape, log_forward, log_backward},
    {"sqrt", "t", NULL, same_shape, sqrt_forward, sqrt_backward},
    {"rsqrt", "t", NULL, same_shape, rsqrt_forward, rsqrt_backward},
    {"reciprocal", "t", NULL, same_shape, reciprocal_forward, reciprocal_backward},
    {"sin", "t", NULL, same_shape, sin_forward, sin_backward},
    {"cos", "t", NULL, same_shape, cos_forward, cos_backward},
    {"square", "t", NULL, same_shape, square_forward, square_backward},
    {"abs", "t", NULL, same_shape, abs_forward, abs_backward},
    {"pow", "t", pow_options, same_shape, pow_forward, pow_backward},
    {"clamp", "t", clamp_options, clamp_shape, clamp_forward, clamp_backward},
    {"lt", "nn", NULL, broadcast, lt_forward, NULL},
    {"le", "nn", NULL, broadcast, le_forward, NULL},
    {"gt", "nn", NULL, broadcast, gt_forward, NULL},
    {"ge", "nn", NULL, broadcast, ge_forward, NULL},
    {"eq", "nn", NULL, broadcast, eq_forward, NULL},
    {"ne", "nn", NULL, broadcast, ne_forward, NULL},
    {"where", "ntt", NULL, where_shape, where_forward, where_backward},
    {0},
};
