#define _GNU_SOURCE /* RLIMIT_STACK */
#include "coroutines.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

/* ---- the C stack ---- */

static uintptr_t stack_start; /* 0: fm_coroutines_open was not called */
static uintptr_t stack_room;  /* bytes that calls may take before another coroutine is closed */

static void measure_stack(void) {
    enum { MOST = 4 << 20 };
    struct rlimit limit;
    bool known = !getrlimit(RLIMIT_STACK, &limit) && limit.rlim_cur < 2 * (rlim_t)MOST;
    stack_start = (uintptr_t)__builtin_frame_address(0);
    stack_room = known ? (uintptr_t)limit.rlim_cur / 2 : MOST; /* the rest is for the code inside: 200 calls of C, as Lua counts them */
}

/* Raises when too much of the stack is in use. */
static void check_stack(lua_State *L) {
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if ((here > stack_start ? here - stack_start : stack_start - here) > stack_room) luaL_error(L, "C stack overflow");
}

/* ---- which one runs ---- */

static lua_State *volatile running; /* NULL: the main thread */

static int resume_in(lua_State *co, lua_State *L, int n, int *results) {
    lua_State *before = running;
    running = co;
    int status = lua_resume(co, L, n, results);
    running = before;
    return status;
}

static int close_in(lua_State *co) {
    lua_State *before = running;
    running = co;
    int status = lua_resetthread(co);
    running = before;
    return status;
}

void fm_coroutines_hook(lua_State *main, lua_Hook hook) {
    enum { AT_ONCE = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT };
    lua_sethook(main, hook, AT_ONCE, 1);
    lua_State *now = running;
    if (now) lua_sethook(now, hook, AT_ONCE, 1);
}

/* ---- resume, wrap, close: as in lcorolib.c ---- */

static lua_State *check_coroutine(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    if (!co) luaL_typeerror(L, 1, "coroutine");
    return co;
}

/* Moves n arguments into the coroutine and goes on with it. Returns how many results are on the
 * stack of L, or -1 and an error there. */
static int resume(lua_State *L, lua_State *co, int n) {
    if (!lua_checkstack(co, n)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, n);
    int results = 0;
    int status = resume_in(co, L, n, &results);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(co, results);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, results);
    return results;
}

static int coroutine_resume(lua_State *L) {
    int results = resume(L, check_coroutine(L), lua_gettop(L) - 1);
    lua_pushboolean(L, results >= 0);
    if (results < 0) results = 1; /* the error */
    lua_insert(L, -(results + 1));
    return results + 1;
}

/* What coroutine.wrap gives. An error closes the coroutine and is raised again. */
static int call_wrapped(lua_State *L) {
    check_stack(L);
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int results = resume(L, co, lua_gettop(L));
    if (results >= 0) return results;
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {
        status = close_in(co);
        lua_xmove(co, L, 1);
    }
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int coroutine_wrap(lua_State *L) { /* upvalue: coroutine.create */
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

/* Whether the coroutine is suspended or dead. */
static bool can_close(lua_State *L, lua_State *co) {
    lua_Debug frame;
    return co != L && (lua_status(co) != LUA_OK || !lua_getstack(co, 0, &frame));
}

static int coroutine_close(lua_State *L) {
    lua_State *co = check_coroutine(L);
    if (!can_close(L, co)) return luaL_error(L, "cannot close a %s coroutine", co == L ? "running" : "normal");
    check_stack(L);
    bool well = close_in(co) == LUA_OK;
    lua_pushboolean(L, well);
    if (well) return 1;
    lua_xmove(co, L, 1);
    return 2;
}

void fm_coroutines_open(lua_State *L) {
    measure_stack();
    lua_getglobal(L, "coroutine");
    lua_pushcfunction(L, coroutine_resume);
    lua_setfield(L, -2, "resume");
    lua_pushcfunction(L, coroutine_close);
    lua_setfield(L, -2, "close");
    lua_getfield(L, -1, "create");
    lua_pushcclosure(L, coroutine_wrap, 1);
    lua_setfield(L, -2, "wrap");
    lua_pop(L, 1);
}
