/* Gradients through a solve: what lua/fm/ode/parts/gradient.lua asks of the engine, by fields of
 * the plan.
 *
 *   record = {}           the solve is recorded on the tape of the caller; the list fills with the
 *                         saved states. The third result of solve is then the list of past slopes,
 *                         the newest first, of a method with history
 *   from = {border, leaf, times}   recorded, from a border on: the parameter leaf [1 + past, n]
 *                                  gets its state and slopes, and the gradients of them; times are
 *                                  those of the past slopes, the newest first
 *   expected = border     where that must end, to the last bit
 *   watch = function(t, at_end)    not recorded: called at the start, after every accepted step,
 *                                  and at the end. It may call plan.border([into]), which returns
 *                                  what a later solve needs to begin here. The third result says
 *                                  whether a slope depended on a parameter
 *
 * A border is the state in double, so that steps taken again give the same numbers, and room for
 * the past slopes. */
#include "ode_call.h"

#include <string.h>

enum { PER_DOUBLE = sizeof(double) / sizeof(real) };

static double *border_state(const fm_tensor *border) {
    return (double *)(void *)fm_data(border);
}

static real *border_slope(const fm_tensor *border, size_t n, int j) {
    return fm_data(border) + (PER_DOUBLE + (size_t)j) * n;
}

/* plan.border([into]) -> border. Upvalues: fm_ode, its box. */
static int make_border(lua_State *L) {
    fm_ode *o = lua_touserdata(L, lua_upvalueindex(1));
    int history = o->plan.tableau ? o->plan.tableau->history : 0;
    if (!o->memory) bind_error(L, "ode.solve: a border is made while the solve runs");
    lua_settop(L, 1);
    if (lua_isnil(L, 1)) {
        size_t count = o->n * (PER_DOUBLE + (size_t)(history ? history - 1 : 0));
        bind_push_result(L, 1, &count);
    }
    const fm_tensor *border = bind_check_tensor(L, -1);
    memcpy(border_state(border), o->x, o->n * sizeof *o->x);
    for (int j = 0; j < fm_ode_n_past(o); j++) memcpy(border_slope(border, o->n, j), fm_ode_past(o, j), o->n * sizeof(real));
    return 1;
}

void ode_gradient_watch(ode_call *c, const fm_ode *o, bool at_end) {
    lua_getfield(c->L, ODE_PLAN, "watch");
    lua_pushnumber(c->L, o->at.t);
    lua_pushboolean(c->L, at_end);
    lua_call(c->L, 2, 0);
}

/* ---- a recorded solve ---- */

static void save_state(const ode_call *c, fm_tensor *t) {
    lua_getfield(c->L, ODE_PLAN, "record");
    bind_push_tensor(c->L, t);
    lua_rawseti(c->L, -2, (lua_Integer)lua_rawlen(c->L, -2) + 1);
    lua_pop(c->L, 1);
}

/* The tensors follow the numbers. */
static bool follow(void *context, const double *x, double h, int m, const double *w, real *const *k, const double *state, const real *row) {
    ode_call *c = context;
    fm_ode_record *r = &c->rows;
    fm_tensor *t =
        m && x ? fm_ode_record_sum(r, row, x, h, m, w, k, &c->err) : fm_tensor_retain(fm_ode_recorded(r, x ? (const void *)x : k[0]));
    if (!t) return false;
    if (state) fm_ode_record_set(r, state, t);
    if (row == fm_data(c->point)) fm_ode_record_set(r, row, t);
    else if (row) save_state(c, t);
    fm_tensor_release(t);
    return true;
}

static void set_view(ode_call *c, const void *row, fm_tensor *leaf, int j) {
    fm_tensor *view = fm_tensor_view(leaf, (size_t)j * c->point->count, c->rows.rank, c->rows.shape, &c->err);
    if (!view) bind_raise(c->L, &c->err);
    fm_ode_record_set(&c->rows, row, view);
    fm_tensor_release(view);
}

/* plan.from is on top. */
static void resume(ode_call *c, fm_ode *o) {
    lua_State *L = c->L;
    double past[FM_ODE_HISTORY];
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    lua_rawgeti(L, -3, 3);
    const fm_tensor *border = bind_check_tensor(L, -3);
    fm_tensor *leaf = bind_check_tensor(L, -2);
    int known = (int)lua_rawlen(L, -1);
    for (int j = 0; j < known; j++) {
        lua_rawgeti(L, -1, j + 1);
        past[j] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    fm_ode_resume(o, border_state(border), known, past);
    fm_ode_round(o->n, o->x, fm_data(leaf));
    set_view(c, o->x, leaf, 0);
    for (int j = 0; j < known; j++) {
        memcpy(fm_ode_past(o, j), border_slope(border, o->n, j), o->n * sizeof(real));
        memcpy(fm_data(leaf) + (size_t)(j + 1) * o->n, fm_ode_past(o, j), o->n * sizeof(real));
        set_view(c, fm_ode_past(o, j), leaf, j + 1);
    }
    lua_pop(L, 3);
}

/* x0 itself belongs to the caller: the solve records from a tensor of its own. */
static void begin_at(ode_call *c, const fm_ode *o, fm_tensor *x0) {
    fm_ode_record_set(&c->rows, o->x, x0);
    fm_tensor *x = fm_ode_record_sum(&c->rows, fm_data(x0), o->x, 0, 0, NULL, NULL, &c->err);
    if (!x) bind_raise(c->L, &c->err);
    fm_ode_record_set(&c->rows, o->x, x);
    fm_tensor_release(x);
}

void ode_gradient_begin(ode_call *c, fm_ode *o) {
    lua_State *L = c->L;
    if (lua_getfield(L, ODE_PLAN, "watch") != LUA_TNIL) {
        c->watched = true;
        lua_pushlightuserdata(L, o);
        lua_pushvalue(L, ODE_BOX);
        lua_pushcclosure(L, make_border, 2);
        lua_setfield(L, ODE_PLAN, "border");
    }
    if (lua_getfield(L, ODE_PLAN, "record") != LUA_TNIL) {
        fm_tensor *x0 = bind_check_tensor(L, ODE_START);
        c->recorded = true;
        c->rows.rank = x0->rank;
        memcpy(c->rows.shape, x0->shape, sizeof x0->shape);
        o->summed = follow;
        if (lua_getfield(L, ODE_PLAN, "from") != LUA_TNIL) resume(c, o);
        else begin_at(c, o, x0);
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
}

static void check_end(lua_State *L, const fm_ode *o) {
    if (lua_getfield(L, ODE_PLAN, "expected") != LUA_TNIL) {
        const fm_tensor *border = bind_check_tensor(L, -1);
        if (memcmp(border_state(border), o->x, o->n * sizeof *o->x) != 0)
            bind_error(
                L,
                "ode.solve: steps taken again for the gradient, from t = %.6g to %.6g, gave other numbers than before: with memory = "
                "\"segments\" the field must neither draw random numbers (dropout) nor change in between",
                o->plan.t0, o->plan.t1);
    }
    lua_pop(L, 1);
}

void ode_gradient_push_end(ode_call *c, fm_ode *o) {
    lua_State *L = c->L;
    if (c->watched) {
        ode_gradient_watch(c, o, true);
        lua_pushboolean(L, c->depends);
    } else if (c->recorded) {
        check_end(L, o);
        lua_newtable(L);
        for (int j = 0; j < fm_ode_n_past(o); j++) {
            bind_push_tensor(L, fm_ode_recorded(&c->rows, fm_ode_past(o, j)));
            lua_rawseti(L, -2, j + 1);
        }
    } else {
        lua_pushnil(L);
    }
}
