/* Elementwise ops of two or three inputs, with NumPy's broadcasting. */
#include "broadcast.h"
#include "sums.h"
#include "tangent.h"

#include <string.h>

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
    for (size_t r = 0; r < rows; r++, a += in[0].row, b += in[1].row, y += n) {                                                            \
        for (size_t i = 0; i < n; i++) y[i] = F(a[i * (SA)], b[i * (SB)]);                                                                 \
    }
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
    FM_CLONES static void name##_each(const fm_block *restrict k, size_t into_row, real *restrict into) {                                  \
        BLOCK_LOOP(EACH, TERM);                                                                                                            \
    }                                                                                                                                      \
    FM_CLONES static void name##_rows(const fm_block *restrict k, size_t step, double *restrict acc) {                                     \
        BLOCK_LOOP(ROWS, TERM);                                                                                                            \
    }                                                                                                                                      \
    FM_CLONES static void name##_columns(const fm_block *restrict k, double *restrict acc) {                                               \
        BLOCK_LOOP(COLUMNS, TERM);                                                                                                         \
    }                                                                                                                                      \
    static const fm_gradient name = {name##_each, name##_rows, name##_columns};

#define PAIR(name, F, GRAD_A, GRAD_B)                                                                                                      \
    FM_CLONES static void name##_values(size_t rows, size_t n, const fm_side *restrict in, real *restrict y) {                             \
        const real *restrict a = in[0].at, *restrict b = in[1].at;                                                                         \
        BY_STEPS(in[0].step, in[1].step, VALUES, F);                                                                                       \
    }                                                                                                                                      \
    GRADIENT(name##_a, GRAD_A)                                                                                                             \
    GRADIENT(name##_b, GRAD_B)                                                                                                             \
    static void name##_forward(const fm_call *c) {                                                                                         \
        fm_broadcast_forward(c, name##_values);                                                                                            \
    }                                                                                                                                      \
    static void name##_backward(const fm_call *c) {                                                                                        \
        fm_broadcast_backward(c, &name##_a, &name##_b);                                                                                    \
    }

#define F_ADD(A, B) (A) + (B)
#define F_SUB(A, B) (A) - (B)
#define F_MUL(A, B) (A) * (B)
#define F_DIV(A, B) (A) / (B)
#define F_MAX(A, B) ((A) >= (B) || (A) != (A) ? (A) : (B)) /* a NaN wins */
#define F_MIN(A, B) ((A) <= (B) || (A) != (A) ? (A) : (B))
#define F_ATAN2(A, B) r_atan2(A, B)
#define G_ALL(A, B, G, Y) (G)
#define G_MINUS(A, B, G, Y) (-(G))
#define G_FIRST(A, B, G, Y) ((G) * (A))
#define G_SECOND(A, B, G, Y) ((G) * (B))
#define G_DIV_A(A, B, G, Y) ((G) / (B))
#define G_DIV_B(A, B, G, Y) (-(G) * ((Y) / (B))) /* B * B may be too large or too small for a real */
#define SHARE(MORE, LESS) (isunordered(MORE, LESS) ? (real)NAN : ((MORE) >= (LESS) ? R(0.5) : 0) + ((MORE) > (LESS) ? R(0.5) : 0))
#define G_LARGER(A, B, G, Y) (SHARE(A, B) * (G)) /* equal numbers share the gradient, as in PyTorch */
#define G_SMALLER(A, B, G, Y) (SHARE(B, A) * (G))
#define G_ATAN2_A(A, B, G, Y) ((G) * ((B) / ((A) * (A) + (B) * (B)))) /* none at (0, 0), where it is NaN */
#define G_ATAN2_B(A, B, G, Y) ((G) * (-(A) / ((A) * (A) + (B) * (B))))

PAIR(add, F_ADD, G_ALL, G_ALL)
PAIR(sub, F_SUB, G_ALL, G_MINUS)
PAIR(mul, F_MUL, G_SECOND, G_FIRST)
PAIR(div, F_DIV, G_DIV_A, G_DIV_B)
PAIR(maximum, F_MAX, G_LARGER, G_SMALLER)
PAIR(minimum, F_MIN, G_SMALLER, G_LARGER)
PAIR(atan2, F_ATAN2, G_ATAN2_A, G_ATAN2_B)

/* ---- comparisons: 1 where they hold, else 0; a NaN is not equal to anything. No gradient. ---- */

#define COMPARISON(name, OPERATOR)                                                                                                         \
    FM_CLONES static void name##_values(size_t rows, size_t n, const fm_side *restrict in, real *restrict y) {                             \
        const real *restrict a = in[0].at, *restrict b = in[1].at;                                                                         \
        BY_STEPS(in[0].step, in[1].step, COMPARED, OPERATOR);                                                                              \
    }                                                                                                                                      \
    static void name##_forward(const fm_call *c) {                                                                                         \
        fm_broadcast_forward(c, name##_values);                                                                                            \
    }
#define COMPARED(OPERATOR, SA, SB)                                                                                                         \
    for (size_t r = 0; r < rows; r++, a += in[0].row, b += in[1].row, y += n) {                                                            \
        for (size_t i = 0; i < n; i++) y[i] = a[i * (SA)] OPERATOR b[i * (SB)] ? R(1.0) : R(0.0);                                          \
    }

COMPARISON(lt, <)
COMPARISON(le, <=)
COMPARISON(gt, >)
COMPARISON(ge, >=)
COMPARISON(eq, ==)
COMPARISON(ne, !=)

/* ---- where(condition, a, b): a where the condition is not 0 (a NaN is not) ---- */

static bool where_shape(fm_call *c, fm_error *err) {
    if (!fm_broadcast_shape(c, c->in[1], c->in[2], err)) return false;
    fm_tensor ab = {.rank = c->rank};
    memcpy(ab.shape, c->shape, sizeof ab.shape);
    return fm_broadcast_shape(c, c->in[0], &ab, err);
}

#define CHOSEN(S, SA, SB)                                                                                                                  \
    for (size_t r = 0; r < rows; r++, s += in[0].row, a += in[1].row, b += in[2].row, y += n) {                                            \
        for (size_t i = 0; i < n; i++) {                                                                                                   \
            real yes = a[i * (SA)], no = b[i * (SB)];                                                                                      \
            y[i] = s[i * (S)] != 0 ? yes : no;                                                                                             \
        }                                                                                                                                  \
    }

FM_CLONES static void where_values(size_t rows, size_t n, const fm_side *restrict in, real *restrict y) {
    const real *restrict s = in[0].at, *restrict a = in[1].at, *restrict b = in[2].at;
    if (!in[1].step && !in[2].step) {
        CHOSEN(in[0].step, 0, 0);
    } else if (in[0].step) {
        BY_STEPS(in[1].step, in[2].step, CHOSEN, 1);
    } else {
        BY_STEPS(in[1].step, in[2].step, CHOSEN, 0);
    }
}

static void where_forward(const fm_call *c) {
    fm_broadcast_forward(c, where_values);
}

static inline real chosen(real condition, real yes, real no) { /* by value: a condition at random must not become a jump */
    return condition != 0 ? yes : no;
}

#define G_WHERE(A, B, G, Y) chosen(A, G, 0) /* A is the condition */
#define G_ELSE(A, B, G, Y) chosen(A, 0, G)
GRADIENT(where_a, G_WHERE)
GRADIENT(where_b, G_ELSE)

static void where_backward(const fm_call *c) {
    fm_broadcast_gradient(c, c->in[1], c->in[0], c->in[0], &where_a);
    fm_broadcast_gradient(c, c->in[2], c->in[0], c->in[0], &where_b);
}

/* ---- tangents ---- */

static fm_tensor *add_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    (void)c;
    return fm_add(r, d[0], d[1]);
}

