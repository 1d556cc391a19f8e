/* Solvers in Lua: fm.ode_engine.tableau(t, name) checks a tableau, fm.ode_engine.solve(method, field, x0, plan) runs it. lua/fm/ode reads
 * the options of ode.solve and makes the plan.
 *
 * The field is a Lua function that may raise. Everything a solve holds hangs on one box that closes with it, so an error passes
 * straight through the engine with its traceback whole. Only in a coroutine, whose boxes close nobody knows when, the call is
 * protected. */
#include "ode_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const bind_type ode_tableau_type = {.name = "tableau", .expected = "a tableau", .size = sizeof(fm_tableau)};

/* ---- tableaus ---- */

/* Raises what is wrong with the tableau; its name is argument 2. */
static void __attribute__((noreturn, format(printf, 2, 3))) refuse(lua_State *L, const char *format, ...) {
    fm_error what;
    va_list args;
    va_start(args, format);
    vsnprintf(what.text, sizeof what.text, format, args);
    va_end(args);
    bind_error(L, "ode: %s: %s", lua_tostring(L, 2), what.text);
}

/* The numbers of the list at the top, which is popped, into `to`. Returns how many. */
static int read_row(lua_State *L, const char *what, double *to, int most) {
    if (!lua_istable(L, -1)) refuse(L, "%s: expected a list of numbers, found %s", what, luaL_typename(L, -1));
    lua_Unsigned n = lua_rawlen(L, -1);
    if (n > (lua_Unsigned)most) refuse(L, "%s has %d numbers, expected at most %d", what, (int)n, most);
    for (lua_Unsigned i = 0; i < n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        if (lua_type(L, -1) != LUA_TNUMBER || !isfinite(lua_tonumber(L, -1)))
            refuse(L, "%s[%d]: expected a finite number, found %s", what, (int)i + 1, luaL_tolstring(L, -1, NULL));
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
    if (!lua_istable(L, -1)) refuse(L, "%s: expected a list of rows, found %s", name, luaL_typename(L, -1));
    int n = (int)lua_rawlen(L, -1);
    if (n > FM_ODE_ROWS - first) refuse(L, "%s has %d rows, expected at most %d", name, n, FM_ODE_ROWS - first);
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
    if (type != LUA_TNIL && (!is_integer || n < 1 || n > 20)) refuse(L, "%s: expected a whole number 1..20", name);
    lua_pop(L, 1);
    return (int)n;
}

/* Rows beyond the stages: row m is the new point, the interpolant's own ones come after it. */
static void read_extra(lua_State *L, fm_tableau *m) {
    if (lua_getfield(L, 1, "extra") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, -1)) refuse(L, "extra: expected { c = {..}, a = {..} }");
    int at = lua_gettop(L), first = m->stages + 1;
    int n = read_list(L, at, "c", m->c + first, FM_ODE_ROWS - first);
    if (!n) refuse(L, "extra: expected { c = {..}, a = {..} }");
    if (read_rows(L, at, "a", m->a[0], FM_ODE_ROWS, first) != n) refuse(L, "extra: c and a have different sizes");
    lua_pop(L, 1);
}

/* tableau({order, c, a, b [, e, e3, error_order, closes, dense, extra, history]}, name) -> a method for solve; raises when it is none. */
static int engine_tableau(lua_State *L) {
    bind_check_table(L, 1);
    bind_check_text(L, 2, NULL);
    fm_error err;
    fm_tableau *m = bind_push_object(L, &ode_tableau_type);
    m->stages = read_list(L, 1, "b", m->b, FM_ODE_ROWS - 1);
    int n_c = read_list(L, 1, "c", m->c, FM_ODE_ROWS - 1), n_a = read_rows(L, 1, "a", m->a[0], FM_ODE_ROWS, 0);
    if (n_c != m->stages || n_a != m->stages)
        refuse(L, "b has %d numbers, c has %d, a has %d rows: expected as many of each", m->stages, n_c, n_a);
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
    if (!fm_tableau_complete(m, &err)) refuse(L, "%s", err.text);
    return 1;
}

