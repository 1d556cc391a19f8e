/* Solvers in Lua: fm.ode_engine.tableau(t) checks a tableau, fm.ode_engine.solve(method, field, x0, plan) runs it. lua/fm/ode reads
 * the options of ode.solve and makes the plan.
 *
 * The field is a Lua function that may raise. Everything a solve holds hangs on one box that closes with it, so an error passes
 * straight through the engine with its traceback whole. Only in a coroutine, whose boxes close nobody knows when, the call is
 * protected. */
#include "ode.h"

#include "bind.h"
#include "tape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TABLEAU "fm.ode.tableau"
#define SOLVE "fm.ode.solve"

/* Raises at the script's line. */
static void complain(lua_State *L, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
static void complain(lua_State *L, const char *format, ...) {
    fm_error err;
    va_list args;
    va_start(args, format);
    vsnprintf(err.text, sizeof err.text, format, args);
    va_end(args);
    bind_raise(L, &err);
}

/* ---- tableaus ---- */

/* The numbers of the list at the top, which is popped, into `to`. Returns how many. */
static int read_row(lua_State *L, const char *what, double *to, int most) {
    if (!lua_istable(L, -1)) complain(L, "tableau: %s: expected a list of numbers, found %s", what, luaL_typename(L, -1));
    lua_Unsigned n = lua_rawlen(L, -1);
    if (n > (lua_Unsigned)most) complain(L, "tableau: %s has %d numbers, expected at most %d", what, (int)n, most);
    for (lua_Unsigned i = 0; i < n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        if (lua_type(L, -1) != LUA_TNUMBER || !isfinite(lua_tonumber(L, -1)))
            complain(L, "tableau: %s[%d]: expected a finite number, found %s", what, (int)i + 1, luaL_tolstring(L, -1, NULL));
        to[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return (int)n;
}

static int read_list(lua_State *L, int from, const char *name, double *to, int most) {
    return lua_getfield(L, from, name) == LUA_TNIL ? (lua_pop(L, 1), 0) : read_row(L, name, to, most);
}

/* The rows of a list of lists, from row `first` of the tableau on. Returns how many. */
static int read_rows(lua_State *L, int from, const char *name, double *rows, int width, int first) {
    if (lua_getfield(L, from, name) == LUA_TNIL) return lua_pop(L, 1), 0;
    if (!lua_istable(L, -1)) complain(L, "tableau: %s: expected a list of rows, found %s", name, luaL_typename(L, -1));
    int n = (int)lua_rawlen(L, -1);
    if (n > FM_ODE_ROWS - first) complain(L, "tableau: %s has %d rows, expected at most %d", name, n, FM_ODE_ROWS - first);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, -1, i + 1);
        read_row(L, name, rows + (first + i) * width, width);
    }
    lua_pop(L, 1);
    return n;
}

static int read_order(lua_State *L, const char *name, int fallback) {
    int is_integer, type = lua_getfield(L, 1, name);
    lua_Integer n = type == LUA_TNIL ? fallback : lua_tointegerx(L, -1, &is_integer);
    if (type != LUA_TNIL && (!is_integer || n < 1 || n > 20)) complain(L, "tableau: %s: expected a whole number 1..20", name);
    lua_pop(L, 1);
    return (int)n;
}

/* Rows beyond the stages: row m is the new point, the interpolant's own ones come after it. */
static void read_extra(lua_State *L, fm_tableau *m) {
    if (lua_getfield(L, 1, "extra") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, -1)) complain(L, "tableau: extra: expected { c = {..}, a = {..} }");
    int at = lua_gettop(L), first = m->stages + 1;
    int n = read_list(L, at, "c", m->c + first, FM_ODE_ROWS - first);
    if (read_rows(L, at, "a", m->a[0], FM_ODE_ROWS, first) != n) complain(L, "tableau: extra: c and a have different sizes");
    lua_pop(L, 1);
}

