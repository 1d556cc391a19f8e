/* The module fm.core: everything Lua can reach in C. */
#include "bind.h"
#include "blas.h"

/* nearest(word, names): the name that was probably meant, or nil. */
static int core_nearest(lua_State *L) {
    enum { MAX_NAMES = 512 };
    const char *names[MAX_NAMES + 1], *word = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Unsigned n = lua_rawlen(L, 2);
    if (n > MAX_NAMES) n = MAX_NAMES;
    luaL_checkstack(L, (int)n + 2, NULL);
    for (lua_Unsigned i = 0; i < n; i++) { /* the strings stay alive on the stack */
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        names[i] = luaL_checkstring(L, -1);
    }
    names[n] = NULL;
    lua_pushstring(L, bind_nearest(word, names));
    return 1;
}

int luaopen_fm_core(lua_State *L) {
    fm_error err;
    if (!fm_blas_start(&err)) return luaL_error(L, "fm: %s", err.text);
    lua_newtable(L);
    lua_pushliteral(L, FM_VERSION);
    lua_setfield(L, -2, "version");
    lua_pushliteral(L, FM_REAL_NAME);
    lua_setfield(L, -2, "real");
    lua_pushcfunction(L, bind_fail);
    lua_setfield(L, -2, "fail");
    lua_pushcfunction(L, core_nearest);
    lua_setfield(L, -2, "nearest");
    bind_tensor(L);
    bind_ops(L);
    bind_tape(L);
    bind_random(L);
    bind_optim(L);
    bind_ode(L);
    bind_files(L);
    bind_picture(L);
    bind_measure(L);
    bind_path(L);
    bind_memory(L);
    bind_system(L);
    return 1;
}