static fm_tensor *sub_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    (void)c;
    return fm_subtract(r, d[0], d[1]);
}

static fm_tensor *mul_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return fm_add(r, fm_multiply(r, d[0], c->in[1]), fm_multiply(r, c->in[0], d[1]));
}

static fm_tensor *div_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* (da - y db) / b */
    return fm_rule_two(r, "div", fm_subtract(r, d[0], fm_multiply(r, c->out, d[1])), c->in[1]);
}

/* Equal numbers share the slope, as in backward: db + w (da - db), w = 1 where a wins, 1/2 where
 * they are equal. */
static fm_tensor *winner_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d, const char *at_least, const char *wins) {
    fm_tensor *a = c->in[0], *b = c->in[1];
    fm_tensor *w = fm_scale(r, 0.5, fm_add(r, fm_rule_two(r, at_least, a, b), fm_rule_two(r, wins, a, b)));
    return fm_add(r, d[1], fm_multiply(r, w, fm_subtract(r, d[0], d[1])));
}

static fm_tensor *maximum_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return winner_tangent(r, c, d, "ge", "gt");
}

static fm_tensor *minimum_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    return winner_tangent(r, c, d, "le", "lt");
}

static fm_tensor *atan2_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) { /* (b da - a db) / (a^2 + b^2) */
    fm_tensor *a = c->in[0], *b = c->in[1];
    fm_tensor *squares = fm_add(r, fm_rule_one(r, "square", a), fm_rule_one(r, "square", b));
    return fm_rule_two(r, "div", fm_subtract(r, fm_multiply(r, d[0], b), fm_multiply(r, a, d[1])), squares);
}

static fm_tensor *where_tangent(fm_rule *r, const fm_call *c, fm_tensor *const *d) {
    fm_tensor *in[] = {c->in[0], d[1] ? d[1] : fm_rule_number(r, 0), d[2] ? d[2] : fm_rule_number(r, 0)};
    return fm_rule_again(r, c, 3, in);
}

const fm_op pair_ops[] = {
    /* name     inputs options   checks         computes          differentiates */
    {"add", "tt", NULL, fm_broadcast, add_forward, add_backward, add_tangent},
    {"sub", "tt", NULL, fm_broadcast, sub_forward, sub_backward, sub_tangent},
    {"mul", "tt", NULL, fm_broadcast, mul_forward, mul_backward, mul_tangent},
    {"div", "tt", NULL, fm_broadcast, div_forward, div_backward, div_tangent},
    {"maximum", "tt", NULL, fm_broadcast, maximum_forward, maximum_backward, maximum_tangent},
    {"minimum", "tt", NULL, fm_broadcast, minimum_forward, minimum_backward, minimum_tangent},
    {"atan2", "tt", NULL, fm_broadcast, atan2_forward, atan2_backward, atan2_tangent},
    {"lt", "nn", NULL, fm_broadcast, lt_forward, NULL, NULL},
    {"le", "nn", NULL, fm_broadcast, le_forward, NULL, NULL},
    {"gt", "nn", NULL, fm_broadcast, gt_forward, NULL, NULL},
    {"ge", "nn", NULL, fm_broadcast, ge_forward, NULL, NULL},
    {"eq", "nn", NULL, fm_broadcast, eq_forward, NULL, NULL},
    {"ne", "nn", NULL, fm_broadcast, ne_forward, NULL, NULL},
    {"where", "ntt", NULL, where_shape, where_forward, where_backward, where_tangent},
    {0},
};
