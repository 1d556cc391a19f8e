/* fm.system.lock(path [, seconds to try]) -> lock | nil, "locked" | nil, message. It lasts until
 * lock:release(), its scope's end (`local lock <close>`), or the end of the process.
 * fm.system.locked(path) -> whether anybody holds it. */
#include "file_lock.h"
#include "object.h"

typedef struct lock {
    bool held;
    int fd;
} lock;

static void release(lua_State *L, void *object) {
    (void)L;
    lock *own = object;
    if (own->held) fm_lock_release(own->fd);
    own->held = false;
}

static const bind_type lock_type; /* at the foot */

static int lock_release(lua_State *L) {
    return bind_release(L, &lock_type);
}

static int system_lock(lua_State *L) {
    const char *path = bind_check_text(L, 1, NULL);
    double patience = lua_isnoneornil(L, 2) ? 0 : bind_check_number(L, 2);
    lock *own = bind_push_object(L, &lock_type);
    bool taken;
    fm_error err;
    own->fd = fm_lock_take(path, patience, &taken, &err);
    own->held = own->fd >= 0;
    if (own->held) return 1;
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
static const bind_type lock_type = {
    .name = "lock", .expected = "a lock", .size = sizeof(lock), .closes = true, .release = release, .methods = methods};
static const bind_function functions[] = {{"lock", system_lock, 2}, {"locked", system_locked, 1}, {NULL, NULL, 0}};

void bind_lock(lua_State *L) {
    bind_module(L, "system", functions);
    bind_open_type(L, &lock_type);
}