/* has an error estimate, has an interpolant, how many slopes of past points it uses */
static int tableau_facts(lua_State *L) {
    const fm_tableau *m = bind_check_object(L, 1, &ode_tableau_type);
    lua_pushboolean(L, m->error_order > 0);
    lua_pushboolean(L, m->degree > 0 && !m->history);
    lua_pushinteger(L, m->history ? m->history - 1 : 0);
    return 3;
}

/* ---- a solve ---- */

enum { TIMES = ODE_NEXT_PLACE, COUNTED, EVENTS };

typedef struct solve {
    ode_call call;
    fm_ode ode;
    fm_storage *states;
    fm_ode_event events[FM_ODE_EVENTS];
    bool every_step;     /* save = "steps" */
    size_t n_kept, room; /* then: states so far, and how many there is room for */
} solve;

static void solve_release(lua_State *L, void *object) {
    solve *s = object;
    ode_call_release(L, &s->call);
    fm_ode_close(&s->ode);
    fm_storage_release(s->states);
    s->states = NULL;
}

static const bind_type solve_type = {.name = "solve", .size = sizeof(solve), .values = 1, .closes = true, .release = solve_release};

static bool call_field(void *context, double t, const real *x, real *dx) {
    (void)x; /* the numbers of ODE_POINT */
    solve *s = context;
    lua_pushvalue(s->call.L, ODE_FIELD);
    ode_call_push_point(&s->call);
    lua_pushnumber(s->call.L, t);
    return ode_call_for_tensor(&s->call, "field", 2, dx);
}

/* The first call: one that finds out how a function wants its time may leave that function itself
 * in the plan, to be called from now on. */
static bool call_field_first(void *context, double t, const real *x, real *dx) {
    solve *s = context;
    lua_State *L = s->call.L;
    s->ode.field = call_field;
    if (!call_field(context, t, x, dx)) return false;
    lua_pushliteral(L, "field");
    if (lua_rawget(L, ODE_PLAN) == LUA_TNIL) lua_pop(L, 1);
    else lua_replace(L, ODE_FIELD);
    return true;
}

static bool call_stepper(void *context, double t, double h, const real *x, real *next) {
    (void)x;
    solve *s = context;
    lua_pushvalue(s->call.L, ODE_METHOD);
    lua_pushvalue(s->call.L, COUNTED);
    lua_pushnumber(s->call.L, t);
    ode_call_push_point(&s->call);
    lua_pushnumber(s->call.L, h);
    if (ode_call_for_tensor(&s->call, "step function", 4, next)) return true;
    if (s->ode.spent) { /* what it raised is ours */
        ode_call_end(&s->call);
        s->call.raised = false;
    }
    return false;
}

/* The field as a step function gets it: its calls are counted, and refused when the budget is spent. Upvalues: the box, the field. */
static int counted_field(lua_State *L) {
    solve *s = lua_touserdata(L, lua_upvalueindex(1));
    if (s->ode.nfe >= s->ode.max_nfe) {
        s->ode.spent = true;
        return bind_error(L, "ode.solve: max_nfe = %lld evaluations are spent", (long long)s->ode.max_nfe);
    }
    if (!bind_is_tensor(L, 1)) bind_error(L, "ode.solve: the field is called as f(x, t), found %s for x", bind_push_kind(L, 1));
    const fm_tensor *x = bind_check_tensor(L, 1);
    int n = lua_gettop(L);
    s->ode.nfe++;
    lua_pushvalue(L, lua_upvalueindex(2));
    for (int i = 1; i <= n; i++) lua_pushvalue(L, i);
    lua_call(L, n, 1);
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    if (!bind_is_tensor(L, -1) || bind_is_released(L, -1))
        bind_error(L, "ode.solve: the field returned a %s, expected a tensor %s", ode_call_kind(L, -1), fm_shape_text(x, a));
    if (!fm_same_shape(x, bind_check_tensor(L, -1)))
        bind_error(L, "ode.solve: x is %s, the field returned %s", fm_shape_text(x, a), fm_shape_text(bind_check_tensor(L, -1), b));
    return 1;
}

