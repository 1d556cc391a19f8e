/* What a function of the binding may be given: numbers, texts, tables, shapes. */
#include "bind.h"

#include <limits.h>

lua_Number bind_check_number(lua_State *L, int arg) {
    if (lua_type(L, arg) != LUA_TNUMBER) bind_argument(L, arg, "a number");
    return lua_tonumber(L, arg);
}

const char *bind_check_text(lua_State *L, int arg, size_t *size) {
    if (lua_type(L, arg) != LUA_TSTRING) bind_argument(L, arg, "a string");
    return lua_tolstring(L, arg, size);
}

void bind_check_table(lua_State *L, int arg) {
    if (lua_type(L, arg) != LUA_TTABLE) bind_argument(L, arg, "a table");
}

void bind_check_function(lua_State *L, int arg) {
    if (lua_type(L, arg) != LUA_TFUNCTION) bind_argument(L, arg, "a function");
}

static bool read_integer(lua_State *L, int arg, lua_Integer low, lua_Integer high, lua_Integer *n) {
    int is_integer;
    *n = lua_tointegerx(L, arg, &is_integer);
    return is_integer && lua_type(L, arg) == LUA_TNUMBER && *n >= low && *n <= high;
}

/* `of` is the function, in front of `what`; or NULL. */
static int refuse_integer(lua_State *L, int arg, const char *of, const char *what, lua_Integer low, lua_Integer high) {
    const char *colon = of ? ": " : "";
    if (!of) of = "";
    int is_integer;
    lua_Integer n = lua_tointegerx(L, arg, &is_integer);
    if (!is_integer || lua_type(L, arg) != LUA_TNUMBER)
        bind_error(L, "%s%s%s: expected a whole number, found %s", of, colon, what, bind_push_kind(L, arg));
    bind_error(L, "%s%s%s: expected %lld..%lld, found %lld", of, colon, what, (long long)low, (long long)high, (long long)n);
}

lua_Integer bind_check_integer(lua_State *L, int arg, const char *what, lua_Integer low, lua_Integer high) {
    lua_Integer n;
    return read_integer(L, arg, low, high, &n) ? n : refuse_integer(L, arg, NULL, what, low, high);
}

lua_Integer bind_check_whole(lua_State *L, int arg, const char *name, lua_Integer low, lua_Integer high) {
    lua_Integer n;
    return read_integer(L, arg, low, high, &n) ? n : refuse_integer(L, arg, bind_caller(L), name, low, high);
}

static size_t check_size(lua_State *L, int index) {
    return (size_t)bind_check_integer(L, index, "shape", 0, (lua_Integer)1 << 40);
}

int bind_check_shape(lua_State *L, int arg, int last, size_t shape[FM_MAX_RANK]) {
    if (last >= arg && lua_istable(L, arg)) {
        if (last > arg) bind_surplus(L, arg + 1);
        lua_Unsigned n = lua_rawlen(L, arg);
        if (n > FM_MAX_RANK) bind_error(L, "shape: %d axes are over the limit %d", (int)n, FM_MAX_RANK);
        for (lua_Unsigned i = 0; i < n; i++) {
            lua_rawgeti(L, arg, (lua_Integer)i + 1);
            shape[i] = check_size(L, -1);
            lua_pop(L, 1);
        }
        return (int)n;
    }
    if (last - arg + 1 > FM_MAX_RANK) bind_error(L, "shape: %d axes are over the limit %d", last - arg + 1, FM_MAX_RANK);
    for (int i = arg; i <= last; i++) shape[i - arg] = check_size(L, i);
    return last >= arg ? last - arg + 1 : 0;
}

/* ---- tables ---- */

size_t bind_push_pairs(lua_State *L, int table) {
    size_t n = 0, i = 0;
    luaL_checkstack(L, 5, NULL);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) n++;
    lua_createtable(L, n > INT_MAX / 2 ? 0 : (int)(2 * n), 0); /* room for all: what follows allocates nothing */
    int list = lua_gettop(L);
    for (lua_pushnil(L); i < n && lua_next(L, table); lua_pop(L, 1), i++) {
        lua_pushvalue(L, -2);
        lua_rawseti(L, list, (lua_Integer)(2 * i + 1));
        lua_pushvalue(L, -1);
        lua_rawseti(L, list, (lua_Integer)(2 * i + 2));
    }
    lua_settop(L, list);
    return i;
}
