/* What the binding files share. A binding reads its arguments, calls one function, pushes the
 * result.
 *
 * Ownership: what C owns hangs on objects (object.h), which are made empty and filled afterwards,
 * so nothing can leak when Lua raises in between. Scratch that must live across a raising call is a
 * Lua userdata, never malloc. */
#ifndef FM_BIND_H
#define FM_BIND_H

#include "error.h"
#include "tensor.h"

#include <lauxlib.h>
#include <lua.h>

#define BIND_LIBRARY "fm.library" /* in the registry of fmrun: the folder that holds fm/ */

/* ---- functions ---- */

/* What a script can call. Every call passes the gate (gate.c), which refuses more than `most`
 * arguments that are not nil. */
enum { BIND_ANY = -1 };
typedef struct bind_function {
    const char *name;
    lua_CFunction call;
    int most; /* with the object itself, for a method */
} bind_function;

/* As luaL_setfuncs, with the gate; the list ends with a NULL name. `of`: the class, or NULL. */
void bind_functions(lua_State *L, const char *of, const bind_function *list);
/* The same for a module's table: messages call its functions "NAME.function". */
void bind_module(lua_State *L, const char *name, const bind_function *list);
/* Pops a name, by which messages call the function below it: "zeros", "rng:normal". */
void bind_name(lua_State *L);
const char *bind_caller(lua_State *L); /* the name of the function that runs now */

extern lua_State *bind_running; /* the coroutine that came last through the gate */
void bind_open_gate(lua_State *L);
/* A finalizer runs, in the middle of something: bytes that others may be reading must stay. */
bool bind_in_finalizer(lua_State *L);

/* ---- errors: error.c ---- */

/* Misuse: a Lua error at the script's line, of `err` or a message. None of these returns. */
int bind_raise(lua_State *L, const fm_error *err) __attribute__((noreturn));
int bind_error(lua_State *L, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
/* "NAME: argument ARG: expected EXPECTED, found KIND"; methods do not count the object. */
int bind_argument(lua_State *L, int arg, const char *expected) __attribute__((noreturn));
/* "NAME: argument ARG: PROBLEM", numbered in the same way. */
int bind_refuse(lua_State *L, int arg, const char *problem) __attribute__((noreturn));
int bind_surplus(lua_State *L, int arg) __attribute__((noreturn)); /* "NAME: unexpected argument ARG: KIND" */
int bind_fail(lua_State *L);                                       /* core.fail(message): the same, for the Lua files of fm */

/* For failures of files and of the system: pushes nil, message; returns 2. bind_done: pushes true,
 * returns 1; or fails. */
int bind_failure(lua_State *L, const fm_error *err);
int bind_done(lua_State *L, bool done, const fm_error *err);

/* What the value is, for messages: `tensor [2, 3]`, `string "x"`, `nothing`. Pushed. */
const char *bind_push_kind(lua_State *L, int index);

/* ---- unknown names: names.c ---- */

/* Raises `FUNCTION: unknown WHAT "WORD"; did you mean "NAME"?` when one of `names` (NULL at the
 * end) is near; else returns. */
void bind_suggest(lua_State *L, const char *function, const char *what, const char *word, const char *const *names);
/* Raises that, or the same without a name. */
void bind_unknown(lua_State *L, const char *function, const char *what, const char *word, const char *const *names)
    __attribute__((noreturn));
/* Raises for the key at `index` of an options table, which is not a string. */
int bind_unexpected_key(lua_State *L, int index, const char *function) __attribute__((noreturn));
/* Raises for a key of an options table that is not among `names`. */
void bind_check_keys(lua_State *L, int arg, const char *function, const char *const *names);
/* The key of the table that was probably meant, or NULL; the first in the alphabet of several. */
const char *bind_nearest_key(lua_State *L, int table, const char *word);
int bind_nearest_of(lua_State *L); /* core.nearest(word, names): the name that was probably meant, or nil */

/* ---- tensors: handle.c ---- */

/* An empty handle, to be filled with one reference. Also tells Lua's collector, at this safe point,
 * about bytes held outside. */
fm_tensor **bind_push_empty(lua_State *L);
/* Puts what was made into the handle and returns it; raises `err` when it is NULL. */
fm_tensor *bind_fill(lua_State *L, fm_tensor **slot, fm_tensor *made, const fm_error *err);
/* A handle to a new tensor of this shape, contents not set. The scope that counts owns the tensor
 * of bind_push_result. Both raise. */
fm_tensor *bind_push_new(lua_State *L, int rank, const size_t *shape);
fm_tensor *bind_push_result(lua_State *L, int rank, const size_t *shape);
void bind_push_tensor(lua_State *L, fm_tensor *t); /* another handle to t */
/* The tensor at an argument; raises when it is not a tensor, or was released with its tape.
 * Borrowed: lifetimes.h says for how long. */
fm_tensor *bind_check_tensor(lua_State *L, int arg);
fm_tensor *bind_opt_tensor(lua_State *L, int arg); /* NULL for nil or nothing */
fm_tensor *bind_check_entry(lua_State *L, int i);  /* the tensor on top of the stack, entry i of a list; raises likewise */
bool bind_is_tensor(lua_State *L, int arg);
bool bind_is_released(lua_State *L, int arg); /* a tensor whose bytes went with its tape */
/* The tensor at an argument, or a new rank 0 one from a number, which replaces it on the stack. */
fm_tensor *bind_tensor_or_number(lua_State *L, int arg);

/* ---- other arguments: arguments.c; all raise ---- */

/* A shape from varargs (from `arg` to `last`) or from one table there. Returns the rank. */
int bind_check_shape(lua_State *L, int arg, int last, size_t shape[FM_MAX_RANK]);
/* A whole number in low..high; `what` begins the message. */
lua_Integer bind_check_integer(lua_State *L, int arg, const char *what, lua_Integer low, lua_Integer high);
/* The same, the message beginning with the function's name and that of its argument. */
lua_Integer bind_check_whole(lua_State *L, int arg, const char *name, lua_Integer low, lua_Integer high);
lua_Number bind_check_number(lua_State *L, int arg);
const char *bind_check_text(lua_State *L, int arg, size_t *size); /* size may be NULL */
void bind_check_table(lua_State *L, int arg);
void bind_check_function(lua_State *L, int arg);
/* The keys and values of a table as a list: k1, v1, k2, v2 ...; returns the number of pairs.
 * Pushed. Any allocation may run finalizers, and they may change the table: what is in the list
 * stays. */
size_t bind_push_pairs(lua_State *L, int table);

/* After a failed allocation: collect everything and tell whether another try makes sense. */
bool bind_collect(lua_State *L);

void bind_open_handles(lua_State *L); /* makes the metatable of tensors; bind_push_tensor_metatable pushes it */
void bind_push_tensor_metatable(lua_State *L);

/* Each file registers its functions into the module table on top of the stack. */
void bind_tensor(lua_State *L);
void bind_ops(lua_State *L);
void bind_tape(lua_State *L);
void bind_tangent(lua_State *L);
void bind_random(lua_State *L);
void bind_optim(lua_State *L);
void bind_ode(lua_State *L);
void bind_files(lua_State *L);
void bind_picture(lua_State *L);
void bind_measure(lua_State *L);
void bind_path(lua_State *L);
void bind_memory(lua_State *L);
void bind_system(lua_State *L);
void bind_processes(lua_State *L);
void bind_lock(lua_State *L); /* this and the next: into the table of system */
void bind_line_editor(lua_State *L);

int luaopen_fm_core(lua_State *L);

#endif
