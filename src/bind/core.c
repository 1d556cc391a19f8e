/* The module fm.core: everything Lua can reach in C. */
#include "bind.h"
#include "blas.h"

static const bind_function functions[] = {{"fail", bind_fail, 1}, {"nearest", bind_nearest_of, 2}, {NULL, NULL, 0}};

int luaopen_fm_core(lua_State *L) {
    fm_error err;
    if (!fm_blas_start(&err)) bind_error(L, "fm: %s", err.text);
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
    bind_tangent(L);
    bind_random(L);
    bind_optim(L);
    bind_ode(L);
    bind_files(L);
    bind_picture(L);
    bind_measure(L);
    bind_path(L);
    bind_memory(L);
    bind_system(L);
    bind_processes(L);
    return 1;
}
