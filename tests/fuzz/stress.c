/* fmrun_stress: fmrun whose allocations a script can make fail, linked with --wrap. It has a global
 * table:
 *   stress.collect(n)   collects everything before every n-th allocation that the binding or a
 *                       tensor makes; 0: never
 *   stress.fail(n [, forever [, lua]])
 *                       the n-th allocation of ours from now on fails (of Lua's own, with `lua`),
 *                       and with `forever` all after it; 0: none
 *   stress.count()      allocations since the last stress.fail, and whether one was made to fail
 * FM_COLLECT=n does the first from the start. */
#define _GNU_SOURCE
#include "bind.h"
#include "pool.h"

#include <stdarg.h>
#include <stdlib.h>

/* ---- the collector ---- */

static lua_Integer period, until;
static bool collecting;

static void collect(lua_State *L) {
    if (!period || collecting || --until > 0) return;
    until = period;
    collecting = true; /* finalizers make objects too */
    lua_gc(L, LUA_GCCOLLECT);
    collecting = false;
}

void *__real_lua_newuserdatauv(lua_State *L, size_t size, int values);
void *__wrap_lua_newuserdatauv(lua_State *L, size_t size, int values);
void *__wrap_lua_newuserdatauv(lua_State *L, size_t size, int values) {
    collect(L);
    return __real_lua_newuserdatauv(L, size, values);
}

void __real_lua_createtable(lua_State *L, int array, int fields);
void __wrap_lua_createtable(lua_State *L, int array, int fields);
void __wrap_lua_createtable(lua_State *L, int array, int fields) {
    collect(L);
    __real_lua_createtable(L, array, fields);
}

const char *__real_lua_pushlstring(lua_State *L, const char *text, size_t size);
const char *__wrap_lua_pushlstring(lua_State *L, const char *text, size_t size);
const char *__wrap_lua_pushlstring(lua_State *L, const char *text, size_t size) {
    const char *made = __real_lua_pushlstring(L, text, size); /* after: the text may belong to something on its way out */
    collect(L);
    return made;
}

const char *__real_lua_pushstring(lua_State *L, const char *text);
const char *__wrap_lua_pushstring(lua_State *L, const char *text);
const char *__wrap_lua_pushstring(lua_State *L, const char *text) {
    const char *made = __real_lua_pushstring(L, text);
    collect(L);
    return made;
}

const char *__wrap_lua_pushfstring(lua_State *L, const char *format, ...);
const char *__wrap_lua_pushfstring(lua_State *L, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *made = lua_pushvfstring(L, format, args);
    va_end(args);
    collect(L);
    return made;
}

void __real_lua_pushcclosure(lua_State *L, lua_CFunction f, int values);
void __wrap_lua_pushcclosure(lua_State *L, lua_CFunction f, int values);
void __wrap_lua_pushcclosure(lua_State *L, lua_CFunction f, int values) {
    if (values) collect(L);
    __real_lua_pushcclosure(L, f, values);
}

int __real_lua_getfield(lua_State *L, int index, const char *name);
int __wrap_lua_getfield(lua_State *L, int index, const char *name);
int __wrap_lua_getfield(lua_State *L, int index, const char *name) {
    collect(L);
    return __real_lua_getfield(L, index, name);
}

void __real_lua_setfield(lua_State *L, int index, const char *name);
void __wrap_lua_setfield(lua_State *L, int index, const char *name);
void __wrap_lua_setfield(lua_State *L, int index, const char *name) {
    collect(L);
    __real_lua_setfield(L, index, name);
}

void __real_lua_rawseti(lua_State *L, int index, lua_Integer n);
void __wrap_lua_rawseti(lua_State *L, int index, lua_Integer n);
void __wrap_lua_rawseti(lua_State *L, int index, lua_Integer n) {
    collect(L);
    __real_lua_rawseti(L, index, n);
}

void __real_lua_rawset(lua_State *L, int index);
void __wrap_lua_rawset(lua_State *L, int index);
void __wrap_lua_rawset(lua_State *L, int index) {
    collect(L);
    __real_lua_rawset(L, index);
}

fm_storage *__real_fm_storage_new(size_t count, fm_error *err);
fm_storage *__wrap_fm_storage_new(size_t count, fm_error *err);
fm_storage *__wrap_fm_storage_new(size_t count, fm_error *err) {
    if (bind_running) collect(bind_running); /* as when memory is short */
    return __real_fm_storage_new(count, err);
}

/* ---- failures ---- */

static lua_Integer taken, failing;
static bool forever, failed, of_lua;

static bool fails(bool lua) {
    if (!failing || lua != of_lua) return false;
    taken++;
    bool now = forever ? taken >= failing : taken == failing;
    failed |= now;
    return now;
}

static lua_Alloc allocate; /* main.c's, which takes from the pool too */
static bool inside_lua;

static void *allocate_for_lua(void *state, void *block, size_t old_size, size_t new_size) {
    bool grows = new_size > (block ? old_size : 0); /* Lua counts on shrinking */
    if (grows && fails(true)) return NULL;
    inside_lua = true;
    void *moved = allocate(state, block, old_size, new_size);
    inside_lua = false;
    return moved;
}

lua_State *__real_lua_newstate(lua_Alloc f, void *state);
lua_State *__wrap_lua_newstate(lua_Alloc f, void *state);
lua_State *__wrap_lua_newstate(lua_Alloc f, void *state) {
    allocate = f;
    return __real_lua_newstate(allocate_for_lua, state);
}

void *__real_fm_pool_take(size_t bytes);
void *__wrap_fm_pool_take(size_t bytes);
void *__wrap_fm_pool_take(size_t bytes) {
    return !inside_lua && fails(false) ? NULL : __real_fm_pool_take(bytes);
}

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes) {
    return !inside_lua && fails(false) ? NULL : __real_malloc(bytes);
}

void *__real_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes) {
    return fails(false) ? NULL : __real_calloc(n, bytes);
}

void *__real_realloc(void *block, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes) {
    return fails(false) ? NULL : __real_realloc(block, bytes);
}

/* ---- the table ---- */

static int stress_collect(lua_State *L) {
    period = until = luaL_checkinteger(L, 1);
    return 0;
}

static int stress_fail(lua_State *L) {
    lua_Integer n = luaL_checkinteger(L, 1);
    forever = lua_toboolean(L, 2);
    of_lua = lua_toboolean(L, 3);
    taken = 0;
    failed = false;
    failing = n;
    return 0;
}

static int stress_count(lua_State *L) {
    lua_Integer n = taken;
    bool any = failed;
    failing = 0;
    lua_pushinteger(L, n);
    lua_pushboolean(L, any);
    return 2;
}

static const luaL_Reg functions[] = {{"collect", stress_collect}, {"fail", stress_fail}, {"count", stress_count}, {NULL, NULL}};

int __real_luaopen_fm_core(lua_State *L);
int __wrap_luaopen_fm_core(lua_State *L);
int __wrap_luaopen_fm_core(lua_State *L) {
    luaL_newlib(L, functions);
    lua_setglobal(L, "stress");
    const char *n = getenv("FM_COLLECT");
    if (n) period = until = strtoll(n, NULL, 10);
    return __real_luaopen_fm_core(L);
}
