/* What tensors cost: fm.live_bytes() and its neighbours. */
#include "bind.h"
#include "pool.h"

static int live_bytes(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)fm_live_bytes());
    return 1;
}

static int peak_bytes(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)fm_peak_bytes());
    return 1;
}

static int peak_begin(lua_State *L) {
    (void)L;
    fm_peak_begin();
    return 0;
}

static int mallocs(lua_State *L) { /* how often the pool asked the system: constant in a warm loop */
    lua_pushinteger(L, (lua_Integer)fm_pool_mallocs());
    return 1;
}

/* memory_limit([bytes]) -> the limit before; tensors beyond it fail with an error. 0: none. */
static int memory_limit(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)fm_memory_limit());
    if (!lua_isnoneornil(L, 1)) fm_set_memory_limit((size_t)bind_check_integer(L, 1, "memory_limit", 0, LUA_MAXINTEGER));
    return 1;
}

static const bind_function functions[] = {
    {"live_bytes", live_bytes, 0}, {"peak_bytes", peak_bytes, 0},     {"peak_begin", peak_begin, 0},
    {"mallocs", mallocs, 0},       {"memory_limit", memory_limit, 1}, {NULL, NULL, 0},
};

void bind_memory(lua_State *L) {
    bind_functions(L, NULL, functions);
}
