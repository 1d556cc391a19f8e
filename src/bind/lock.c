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
    release(bind_check_object(L, 1, LOCK, "a lock"));
    return 0;
}

static int system_lock(lua_State *L) {
    const char *path = bind_check_text(L, 1, NULL);
    double patience = lua_isnoneornil(L, 2) ? 0 : bind_check_number(L, 2);
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
    if (!fm_lock_held(bind_check_text(L, 1, NULL), &held, &err)) return bind_failure(L, &err);
    lua_pushboolean(L, held);
    return 1;
}

static const bind_function methods[] = {{"release", lock_release, 1}, {NULL, NULL, 0}};
static const luaL_Reg events[] = {{"__gc", lock_release}, {"__close", lock_release}, {NULL, NULL}};
static const bind_function functions[] = {{"lock", system_lock, 2}, {"locked", system_locked, 1}, {NULL, NULL, 0}};

void bind_lock(lua_State *L) {
    bind_module(L, "system", functions);
    bind_class(L, LOCK, "lock", methods, events);
}
