/* The gate: what happens at every call from Lua into C, before the function itself. It notes the
 * coroutine that runs, which decides whose tape counts (see fm_scope_now), and refuses arguments
 * that the function would leave unread. */
#include "bind.h"
#include "tape.h"

lua_State *bind_running;

static const char names_key = 0; /* its address is the registry key of a table: function -> its name in messages */

/* ---- whose tape counts ---- */

/* A coroutine is at work while it runs or waits for one that it resumed; not after it yielded or
 * ended. */
static bool at_work(const void *owner) {
    lua_State *thread = (lua_State *)(uintptr_t)owner;
    lua_Debug unused;
    return thread == bind_running || (lua_status(thread) == LUA_OK && lua_getstack(thread, 0, &unused));
}

bool bind_in_finalizer(lua_State *L) {
    return lua_gc(L, LUA_GCCOUNT) < 0; /* since Lua 5.4.4 lua_gc answers nothing else there */
}

/* ---- the gate ---- */

static void refuse_surplus(lua_State *L, const bind_function *f, int top) {
    for (int arg = f->most + 1; arg <= top; arg++) {
        if (!lua_isnil(L, arg)) bind_surplus(L, arg);
    }
    lua_settop(L, f->most);
}

static int gate(lua_State *L) {
    const bind_function *f = lua_touserdata(L, lua_upvalueindex(1));
    int top = lua_gettop(L);
    bind_running = L;
    if (top > f->most && f->most != BIND_ANY) refuse_surplus(L, f, top);
    return f->call(L);
}

void bind_name(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &names_key);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

const char *bind_caller(lua_State *L) {
    lua_Debug ar;
    const char *name = NULL;
    luaL_checkstack(L, 3, NULL);
    if (lua_getstack(L, 0, &ar) && lua_getinfo(L, "f", &ar)) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &names_key);
        lua_insert(L, -2);
        lua_rawget(L, -2);
        name = lua_tostring(L, -1); /* the table keeps it */
        lua_pop(L, 2);
    }
    return name ? name : "fm";
}

void bind_functions(lua_State *L, const char *of, const bind_function *list) {
    for (; list->name; list++) {
        lua_pushlightuserdata(L, (void *)(uintptr_t)list);
        lua_pushcclosure(L, gate, 1);
        if (of) lua_pushfstring(L, "%s:%s", of, list->name);
        else lua_pushstring(L, list->name);
        bind_name(L);
        lua_setfield(L, -2, list->name);
    }
}

void bind_module(lua_State *L, const char *name, const bind_function *list) {
    bind_functions(L, NULL, list);
    for (; list->name; list++) {
        lua_getfield(L, -1, list->name);
        lua_pushfstring(L, "%s.%s", name, list->name);
        bind_name(L);
        lua_pop(L, 1);
    }
}

void bind_open_gate(lua_State *L) {
    bind_running = L;
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &names_key);
    fm_set_at_work(at_work);
}
