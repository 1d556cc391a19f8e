/* t[{ {1, 3}, 2, {} }]: an entry per axis, of which at least one is a table: a number (the axis
 * is dropped), a range {first, last [, step]}, or {} for all of it; axes without an entry stay
 * whole. Two plain numbers are rows (tensor.c). */
#ifndef FM_SLICES_H
#define FM_SLICES_H

#include "tensor.h"

#include <lua.h>

/* Whether the table at `index` is of this kind. */
bool bind_is_slices(lua_State *L, int index);
/* Pushes what the table at `index` selects of t: a view where that is contiguous, else a copy by
 * ops, which a tape records. Raises. */
int bind_push_slices(lua_State *L, fm_tensor *t, int index);
/* Writes a number, or a tensor of the selection's shape, at `value`. The caller checked that t
 * may be written. Raises. */
void bind_write_slices(lua_State *L, fm_tensor *t, int index, int value);

#endif
