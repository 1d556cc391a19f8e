/* Solvers in Lua: fm.ode_engine.tableau(t, name) checks a tableau, fm.ode_engine.solve(method,
 * field, x0, plan) runs it, and solve_rows does so with a step size for every row. lua/fm/ode reads
 * the options of ode.solve and makes the plan. */
#include "fill.h"
#include "ode_call.h"

#include <string.h>

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

/* The first call. If it finds out how a function wants its time, it may leave that function itself
 * in the plan, to be called from then on. */
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
    if (s->ode.spent) { /* it raised our own error */
        ode_call_end(&s->call);
        s->call.raised = false;
    }
    return false;
}

/* The field as a step function gets it: its calls are counted, and refused when the budget is
 * spent. Upvalues: the box, the field. */
static int counted_field(lua_State *L) {
    solve *s = lua_touserdata(L, lua_upvalueindex(1));
    if (s->ode.at.nfe >= s->ode.plan.max_nfe) {
        s->ode.spent = true;
        return bind_error(L, "ode.solve: max_nfe = %lld evaluations are spent", (long long)s->ode.plan.max_nfe);
    }
    if (!bind_is_tensor(L, 1)) bind_error(L, "ode.solve: the field is called as f(x, t), found %s for x", bind_push_kind(L, 1));
    const fm_tensor *x = bind_check_tensor(L, 1);
    int n = lua_gettop(L);
    s->ode.at.nfe++;
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
    lua_pushnumber(s->call.L, ode->at.t);
    lua_rawseti(s->call.L, TIMES, (lua_Integer)s->n_kept + 1);
    return fm_ode_at(ode, ode->at.t, s->states->data + s->n_kept++ * ode->n) == FM_ODE_FINISHED;
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
    static const char *const sum_orders[] = {"plain", "scipy", NULL};
    fm_ode *o = &s->ode;
    o->field = call_field_first;
    o->context = s;
    o->n = x0->count;
    ode_read_plan(L, &o->plan);
    o->adaptive = o->plan.rtol > 0 || o->plan.atol > 0;
    if (!o->plan.tableau) o->stepper = call_stepper;
    if (o->stepper && o->plan.max_nfe != INT64_MAX) s->call.guarded = true; /* it may be stopped in the middle of a step */
    if (o->adaptive) ode_check_adaptive(L, &o->plan);
    o->sum_order = ode_plan_choice(L, "sum_order", sum_orders) ? &fm_ode_scipy_order : &fm_ode_plain_order;
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
    if (states->count) fm_copy(states->count, s->states->data, fm_data(states));
}

static void push_info(lua_State *L, const solve *s, fm_ode_status status) {
    const fm_ode *o = &s->ode;
    ode_push_info(L, &o->at, o->at.accepted, status);
    if (o->adaptive) ode_set_errors(L, &o->at);
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
        if (o->at.accepted)
            fm_fail(err, "ode.solve: the state is not finite at t = %.6g, after step %lld", o->at.t, (long long)o->at.accepted);
        else if (o->at.nfe) fm_fail(err, "ode.solve: the field returns numbers that are not finite at t = %.6g", o->at.t);
        else fm_fail(err, "ode.solve: x0 has numbers that are not finite");
    }
    solve_release(s->call.L, s);
    ode_call_raise(&s->call);
}

/* solve(tableau | step function, field, x0, plan) -> x, info. The plan: t0, t1; steps | grid, or
 * rtol, atol [, first_step, max_step, min_step, controller]; max_nfe; sum_order = "plain" |
 * "scipy"; times | every_step; and what ode_gradient.c reads. */
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
    {"tableau", ode_read_tableau, 2},
    {"facts", ode_tableau_facts, 1},
    {"solve", engine_solve, 4},
    {"solve_rows", ode_solve_rows, 4},
    {NULL, NULL, 0},
};

void bind_ode(lua_State *L) {
    bind_open_type(L, &ode_tableau_type);
    bind_open_type(L, &solve_type);
    bind_open_type(L, &ode_rows_type);
    lua_newtable(L);
    bind_functions(L, NULL, functions);
    lua_setfield(L, -2, "ode_engine");
}
