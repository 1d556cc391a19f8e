/* What the binding files share. A binding reads its arguments, calls one function, pushes the result.
 *
 * Ownership: a tensor handle is a box made empty and given its metatable first, then filled, so nothing can leak when Lua raises
 * in between. Scratch that must live across a raising call is a Lua userdata, never malloc. */
#ifndef FM_BIND_H
#define FM_BIND_H

#include "error.h"
#include "tensor.h"

#include <lauxlib.h>
#include <lua.h>

#define BIND_LIBRARY "fm.library" /* in the registry of fmrun: the folder that holds fm/ */

/* Raises `err` as a Lua error at the script's line. Never returns. */
int bind_raise(lua_State *L, const fm_error *err) __attribute__((noreturn));
/* core.fail(message): the same, for the Lua files of fm. */
int bind_fail(lua_State *L);
/* The world fails: pushes nil, message; returns 2. */
int bind_failure(lua_State *L, const fm_error *err);

/* An empty handle, to be filled with one reference. Also tells Lua's collector, at this safe point, about bytes held outside. */
fm_tensor **bind_push_empty(lua_State *L);
/* Pushes a handle that takes over one reference; raises `err` when t is NULL, so a call reads
 * `return bind_push_tensor(L, fm_run(c, &err), &err)`. Returns 1. */
int bind_push_tensor(lua_State *L, fm_tensor *t, const fm_error *err);
/* The tensor at an argument; raises when it is none, or was released with its tape. Borrowed. */
fm_tensor *bind_check_tensor(lua_State *L, int arg);
fm_tensor *bind_opt_tensor(lua_State *L, int arg); /* NULL for nil or nothing */
bool bind_is_tensor(lua_State *L, int arg);
bool bind_is_released(lua_State *L, int arg); /* a tensor whose bytes went with its tape */
/* The tensor at an argument, or a new rank 0 one from a number, which replaces it on the stack. */
fm_tensor *bind_tensor_or_number(lua_State *L, int arg);

/* A shape from varargs (from `arg` to `last`) or from one table there; raises. Returns the rank. */
int bind_check_shape(lua_State *L, int arg, int last, size_t shape[FM_MAX_RANK]);
/* A whole number in low..high; raises with `what` in the message. */
lua_Integer bind_check_integer(lua_State *L, int arg, const char *what, lua_Integer low, lua_Integer high);

/* Options tables: raises on a key that is not among `names` (NULL at the end), with the nearest one. */
void bind_check_keys(lua_State *L, int arg, const char *function, const char *const *names);
const char *bind_nearest(const char *word, const char *const *names); /* or NULL when none is near */

/* After a failed allocation: collect everything and tell whether another try makes sense. */
bool bind_collect(lua_State *L);

/* Makes the metatable of tensors and leaves it on the stack. */
void bind_handle_metatable(lua_State *L);
void bind_push_metatable(lua_State *L);

/* Each file registers its functions into the module table on top of the stack. */
void bind_tensor(lua_State *L);
void bind_ops(lua_State *L);
void bind_tape(lua_State *L);
void bind_random(lua_State *L);
void bind_optim(lua_State *L);
void bind_ode(lua_State *L);
void bind_files(lua_State *L);
void bind_picture(lua_State *L);
void bind_measure(lua_State *L);
void bind_path(lua_State *L);
void bind_memory(lua_State *L);
void bind_system(lua_State *L);
void bind_lock(lua_State *L); /* into the table of system */

int luaopen_fm_core(lua_State *L);

#endif
