/* What both kinds of solve read from their plans, and what they write about their progress. */
#include "ode_call.h"

#include <string.h>

/* ---- the plan ---- */

double ode_plan_number(lua_State *L, const char *name, double fallback) {
    int type = lua_getfield(L, ODE_PLAN, name);
    if (type != LUA_TNIL && type != LUA_TNUMBER) bind_error(L, "ode.solve: %s: expected a number, found %s", name, luaL_typename(L, -1));
    double v = type == LUA_TNIL ? fallback : lua_tonumber(L, -1);
    lua_pop(L, 1);
    return v;
}

int ode_plan_choice(lua_State *L, const char *name, const char *const *names) {
    int found = 0;
    if (lua_getfield(L, ODE_PLAN, name) != LUA_TNIL) {
        if (lua_type(L, -1) != LUA_TSTRING) bind_error(L, "ode.solve: %s: expected a name, found %s", name, luaL_typename(L, -1));
        while (names[found] && strcmp(names[found], lua_tostring(L, -1)) != 0) found++;
        if (!names[found]) bind_unknown(L, "ode.solve", name, lua_tostring(L, -1), names);
    }
    lua_pop(L, 1);
    return found;
}

void ode_read_plan(lua_State *L, fm_ode_plan *p) {
    p->t0 = ode_plan_number(L, "t0", 0);
    p->t1 = ode_plan_number(L, "t1", 1);
    p->rtol = ode_plan_number(L, "rtol", 0);
    p->atol = ode_plan_number(L, "atol", 0);
    p->first_step = ode_plan_number(L, "first_step", 0);
    p->max_step = ode_plan_number(L, "max_step", INFINITY);
    p->min_step = ode_plan_number(L, "min_step", 0);
    p->controller = (fm_ode_controller)ode_plan_choice(L, "controller", fm_ode_controller_names);
    double max_nfe = ode_plan_number(L, "max_nfe", INFINITY);
    p->max_nfe = max_nfe < 9e18 ? (int64_t)max_nfe : INT64_MAX;
    if (lua_isuserdata(L, ODE_METHOD)) p->tableau = bind_check_object(L, ODE_METHOD, &ode_tableau_type);
}

void ode_check_adaptive(lua_State *L, const fm_ode_plan *p) {
    if (!p->tableau || !p->tableau->error_order) bind_error(L, "ode.solve: this method has no error estimate");
}

/* ---- the progress ---- */

void ode_set_number(lua_State *L, const char *name, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, name);
}

void ode_set_integer(lua_State *L, const char *name, int64_t value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static const char *reason(fm_ode_why why) {
    switch (why) {
    case FM_ODE_FIELD_NOT_FINITE:
        return "the field returns numbers that are not finite";
    case FM_ODE_BELOW_ROUND_OFF:
        return "the tolerance is below the round-off of " FM_REAL_NAME;
    case FM_ODE_BELOW_SPACING:
        return "the step fell below the spacing of numbers near t";
    case FM_ODE_NO_SCALE:
        return "the first slope is infinite in units of the tolerance: atol is 0 where the state is 0, or the numbers are too large";
    default:
        return NULL;
    }
}

void ode_push_info(lua_State *L, const fm_ode_progress *at, int64_t steps, fm_ode_status status) {
    lua_createtable(L, 0, 14);
    ode_set_integer(L, "nfe", at->nfe);
    ode_set_integer(L, "accepted", at->accepted);
    ode_set_integer(L, "rejected", at->rejected);
    ode_set_integer(L, "steps", steps);
    ode_set_number(L, "t", at->t);
    lua_pushstring(L, fm_ode_status_names[status]);
    lua_setfield(L, -2, "status");
    lua_pushstring(L, reason(at->why));
    lua_setfield(L, -2, "reason");
}

void ode_set_errors(lua_State *L, const fm_ode_progress *at) {
    ode_set_integer(L, "forced", at->forced);
    ode_set_number(L, "error", at->error_before);
    ode_set_number(L, "error_sum", at->error_sum);
}