/* tableau{order, c, a, b [, e, e3, error_order, closes, dense, extra, history]} -> a method for solve; raises when it is none. */
static int engine_tableau(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    fm_error err;
    fm_tableau *m = lua_newuserdatauv(L, sizeof *m, 0);
    memset(m, 0, sizeof *m);
    luaL_setmetatable(L, TABLEAU);
    m->stages = read_list(L, 1, "b", m->b, FM_ODE_ROWS - 1);
    int n_c = read_list(L, 1, "c", m->c, FM_ODE_ROWS - 1), n_a = read_rows(L, 1, "a", m->a[0], FM_ODE_ROWS, 0);
    if (n_c != m->stages || n_a != m->stages)
        complain(L, "tableau: b has %d numbers, c has %d, a has %d rows: expected as many of each", m->stages, n_c, n_a);
    m->order = read_order(L, "order", 1);
    int n_e = read_list(L, 1, "e", m->e, m->stages + 1);
    read_list(L, 1, "e3", m->e3, m->stages + 1);
    if (n_e) m->error_order = read_order(L, "error_order", m->order > 1 ? m->order - 1 : 1);
    if (lua_getfield(L, 1, "history") != LUA_TNIL) m->history = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    lua_getfield(L, 1, "closes");
    m->closes = lua_toboolean(L, -1);
    lua_pop(L, 1);
    m->rows = read_rows(L, 1, "dense", m->dense[0], FM_ODE_DEGREE, 0);
    if (m->rows) m->degree = FM_ODE_DEGREE;
    read_extra(L, m);
    if (!fm_tableau_complete(m, &err)) bind_raise(L, &err);
    return 1;
}

/* has an error estimate, has an interpolant */
static int tableau_facts(lua_State *L) {
    const fm_tableau *m = luaL_checkudata(L, 1, TABLEAU);
    lua_pushboolean(L, m->error_order > 0);
    lua_pushboolean(L, m->degree > 0 && !m->history);
    return 2;
}

/* ---- a solve ---- */

enum { METHOD = 1, FIELD, START, PLAN, BOX, POINT, TIMES, COUNTED, EVENTS, FIRST_FREE };

typedef struct solve {
    fm_ode ode;
    lua_State *L;
    fm_tensor *point; /* what the field gets */
    fm_scope *scope;  /* around the call that runs now */
    bool guarded;     /* in a coroutine */
    bool raised;      /* guarded: the error is on top of the stack */
    fm_storage *states;
    fm_ode_event events[FM_ODE_EVENTS];
    size_t n_kept, room; /* save = "steps": states so far, and how many there is room for */
    fm_error err;
} solve;

static void solve_release(solve *s) {
    fm_scope_close(s->scope);
    s->scope = NULL;
    fm_ode_close(&s->ode);
    fm_storage_release(s->states);
    s->states = NULL;
    if (!s->point) return;
    fm_storage *lent = s->point->storage; /* a field that kept x without cloning it is told so, not shown another state */
    if (!lent->kept && !lent->pins) fm_storage_drop(lent);
    fm_tensor_release(s->point);
    s->point = NULL;
}

static int solve_close(lua_State *L) {
    solve_release(luaL_checkudata(L, 1, SOLVE));
    return 0;
}

/* Calls what lies on the stack with `n` arguments; its result is on top. What it makes is neither recorded nor kept: call_end. */
static bool call_begin(solve *s, int n) {
    s->scope = fm_scope_open(false, &s->err);
    if (!s->scope) return false;
    if (!s->guarded) lua_call(s->L, n, 1);
    else if (lua_pcall(s->L, n, 1, 0) != LUA_OK) return s->raised = true, false;
    return true;
}

static void call_end(solve *s) {
    lua_pop(s->L, 1);
    fm_scope_close(s->scope);
    s->scope = NULL;
}

/* The result must be a tensor shaped as x0, and is copied. */
static bool call_for_tensor(solve *s, const char *who, int n, real *to) {
    lua_State *L = s->L;
    if (!call_begin(s, n)) return false;
    const fm_tensor *x = s->point;
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    if (!bind_is_tensor(L, -1))
        return fm_fail(&s->err, "ode.solve: the %s returned a %s, expected a tensor %s", who, luaL_typename(L, -1), fm_shape_text(x, a));
    const fm_tensor *y = bind_check_tensor(L, -1);
    if (!fm_same_shape(x, y))
        return fm_fail(&s->err, "ode.solve: x is %s, the %s returned %s", fm_shape_text(x, a), who, fm_shape_text(y, b));
    if (y->count) memcpy(to, fm_data(y), y->count * sizeof(real));
    call_end(s);
    return true;
}

static bool call_field(void *context, double t, const real *x, real *dx) {
    (void)x; /* the numbers of POINT */
    solve *s = context;
    lua_pushvalue(s->L, FIELD);
    lua_pushvalue(s->L, POINT);
    lua_pushnumber(s->L, t);
    return call_for_tensor(s, "field", 2, dx);
}

