/* Flat parameters in Lua: the passes of an optimizer. What an optimizer is (its options, state and schedule) is lua/fm/optim. */
#include "flat.h"

#include "bind.h"

#include <math.h>

#define FLAT "fm.flat"

static fm_flat *check_flat(lua_State *L) {
    return luaL_checkudata(L, 1, FLAT);
}

static int core_flat(lua_State *L) { /* flat(list of parameters) */
    fm_error err;
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t n = lua_rawlen(L, 1);
    if (n > 1 << 20) luaL_error(L, "flat: %d parameters are too many", (int)n);
    fm_flat *f = lua_newuserdatauv(L, sizeof *f, 0);
    *f = (fm_flat){0};
    luaL_setmetatable(L, FLAT);
    fm_tensor **list = lua_newuserdatauv(L, n * sizeof *list + 1, 0);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        list[i] = bind_check_tensor(L, lua_gettop(L));
        lua_pop(L, 1);
    }
    if (!fm_flat_open(f, n, list, &err)) bind_raise(L, &err);
    lua_pop(L, 1);
    return 1;
}

static int flat_gc(lua_State *L) {
    fm_flat_close(check_flat(L));
    return 0;
}

static int flat_total(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)check_flat(L)->total);
    return 1;
}

static int flat_range(lua_State *L) { /* range(i) -> first, last of parameter i within a flat vector, 1-based */
    const fm_flat *f = check_flat(L);
    size_t i = (size_t)bind_check_integer(L, 2, "range", 1, (lua_Integer)f->n) - 1;
    lua_pushinteger(L, (lua_Integer)f->at[i] + 1);
    lua_pushinteger(L, (lua_Integer)(f->at[i] + f->params[i]->count));
    return 2;
}

static real *check_vector(lua_State *L, int arg, const fm_flat *f) {
    const fm_tensor *t = bind_check_tensor(L, arg);
    if (t->count != f->total)
        luaL_error(L, "flat: expected a vector of %I numbers, found %I", (LUAI_UACINT)f->total, (LUAI_UACINT)t->count);
    return fm_data(t);
}

/* Fields of an options table, all given by our own Lua. */
static double number(lua_State *L, int table, const char *name) {
    lua_getfield(L, table, name);
    double v = luaL_checknumber(L, -1);
    lua_pop(L, 1);
    return v;
}

static bool flag(lua_State *L, int table, const char *name) {
    lua_getfield(L, table, name);
    bool v = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return v;
}

static int flat_adam(lua_State *L) { /* adam(m, v, options, step, lr, scale) */
    const fm_flat *f = check_flat(L);
    real *m = check_vector(L, 2, f), *v = check_vector(L, 3, f);
    luaL_checktype(L, 4, LUA_TTABLE);
    fm_adam a = {.lr = luaL_checknumber(L, 6),
                 .beta1 = number(L, 4, "beta1"),
                 .beta2 = number(L, 4, "beta2"),
                 .eps = number(L, 4, "eps"),
                 .weight_decay = number(L, 4, "weight_decay"),
                 .decoupled = flag(L, 4, "decoupled"),
                 .step = (uint64_t)luaL_checkinteger(L, 5),
                 .scale = luaL_checknumber(L, 7)};
    fm_flat_adam(f, &a, m, v);
    return 0;
}

static int flat_sgd(lua_State *L) { /* sgd(velocity or nil, options, lr, scale) */
    const fm_flat *f = check_flat(L);
    real *velocity = lua_isnil(L, 2) ? NULL : check_vector(L, 2, f);
    luaL_checktype(L, 3, LUA_TTABLE);
    fm_sgd s = {.lr = luaL_checknumber(L, 4),
                .momentum = number(L, 3, "momentum"),
                .weight_decay = number(L, 3, "weight_decay"),
                .nesterov = flag(L, 3, "nesterov"),
                .scale = luaL_checknumber(L, 5)};
    fm_flat_sgd(f, &s, velocity);
    return 0;
}

static int flat_ema(lua_State *L) { /* ema(average, decay) */
    const fm_flat *f = check_flat(L);
    fm_flat_ema(f, luaL_checknumber(L, 3), check_vector(L, 2, f));
    return 0;
}

static int flat_swap(lua_State *L) {
    const fm_flat *f = check_flat(L);
    fm_flat_swap(f, check_vector(L, 2, f));
    return 0;
}

static int flat_read(lua_State *L) {
    const fm_flat *f = check_flat(L);
    fm_flat_read(f, check_vector(L, 2, f));
    return 0;
}

static int flat_norm(lua_State *L) {
    lua_pushnumber(L, fm_flat_norm(check_flat(L)));
    return 1;
}

static int flat_clear(lua_State *L) {
    fm_flat_clear(check_flat(L));
    return 0;
}

static const luaL_Reg methods[] = {
    {"total", flat_total}, {"range", flat_range}, {"adam", flat_adam},   {"sgd", flat_sgd}, {"ema", flat_ema}, {"swap", flat_swap},
    {"read", flat_read},   {"norm", flat_norm},   {"clear", flat_clear}, {"__gc", flat_gc}, {NULL, NULL},
};

void bind_optim(lua_State *L) {
    lua_pushcfunction(L, core_flat);
    lua_setfield(L, -2, "flat");
    luaL_newmetatable(L, FLAT);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "flat");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