/* save = "steps": every accepted point. */
static bool keep_step(solve *s, fm_ode *ode) {
    if (s->n_kept == s->room) {
        size_t room = s->room ? 2 * s->room : 32;
        fm_storage *states = fm_storage_new(room * ode->n, &s->call.err);
        if (!states) return false;
        if (s->n_kept) memcpy(states->data, s->states->data, s->n_kept * ode->n * sizeof(real));
        fm_storage_release(s->states);
        s->states = states;
        s->room = room;
    }
    lua_pushnumber(s->call.L, ode->t);
    lua_rawseti(s->call.L, TIMES, (lua_Integer)s->n_kept + 1);
    return fm_ode_at(ode, ode->t, s->states->data + s->n_kept++ * ode->n) == FM_ODE_FINISHED;
}

static bool observe(void *context, fm_ode *ode) {
    solve *s = context;
    if (s->call.watched) ode_gradient_watch(&s->call, ode, false);
    return !s->every_step || keep_step(s, ode);
}

/* ---- events: EVENTS is the plan's list of { f, direction =, last =, t = {}, x = {} } ---- */

static bool event_value(void *context, int which, double t, const real *x, double *value) {
    (void)x;
    solve *s = context;
    lua_State *L = s->call.L;
    lua_rawgeti(L, EVENTS, which + 1);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    lua_pushvalue(L, ODE_POINT);
    lua_pushnumber(L, t);
    if (!ode_call_begin(&s->call, 2)) return false;
    *value = NAN;
    if (lua_type(L, -1) == LUA_TNUMBER) *value = lua_tonumber(L, -1);
    else if (bind_is_tensor(L, -1) && !bind_is_released(L, -1) && bind_check_tensor(L, -1)->count == 1)
        *value = (double)fm_data(bind_check_tensor(L, -1))[0];
    else return fm_fail(&s->call.err, "ode.solve: event %d returned a %s, expected a number", which + 1, ode_call_kind(L, -1));
    if (!isfinite(*value)) return fm_fail(&s->call.err, "ode.solve: event %d is not finite at t = %.6g", which + 1, t);
    ode_call_end(&s->call);
    return true;
}

static bool event_found(void *context, int which, double t, const real *x) {
    solve *s = context;
    lua_State *L = s->call.L;
    lua_rawgeti(L, EVENTS, which + 1);
    lua_getfield(L, -1, "t");
    lua_pushnumber(L, t);
    lua_rawseti(L, -2, (lua_Integer)s->events[which].count);
    lua_getfield(L, -2, "x");
    fm_tensor *at = bind_push_result(L, s->call.point->rank, s->call.point->shape);
    memcpy(fm_data(at), x, at->count * sizeof(real));
    lua_rawseti(L, -2, (lua_Integer)s->events[which].count);
    lua_pop(L, 3);
    return true;
}

