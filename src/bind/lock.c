/* fm.system.lock(path [, seconds to try]) -> lock | nil, "locked" | nil, message. It lasts until lock:release(), its scope's end (`local
 * lock <close>`), or the end of the process. fm.system.locked(path) -> whether anybody holds it. */
#include "bind.h"
#include "file_lock.h"

#define LOCK "fm.lock"

static void release(int *fd) {
    if (*fd >= 0) fm_lock_release(*fd);
    *fd = -1;
}

static int lock_release(lua_State *L) { /* also __gc and __close; twice is fine */
    release(luaL_checkudata(L, 1, LOCK));
    return 0;
}

static int system_lock(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    double patience = luaL_optnumber(L, 2, 0);
    int *fd = lua_newuserdatauv(L, sizeof *fd, 0);
    *fd = -1;
    luaL_setmetatable(L, LOCK);
    bool taken;
    fm_error err;
    *fd = fm_lock_take(path, patience, &taken, &err);
    if (*fd >= 0) return 1;
    if (!taken) return bind_failure(L, &err);
    lua_pushnil(L);
    lua_pushliteral(L, "locked");
    return 2;
}

static int system_locked(lua_State *L) {
    bool held;
    fm_error err;
    if (!fm_lock_held(luaL_checkstring(L, 1), &held, &err)) return bind_failure(L, &err);
    lua_pushboolean(L, held);
    return 1;
}

static const luaL_Reg methods[] = {{"release", lock_release}, {"__gc", lock_release}, {"__close", lock_release}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"lock", system_lock}, {"locked", system_locked}, {NULL, NULL}};

void bind_lock(lua_State *L) {
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, LOCK);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "lock");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}
