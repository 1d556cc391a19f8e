/* A walk over an output in rows, with the inputs that are broadcast to it. Neighbouring axes along
 * which every tensor moves alike are merged, so that rows are as long as possible. Each tensor
 * advances along a row by one, or stays. */
#ifndef FM_WALK_H
#define FM_WALK_H

#include "tensor.h"

enum { FM_MAX_WALKED = 4 };

typedef struct fm_walk {
    int rank, n_in;
    size_t shape[FM_MAX_RANK];
    size_t stride[FM_MAX_WALKED][FM_MAX_RANK]; /* 0 on an axis along which the tensor stays */
} fm_walk;

/* A place in a walk: an index, and where each tensor is there. */
typedef struct fm_place {
    size_t index[FM_MAX_RANK], at[FM_MAX_WALKED];
} fm_place;

/* Begins with *w = {0}; a tensor is added for each input, then the axes are merged. */
void fm_walk_add(fm_walk *w, const fm_tensor *out, const fm_tensor *t);
void fm_walk_merge(fm_walk *w, const fm_tensor *out);

/* How many places the axes from .. end - 1 have. */
size_t fm_walk_count(const fm_walk *w, int from, int end);
/* Moves from the beginning of the axes from .. end - 1 to place `number` of them. */
void fm_walk_seek(const fm_walk *w, int from, int end, size_t number, fm_place *p);
/* How many of the next `most` places follow each other along axis end - 1; 1 without axes. */
size_t fm_walk_run(const fm_walk *w, int from, int end, const fm_place *p, size_t most);
/* Moves on by such a run. */
void fm_walk_advance(const fm_walk *w, int from, int end, size_t run, fm_place *p);

#endif