static void read_events(lua_State *L, solve *s) {
    lua_getfield(L, ODE_PLAN, "events");
    lua_replace(L, EVENTS);
    if (lua_isnil(L, EVENTS)) return;
    lua_Unsigned n = lua_rawlen(L, EVENTS);
    if (n > FM_ODE_EVENTS) bind_error(L, "ode.solve: %d events are over the limit %d", (int)n, FM_ODE_EVENTS);
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

/* A list of times as an array that the stack holds; NULL when there is none. */
static const double *plan_times(lua_State *L, const char *name, size_t *n) {
    *n = 0;
    if (lua_getfield(L, ODE_PLAN, name) == LUA_TNIL) return NULL;
    if (!lua_istable(L, -1)) bind_error(L, "ode.solve: %s: expected a list, found %s", name, luaL_typename(L, -1));
    int list = lua_gettop(L);
    *n = (size_t)lua_rawlen(L, list);
    double *times = lua_newuserdatauv(L, (*n + 1) * sizeof *times, 0);
    for (size_t i = 0; i < *n; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        if (lua_type(L, -1) != LUA_TNUMBER) bind_error(L, "ode.solve: %s[%d]: expected a number", name, (int)i + 1);
        times[i] = lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    return times;
}

static void read_plan(lua_State *L, solve *s, const fm_tensor *x0) {
    fm_ode *o = &s->ode;
    o->field = call_field_first;
    o->context = s;
    o->n = x0->count;
    o->t0 = ode_plan_number(L, "t0", 0);
    o->t1 = ode_plan_number(L, "t1", 1);
    o->rtol = ode_plan_number(L, "rtol", 0);
    o->atol = ode_plan_number(L, "atol", 0);
    o->adaptive = o->rtol > 0 || o->atol > 0;
    o->first_step = ode_plan_number(L, "first_step", 0);
    o->max_step = ode_plan_number(L, "max_step", INFINITY);
    o->min_step = ode_plan_number(L, "min_step", 0);
    o->controller = (fm_ode_controller)ode_plan_number(L, "controller", FM_ODE_SCIPY);
    double max_nfe = ode_plan_number(L, "max_nfe", INFINITY);
    o->max_nfe = max_nfe < 9e18 ? (int64_t)max_nfe : INT64_MAX;
    if (lua_isuserdata(L, ODE_METHOD)) o->tableau = bind_check_object(L, ODE_METHOD, &ode_tableau_type);
    else o->stepper = call_stepper;
    if (o->stepper && o->max_nfe != INT64_MAX) s->call.guarded = true; /* it may be stopped in the middle of a step */
    if (o->adaptive && (!o->tableau || !o->tableau->error_order)) bind_error(L, "ode.solve: this method has no error estimate");
    size_t n_grid;
    o->grid = plan_times(L, "grid", &n_grid);
    o->steps = o->grid ? n_grid - (n_grid > 0) : (size_t)ode_plan_number(L, "steps", 1);
    o->times = plan_times(L, "times", &o->n_times);
    s->every_step = lua_getfield(L, ODE_PLAN, "every_step") != LUA_TNIL;
    lua_pop(L, 1);
}

/* ---- results ---- */

static void push_end(lua_State *L, const solve *s) {
    fm_tensor *x = s->call.recorded ? fm_ode_recorded(&s->call.rows, s->ode.x) : NULL;
    if (x) {
        bind_push_tensor(L, x);
        return;
    }
    x = bind_push_result(L, s->call.point->rank, s->call.point->shape);
    fm_ode_round(s->ode.n, s->ode.x, fm_data(x));
}

static void push_states(lua_State *L, const solve *s, size_t n) {
    if (s->call.recorded) { /* a list */
        lua_getfield(L, ODE_PLAN, "record");
        return;
    }
    size_t shape[FM_MAX_RANK] = {n};
    for (int i = 0; i < s->call.point->rank; i++) shape[i + 1] = s->call.point->shape[i];
    fm_tensor *states = bind_push_result(L, s->call.point->rank + 1, shape);
    if (states->count) memcpy(fm_data(states), s->states->data, states->count * sizeof(real));
}

static void push_info(lua_State *L, const solve *s, fm_ode_status status) {
    const fm_ode *o = &s->ode;
    lua_createtable(L, 0, 12);
    ode_set_integer(L, "nfe", o->nfe);
    ode_set_integer(L, "accepted", o->accepted);
    ode_set_integer(L, "rejected", o->rejected);
    ode_set_integer(L, "steps", o->accepted);
    ode_set_number(L, "t", o->t);
    lua_pushstring(L, fm_ode_status_names[status]);
    lua_setfield(L, -2, "status");
    lua_pushstring(L, ode_reason(o->why));
    lua_setfield(L, -2, "reason");
    if (o->adaptive) {
        ode_set_integer(L, "forced", o->forced);
        ode_set_number(L, "error", o->error_before);
        ode_set_number(L, "error_sum", o->error_sum);
    }
    if (o->n_events) {
        lua_pushvalue(L, EVENTS);
        lua_setfield(L, -2, "events");
    }
    if (!s->every_step && !o->times) return;
    size_t n = s->every_step ? s->n_kept : o->n_saved;
    push_states(L, s, n);
    lua_setfield(L, -2, "states");
    for (size_t i = 0; !s->every_step && i < n; i++) {
        lua_pushnumber(L, o->times[i]);
        lua_rawseti(L, TIMES, (lua_Integer)i + 1);
    }
    lua_pushvalue(L, TIMES);
    lua_setfield(L, -2, "times");
}

/* The run ended without a state to show. */
static void raise_failure(solve *s, fm_ode_status status) {
    const fm_ode *o = &s->ode;
    fm_error *err = &s->call.err;
    if (status == FM_ODE_NOT_FINITE) {
        if (o->accepted) fm_fail(err, "ode.solve: the state is not finite at t = %.6g, after step %lld", o->t, (long long)o->accepted);
        else if (o->nfe) fm_fail(err, "ode.solve: the field returns numbers that are not finite at t = %.6g", o->t);
        else fm_fail(err, "ode.solve: x0 has numbers that are not finite");
    }
    solve_release(s->call.L, s);
    ode_call_raise(&s->call);
}

/* solve(tableau | step function, field, x0, plan) -> x, info. The plan: t0, t1; steps | grid, or rtol, atol [, first_step, max_step,
 * min_step, controller]; max_nfe; times | every_step; and what ode_gradient.c reads. */
static int engine_solve(lua_State *L) {
    solve *s = ode_push_box(L, &solve_type);
    const fm_tensor *x0 = bind_check_tensor(L, ODE_START);
    fm_error err;
    lua_newtable(L); /* TIMES */
    lua_pushvalue(L, ODE_BOX);
    lua_pushvalue(L, ODE_FIELD);
    lua_pushcclosure(L, counted_field, 2); /* COUNTED */
    lua_pushnil(L);                        /* EVENTS */
    read_events(L, s);
    read_plan(L, s, x0);
    fm_ode *o = &s->ode;
    o->point = fm_data(s->call.point);
    if (o->times && !(s->states = fm_storage_new(o->n_times * o->n, &err))) bind_raise(L, &err);
    o->states = s->states ? s->states->data : NULL;
    x0 = bind_check_tensor(L, ODE_START); /* looked at again: a metamethod of the plan may have closed its tape */
    if (!fm_ode_open(o, fm_data(x0), &err)) bind_raise(L, &err);
    ode_gradient_begin(&s->call, o);
    if (s->every_step || s->call.watched) o->observer = observe;
    fm_ode_status status = fm_ode_run(o);
    if (status == FM_ODE_FIELD_FAILED || status == FM_ODE_NOT_FINITE) raise_failure(s, status);
    push_end(L, s);
    push_info(L, s, status);
    ode_gradient_push_end(&s->call, o);
    solve_release(L, s);
    return 3;
}

static const bind_function functions[] = {
    {"tableau", engine_tableau, 2},
    {"facts", tableau_facts, 1},
    {"solve", engine_solve, 4},
    {"solve_rows", ode_solve_rows, 4},
    {NULL, NULL, 0},
};

void bind_ode(lua_State *L) {
    bind_open_type(L, &ode_tableau_type);
    bind_open_type(L, &solve_type);
    ode_rows_metatable(L);
    lua_newtable(L);
    bind_functions(L, NULL, functions);
    lua_setfield(L, -2, "ode_engine");
}
