/* What the solvers of ode.c and ode_rows.c share: tableaus, the plan, a call from the engine into
 * Lua, the progress as a table.
 *
 * The field is a Lua function that may raise. Everything a solve holds hangs on one box that closes
 * with it, so an error passes straight through the engine with its traceback whole. The call is
 * protected only in a coroutine, because its boxes may close at any later time. */
#ifndef FM_ODE_CALL_H
#define FM_ODE_CALL_H

#include "object.h"
#include "ode.h"
#include "ode_record.h"

extern const bind_type ode_tableau_type;

/* Places on the stack of a solve */
enum { ODE_METHOD = 1, ODE_FIELD, ODE_START, ODE_PLAN, ODE_BOX, ODE_POINT, ODE_NEXT_PLACE };

/* The first member of a box. */
typedef struct ode_call {
    lua_State *L;
    fm_tensor *point; /* what the field gets, also in the handle at ODE_POINT */
    fm_scope *scope;  /* around the call that runs now */
    bool guarded;     /* in a coroutine */
    bool raised;      /* guarded: the error is on top of the stack */
    bool recorded;    /* calls record on the tape of the caller, and `rows` tells how they are connected */
    fm_ode_record rows;
    bool watched, depends; /* not recorded yet; depends: a slope was seen that depends on a parameter */
    fm_error err;
} ode_call;

/* Checks x0 and the plan; pushes the box, to be closed with the caller, and the point. */
void *ode_push_box(lua_State *L, const bind_type *type);
/* May be called more than once. L is the caller's: in a finalizer that need not be c->L, which may
 * be gone. */
void ode_call_release(lua_State *L, ode_call *c);

/* Pushes x as the field gets it. */
void ode_call_push_point(ode_call *c);
/* Calls what lies on the stack with `n` arguments; its result is on top. Unless the solve is
 * recorded, what it makes is neither recorded nor kept: ode_call_end. False when the call was
 * guarded and raised. */
bool ode_call_begin(ode_call *c, int n);
void ode_call_end(ode_call *c);
const char *ode_call_kind(lua_State *L, int at); /* what lies there, for messages */
/* The result, a tensor shaped as the point, is copied. False with c->err, or as above. */
bool ode_call_for_tensor(ode_call *c, const char *who, int n, real *to);
/* After a solve that failed and was released: raises what the call left. */
void ode_call_raise(ode_call *c) __attribute__((noreturn));

/* ode_tableau.c: tableau({order, c, a, b [, e, e3, error_order, closes, dense, extra, history]},
 * name) -> a method for solve; raises when it is none. facts(tableau) -> has an error estimate, has
 * an interpolant, how many slopes of past points it uses */
int ode_read_tableau(lua_State *L);
int ode_tableau_facts(lua_State *L);

/* ode_plan.c: fields of the plan, which raise. A choice is among `names` (NULL at the end), and the
 * first of them when it is absent. */
double ode_plan_number(lua_State *L, const char *name, double fallback);
int ode_plan_choice(lua_State *L, const char *name, const char *const *names);
void ode_read_plan(lua_State *L, fm_ode_plan *p); /* with the tableau at ODE_METHOD, if it is one */
void ode_check_adaptive(lua_State *L, const fm_ode_plan *p);

/* ode_plan.c: pushes a table; adds to the one on top. */
void ode_push_info(lua_State *L, const fm_ode_progress *at, int64_t steps, fm_ode_status status);
void ode_set_errors(lua_State *L, const fm_ode_progress *at);
void ode_set_number(lua_State *L, const char *name, double value);
void ode_set_integer(lua_State *L, const char *name, int64_t value);

/* ode_gradient.c: what lua/fm/ode/parts/gradient.lua asks for in its plans. begin: after
 * fm_ode_open. end: after a run; pushes solve's third result. watch: an observer's part. */
void ode_gradient_begin(ode_call *c, fm_ode *o);
void ode_gradient_watch(ode_call *c, const fm_ode *o, bool at_end);
void ode_gradient_push_end(ode_call *c, fm_ode *o);

/* ode_rows.c: solve_rows(tableau, field, x0, plan) -> x, info */
extern const bind_type ode_rows_type;
int ode_solve_rows(lua_State *L);

#endif