static bool call_stepper(void *context, double t, double h, const real *x, real *next) {
    (void)x;
    solve *s = context;
    lua_pushvalue(s->L, METHOD);
    lua_pushvalue(s->L, COUNTED);
    lua_pushnumber(s->L, t);
    lua_pushvalue(s->L, POINT);
    lua_pushnumber(s->L, h);
    return call_for_tensor(s, "step function", 4, next);
}

/* The field as a step function gets it: its calls are counted. Upvalues: the box, the field. */
static int counted_field(lua_State *L) {
    solve *s = lua_touserdata(L, lua_upvalueindex(1));
    s->ode.nfe++;
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* save = "steps": every accepted point. */
static bool keep_step(void *context, fm_ode *ode) {
    solve *s = context;
    if (s->n_kept == s->room) {
        size_t room = s->room ? 2 * s->room : 32;
        fm_storage *states = fm_storage_new(room * ode->n, &s->err);
        if (!states) return false;
        if (s->n_kept) memcpy(states->data, s->states->data, s->n_kept * ode->n * sizeof(real));
        fm_storage_release(s->states);
        s->states = states;
        s->room = room;
    }
    fm_ode_round(ode->n, ode->x, s->states->data + s->n_kept * ode->n);
    lua_pushnumber(s->L, ode->t);
    lua_rawseti(s->L, TIMES, (lua_Integer)++s->n_kept);
    return true;
}

/* ---- events: EVENTS is the plan's list of { f, direction =, last =, t = {}, x = {} } ---- */

static bool event_value(void *context, int which, double t, const real *x, double *value) {
    (void)x;
    solve *s = context;
    lua_State *L = s->L;
    lua_rawgeti(L, EVENTS, which + 1);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    lua_pushvalue(L, POINT);
    lua_pushnumber(L, t);
    if (!call_begin(s, 2)) return false;
    *value = NAN;
    if (lua_type(L, -1) == LUA_TNUMBER) *value = lua_tonumber(L, -1);
    else if (bind_is_tensor(L, -1) && bind_check_tensor(L, -1)->count == 1) *value = (double)fm_data(bind_check_tensor(L, -1))[0];
    else return fm_fail(&s->err, "ode.solve: event %d returned a %s, expected a number", which + 1, luaL_typename(L, -1));
    if (!isfinite(*value)) return fm_fail(&s->err, "ode.solve: event %d is not finite at t = %.6g", which + 1, t);
    call_end(s);
    return true;
}

static bool event_found(void *context, int which, double t, const real *x) {
    solve *s = context;
    lua_State *L = s->L;
    lua_rawgeti(L, EVENTS, which + 1);
    lua_getfield(L, -1, "t");
    lua_pushnumber(L, t);
    lua_rawseti(L, -2, (lua_Integer)s->events[which].count);
    lua_getfield(L, -2, "x");
    fm_tensor **slot = bind_push_empty(L);
    *slot = fm_tensor_new(s->point->rank, s->point->shape, &s->err);
    if (!*slot || !fm_scope_own(*slot, &s->err)) return false;
    memcpy(fm_data(*slot), x, s->point->count * sizeof(real));
    lua_rawseti(L, -2, (lua_Integer)s->events[which].count);
    lua_pop(L, 3);
    return true;
}

static void read_events(lua_State *L, solve *s) {
    lua_getfield(L, PLAN, "events");
    lua_replace(L, EVENTS);
    if (lua_isnil(L, EVENTS)) return;
    lua_Unsigned n = lua_rawlen(L, EVENTS);
    if (n > FM_ODE_EVENTS) complain(L, "ode.solve: %d events are over the limit %d", (int)n, FM_ODE_EVENTS);
    for (lua_Unsigned i = 0; i < n; i++) {
        lua_rawgeti(L, EVENTS, (lua_Integer)i + 1);
        lua_getfield(L, -1, "direction");
        lua_getfield(L, -2, "last");
        s->events[i].direction = (int)lua_tointeger(L, -2);
        s->events[i].last = lua_tointeger(L, -1);
        lua_pop(L, 3);
    }
    s->ode.events = s->events;
    s->ode.n_events = (int)n;
    s->ode.event_value = event_value;
    s->ode.event_found = event_found;
}

/* ---- the plan ---- */

static double plan_number(lua_State *L, const char *name, double fallback) {
    int type = lua_getfield(L, PLAN, name);
    if (type != LUA_TNIL && type != LUA_TNUMBER) complain(L, "ode.solve: %s: expected a number, found %s", name, luaL_typename(L, -1));
    double v = type == LUA_TNIL ? fallback : lua_tonumber(L, -1);
    lua_pop(L, 1);
    return v;
}

/* A list of times as an array that the stack holds; NULL when there is none. */
static const double *plan_times(lua_State *L, const char *name, size_t *n) {
    *n = 0;
    if (lua_getfield(L, PLAN, name) == LUA_TNIL) return NULL;
    luaL_checktype(L, -1, LUA_TTABLE);
    int list = lua_gettop(L);
    *n = (size_t)lua_rawlen(L, list);
    double *times = lua_newuserdatauv(L, (*n + 1) * sizeof *times, 0);
    for (size_t i = 0; i < *n; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        if (lua_type(L, -1) != LUA_TNUMBER) complain(L, "ode.solve: %s[%d]: expected a number", name, (int)i + 1);
        times[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    return times;
}

static void read_plan(lua_State *L, solve *s, const fm_tensor *x0) {
    fm_ode *o = &s->ode;
    o->field = call_field;
    o->context = s;
    o->n = x0->count;
    o->t0 = plan_number(L, "t0", 0);
    o->t1 = plan_number(L, "t1", 1);
    o->rtol = plan_number(L, "rtol", 0);
    o->atol = plan_number(L, "atol", 0);
    o->adaptive = o->rtol > 0 || o->atol > 0;
    o->first_step = plan_number(L, "first_step", 0);
    o->max_step = plan_number(L, "max_step", INFINITY);
    double max_nfe = plan_number(L, "max_nfe", INFINITY);
    o->max_nfe = max_nfe < 9e18 ? (int64_t)max_nfe : INT64_MAX;
    if (lua_isuserdata(L, METHOD)) o->tableau = luaL_checkudata(L, METHOD, TABLEAU);
    else o->stepper = call_stepper;
    if (o->adaptive && (!o->tableau || !o->tableau->error_order)) complain(L, "ode.solve: this method has no error estimate");
    size_t n_grid;
    o->grid = plan_times(L, "grid", &n_grid);
    o->steps = o->grid ? n_grid - (n_grid > 0) : (size_t)plan_number(L, "steps", 1);
    o->times = plan_times(L, "times", &o->n_times);
    if (lua_getfield(L, PLAN, "every_step") != LUA_TNIL) o->observer = keep_step;
    lua_pop(L, 1);
}

/* ---- results ---- */

static void push_states(lua_State *L, const solve *s, size_t n) {
    size_t shape[FM_MAX_RANK] = {n};
    fm_error err;
    for (int i = 0; i < s->point->rank; i++) shape[i + 1] = s->point->shape[i];
    fm_tensor **slot = bind_push_empty(L);
    *slot = fm_tensor_new(s->point->rank + 1, shape, &err);
    if (!*slot || !fm_scope_own(*slot, &err)) bind_raise(L, &err);
    if ((*slot)->count) memcpy(fm_data(*slot), s->states->data, (*slot)->count * sizeof(real));
}

static const char *reason(fm_ode_why why) {
    switch (why) {
    case FM_ODE_FIELD_NOT_FINITE:
        return "the field returns numbers that are not finite";
    case FM_ODE_BELOW_ROUND_OFF:
        return "the tolerance is below the round-off of " FM_REAL_NAME;
    case FM_ODE_BELOW_SPACING:
        return "the step fell below the spacing of numbers near t";
    default:
        return NULL;
    }
}

static void push_info(lua_State *L, const solve *s, fm_ode_status status) {
    const fm_ode *o = &s->ode;
    lua_createtable(L, 0, 12);
    struct {
        const char *name;
        int64_t value;
    } counts[] = {{"nfe", o->nfe}, {"accepted", o->accepted}, {"rejected", o->rejected}, {"steps", o->accepted}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        lua_pushinteger(L, counts[i].value);
        lua_setfield(L, -2, counts[i].name);
    }
    lua_pushnumber(L, o->t);
    lua_setfield(L, -2, "t");
    lua_pushstring(L, fm_ode_status_names[status]);
    lua_setfield(L, -2, "status");
    lua_pushstring(L, reason(o->why));
    lua_setfield(L, -2, "reason");
    if (o->adaptive) {
        lua_pushnumber(L, o->error);
        lua_setfield(L, -2, "error");
    }
    if (o->n_events) {
        lua_pushvalue(L, EVENTS);
        lua_setfield(L, -2, "events");
    }
    if (!o->observer && !o->times) return;
    size_t n = o->observer ? s->n_kept : o->n_saved;
    push_states(L, s, n);
    lua_setfield(L, -2, "states");
    for (size_t i = 0; !o->observer && i < n; i++) {
        lua_pushnumber(L, o->times[i]);
        lua_rawseti(L, TIMES, (lua_Integer)i + 1);
    }
    lua_pushvalue(L, TIMES);
    lua_setfield(L, -2, "times");
}

/* The run ended without a state to show. */
static void raise_failure(lua_State *L, solve *s, fm_ode_status status) {
    fm_error err = s->err;
    double t = s->ode.t;
    int64_t steps = s->ode.accepted;
    bool slope = status == FM_ODE_NOT_FINITE && s->ode.nfe > 0 && steps == 0 && s->ode.adaptive;
    solve_release(s);
    if (s->raised) lua_error(L);
    if (status == FM_ODE_FIELD_FAILED) bind_raise(L, &err);
    if (slope) fm_fail(&err, "ode.solve: the field returns numbers that are not finite at t = %.6g", t);
    else if (steps == 0) fm_fail(&err, "ode.solve: x0 has numbers that are not finite");
    else fm_fail(&err, "ode.solve: the state is not finite at t = %.6g, after step %lld", t, (long long)steps);
    bind_raise(L, &err);
}

/* solve(tableau | step function, field, x0, plan) -> x, info. The plan: t0, t1; steps | grid, or rtol, atol [, first_step, max_step];
 * max_nfe; times | every_step. */
static int engine_solve(lua_State *L) {
    lua_settop(L, PLAN);
    const fm_tensor *x0 = bind_check_tensor(L, START);
    luaL_checktype(L, PLAN, LUA_TTABLE);
    luaL_checkstack(L, FIRST_FREE + 16, "ode.solve");
    fm_error err;
    solve *s = lua_newuserdatauv(L, sizeof *s, 0);
    memset(s, 0, sizeof *s);
    s->L = L;
    luaL_setmetatable(L, SOLVE);
    lua_toclose(L, BOX);
    s->guarded = !lua_pushthread(L);
    lua_pop(L, 1);
    fm_tensor **slot = bind_push_empty(L); /* POINT */
    if (x0->rank == FM_MAX_RANK) complain(L, "ode.solve: x0 has %d axes, expected at most %d", x0->rank, FM_MAX_RANK - 1);
    *slot = fm_tensor_new(x0->rank, x0->shape, &err);
    if (!*slot) bind_raise(L, &err);
    s->point = fm_tensor_retain(*slot);
    lua_newtable(L); /* TIMES */
    lua_pushvalue(L, BOX);
    lua_pushvalue(L, FIELD);
    lua_pushcclosure(L, counted_field, 2); /* COUNTED */
    lua_pushnil(L);                        /* EVENTS */
    read_events(L, s);
    read_plan(L, s, x0);
    fm_ode *o = &s->ode;
    o->point = fm_data(s->point);
    if (o->times && !(s->states = fm_storage_new(o->n_times * o->n, &err))) bind_raise(L, &err);
    o->states = s->states ? s->states->data : NULL;
    if (!fm_ode_open(o, fm_data(x0), &err)) bind_raise(L, &err);
    fm_ode_status status = fm_ode_run(o);
    if (status == FM_ODE_FIELD_FAILED || status == FM_ODE_NOT_FINITE) raise_failure(L, s, status);
    slot = bind_push_empty(L);
    *slot = fm_tensor_new(s->point->rank, s->point->shape, &err);
    if (!*slot || !fm_scope_own(*slot, &err)) bind_raise(L, &err);
    fm_ode_round(o->n, o->x, fm_data(*slot));
    push_info(L, s, status);
    solve_release(s);
    return 2;
}

static void make_metatable(lua_State *L, const char *name) {
    luaL_newmetatable(L, name);
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
}

void bind_ode(lua_State *L) {
    make_metatable(L, TABLEAU);
    make_metatable(L, SOLVE);
    lua_pushcfunction(L, solve_close);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__gc");
    lua_setfield(L, -2, "__close");
    lua_pop(L, 2);
    static const luaL_Reg functions[] = {{"tableau", engine_tableau}, {"facts", tableau_facts}, {"solve", engine_solve}, {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_setfield(L, -2, "ode_engine");
}
