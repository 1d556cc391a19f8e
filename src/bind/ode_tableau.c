/* Tableaus from Lua tables. */
#include "ode_call.h"

#include <stdarg.h>
#include <stdio.h>

const bind_type ode_tableau_type = {.name = "tableau", .expected = "a tableau", .size = sizeof(fm_tableau)};

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

static int read_whole(lua_State *L, const char *name, int low, int high, int fallback) {
    int is_integer, type = lua_getfield(L, 1, name);
    lua_Integer n = type == LUA_TNIL ? fallback : lua_tointegerx(L, -1, &is_integer);
    if (type != LUA_TNIL && (type != LUA_TNUMBER || !is_integer || n < low || n > high))
        refuse(L, "%s: expected a whole number %d..%d, found %s", name, low, high, bind_push_kind(L, -1));
    lua_pop(L, 1);
    return (int)n;
}

static bool read_flag(lua_State *L, const char *name) {
    int type = lua_getfield(L, 1, name);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN) refuse(L, "%s: expected true or false, found %s", name, bind_push_kind(L, -1));
    bool v = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return v;
}

/* Rows beyond the stages: row m is the new point, the interpolant's own ones come after it. */
static void read_extra(lua_State *L, fm_tableau *m) {
    if (lua_getfield(L, 1, "extra") == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (!lua_istable(L, -1)) refuse(L, "extra: expected { c = {..}, a = {..} }, found %s", bind_push_kind(L, -1));
    int at = lua_gettop(L), first = m->stages + 1;
    int n = read_list(L, at, "c", m->c + first, FM_ODE_ROWS - first), n_a = read_rows(L, at, "a", m->a[0], FM_ODE_ROWS, first);
    if (!n) refuse(L, "extra: expected { c = {..}, a = {..} } with at least one row");
    if (n_a != n) refuse(L, "extra: c has %d numbers, a has %d rows: expected as many of each", n, n_a);
    lua_pop(L, 1);
}

int ode_read_tableau(lua_State *L) {
    bind_check_table(L, 1);
    bind_check_text(L, 2, NULL);
    fm_error err;
    fm_tableau *m = bind_push_object(L, &ode_tableau_type);
    m->stages = read_list(L, 1, "b", m->b, FM_ODE_ROWS - 1);
    int n_c = read_list(L, 1, "c", m->c, FM_ODE_ROWS - 1), n_a = read_rows(L, 1, "a", m->a[0], FM_ODE_ROWS, 0);
    if (n_c != m->stages || n_a != m->stages)
        refuse(L, "b has %d numbers, c has %d, a has %d rows: expected as many of each", m->stages, n_c, n_a);
    m->order = read_whole(L, "order", 1, 20, 1);
    int n_e = read_list(L, 1, "e", m->e, m->stages + 1);
    read_list(L, 1, "e3", m->e3, m->stages + 1);
    if (n_e) m->error_order = read_whole(L, "error_order", 1, 20, m->order > 1 ? m->order - 1 : 1);
    m->history = read_whole(L, "history", 0, FM_ODE_HISTORY, 0);
    m->closes = read_flag(L, "closes");
    m->rows = read_rows(L, 1, "dense", m->dense[0], FM_ODE_DEGREE, 0);
    if (m->rows) m->degree = FM_ODE_DEGREE;
    read_extra(L, m);
    if (!fm_tableau_complete(m, &err)) refuse(L, "%s", err.text);
    return 1;
}

int ode_tableau_facts(lua_State *L) {
    const fm_tableau *m = bind_check_object(L, 1, &ode_tableau_type);
    lua_pushboolean(L, m->error_order > 0);
    lua_pushboolean(L, m->degree > 0 && !m->history);
    lua_pushinteger(L, m->history ? m->history - 1 : 0);
    return 3;
}
