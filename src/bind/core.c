/* The module fm.core: everything Lua can reach in C. */
#include "bind.h"
#include "blas.h"

/* nearest(word, names): the name that was probably meant, or nil. */
static int core_nearest(lua_State *L) {
    const char *word = bind_check_text(L, 1, NULL);
    bind_check_table(L, 2);
    size_t n = lua_rawlen(L, 2);
    const char **names = lua_newuserdatauv(L, (n + 1) * sizeof *names, 0);
    for (size_t i = 0; i < n; i++) { /* the table keeps the strings alive: nothing is allocated from here on */
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        names[i] = bind_check_text(L, lua_gettop(L), NULL);
        lua_pop(L, 1);
    }
    names[n] = NULL;
    lua_pushstring(L, bind_nearest(word, names));
    return 1;
}

static const bind_function functions[] = {{"fail", bind_fail, 1}, {"nearest", core_nearest, 2}, {NULL, NULL, 0}};

int luaopen_fm_core(lua_State *L) {
    fm_error err;
    if (!fm_blas_start(&err)) return luaL_error(L, "fm: %s", err.text);
    lua_newtable(L);
    lua_pushliteral(L, FM_VERSION);
    lua_setfield(L, -2, "version");
    lua_pushliteral(L, FM_REAL_NAME);
    lua_setfield(L, -2, "real");
    bind_open_gate(L);
    bind_functions(L, NULL, functions);
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
