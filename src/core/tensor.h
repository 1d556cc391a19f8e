/* A tensor is a shape over a contiguous, row-major range of a storage. A view shares the storage
 * and the gradient of its base, so writing a gradient through a view lands in the base. */
#ifndef FM_TENSOR_H
#define FM_TENSOR_H

#include "storage.h"

enum { FM_MAX_RANK = 8 };

typedef enum fm_grad_state {
    FM_GRAD_UNSET, /* no gradient since the last clearing; the bytes, if any, hold nothing of meaning */
    FM_GRAD_SET
} fm_grad_state;

struct fm_scope;
typedef struct fm_tangent fm_tangent;

typedef struct fm_tensor {
    int holders;
    int rank;
    size_t shape[FM_MAX_RANK];
    size_t count;  /* product of the shape */
    size_t offset; /* first number within the storage */
    fm_storage *storage;
    struct fm_tensor *base;                   /* a view: whose gradient it shares. NULL: its own. Never a view itself */
    struct fm_scope *scope;                   /* the open scope that owns it, or NULL */
    struct fm_tensor *owned_next, **owned_at; /* its place in that scope's list: what follows, and the pointer to it */
    bool needs_grad;                          /* a parameter, or an op of an open tape made it from one (see fm_needs_grad) */
    uint64_t recorded;                        /* fm_clock at that op's record; or when that tape was forgotten, and this lived on */
    bool lent;                                /* its numbers are another's: see lifetimes.h */
    fm_grad_state grad_state;
    fm_storage *grad; /* NULL until needed */
    size_t grad_offset;
    fm_tangent *tangents; /* derivatives along directions, oldest level first: see below */
    size_t grad_first;    /* columns of the last axis before this one want no gradient (set by cat, read by linear) */
} fm_tensor;

/* A new tensor with one holder and its own storage, contents not set; NULL with `err` filled. */
fm_tensor *fm_tensor_new(int rank, const size_t *shape, fm_error *err);
/* A view of `of` from number `first` on, with its own shape; NULL with `err` filled. The range is
 * checked before. */
fm_tensor *fm_tensor_view(fm_tensor *of, size_t first, int rank, const size_t *shape, fm_error *err);
/* The same numbers outside of every tape: without a gradient, and no scope drops them. */
fm_tensor *fm_tensor_detach(fm_tensor *t, fm_error *err);
/* A tensor over a range of a storage that exists already; retains it. */
fm_tensor *fm_tensor_of(fm_storage *s, size_t offset, int rank, const size_t *shape, fm_error *err);
fm_tensor *fm_tensor_clone(const fm_tensor *t, fm_error *err);
fm_tensor *fm_tensor_retain(fm_tensor *t);
void fm_tensor_release(fm_tensor *t); /* NULL is fine */
/* Out of its scope and of the scope's list. */
static inline void fm_tensor_leave(fm_tensor *t) {
    *t->owned_at = t->owned_next;
    if (t->owned_next) t->owned_next->owned_at = t->owned_at;
    t->scope = NULL;
}

/* Product of the sizes; false with `err` filled when it overflows, or for a rank over
 * FM_MAX_RANK. */
bool fm_shape_count(int rank, const size_t *shape, size_t *count, fm_error *err);
bool fm_same_shape(const fm_tensor *a, const fm_tensor *b);
/* "[64, 3]" into a buffer; returns the buffer. */
enum { FM_SHAPE_TEXT = 192 };
const char *fm_shape_text(const fm_tensor *t, char text[FM_SHAPE_TEXT]);

/* Gradients. The functions see through views. */
static inline fm_tensor *fm_base(fm_tensor *t) {
    return t->base ? t->base : t;
}
static inline real *fm_data(const fm_tensor *t) {
    return t->storage->data + t->offset;
}
static inline bool fm_needs_grad(const fm_tensor *t) {
    return t && (t->base ? t->base->needs_grad : t->needs_grad);
}
/* The bytes of a gradient exist after this; false with `err` filled. */
bool fm_grad_reserve(fm_tensor *t, fm_error *err);
/* Where to ADD the gradient of t (zero-filled when it was unset), or NULL when t wants none. Needs
 * fm_grad_reserve before. */
real *fm_grad_add(fm_tensor *t);
/* The same for a whole-tensor write: *fresh says that the numbers there mean nothing and must be
 * overwritten, not added to. */
real *fm_grad_write(fm_tensor *t, bool *fresh);
/* Adds t->count numbers to the gradient of t, which wants one. Needs fm_grad_reserve before. */
void fm_grad_sum(fm_tensor *t, const real *more);
/* The gradient to read, or NULL when there is none. */
const real *fm_grad_get(const fm_tensor *t);
void fm_grad_clear(fm_tensor *t);   /* marks it unset: costs nothing */
void fm_grad_release(fm_tensor *t); /* gives the bytes back too, unless they lie in a flat vector */

/* Tangents. A tensor may carry one for each open level (level.h): the derivative of its numbers
 * along that level's direction, shaped as it is. None means zero, and costs nothing. Views carry
 * those of what they are taken from, copies none. */
struct fm_tangent {
    uint64_t level;
    fm_tensor *along;
    fm_tangent *next; /* of a newer level */
};
/* Gives t a tangent, which it retains and which is shaped as it is. False with `err` filled. */
bool fm_tangent_set(fm_tensor *t, uint64_t level, fm_tensor *along, fm_error *err);
fm_tensor *fm_tangent_get(const fm_tensor *t, uint64_t level); /* borrowed; NULL: zero, or no tensor */
void fm_tangent_drop(fm_tensor *t, uint64_t level);
/* `to` has the same numbers as `from`, and the same tangents from now on. */
bool fm_tangents_share(fm_tensor *to, const fm_tensor *from, fm_error *err);
/* Whether t carries a tangent of a level at work. Code that reads numbers and has no rule must
 * refuse such a tensor. NULL is fine. */
bool fm_follows(const fm_tensor *t);

static inline size_t fm_last(const fm_tensor *t) { /* size of the last axis; 1 for rank 0 */
    return t->rank ? t->shape[t->rank - 1] : 1;
}
static inline size_t fm_rows(const fm_tensor *t) { /* product of the other axes */
    size_t n = 1;
    for (int i = 0; i + 1 < t->rank; i++) n *= t->shape[i];
    return n;
}

#endif
