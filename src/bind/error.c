/* How an error leaves C: misuse raises at the line of the script; failures of files and of the
 * system are returned as nil and a message. */
#include "bind.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Whether a source is one of fm's own files: below the folder that fmrun has found, or, under
 * stock Lua, in a folder of that name. */
static bool is_own(const char *source, const char *library) {
    if (library)
        return source[0] == '@' && !strncmp(source + 1, library, strlen(library)) && !strncmp(source + 1 + strlen(library), "/fm/", 4);
    return strstr(source, "lua/fm/") || strstr(source, "share/fm/");
}

/* Pushes "FILE:LINE: " of the nearest caller that is a script, not part of fm itself. It is near: a
 * level is found by walking to it. */
static void push_where(lua_State *L) {
    enum { MOST_LEVELS = 64 };
    lua_Debug ar;
    lua_getfield(L, LUA_REGISTRYINDEX, BIND_LIBRARY);
    const char *library = lua_tostring(L, -1);
    for (int level = 0; level < MOST_LEVELS && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0 || is_own(ar.source, library)) continue;
        lua_pop(L, 1);
        lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
        return;
    }
    lua_pop(L, 1);
    luaL_where(L, 1);
}

int bind_raise(lua_State *L, const fm_error *err) {
    push_where(L);
    lua_pushstring(L, err->text);
    lua_concat(L, 2);
    lua_error(L);
    __builtin_unreachable();
}

int bind_error(lua_State *L, const char *format, ...) {
    fm_error err;
    va_list args;
    va_start(args, format);
    vsnprintf(err.text, sizeof err.text, format, args);
    va_end(args);
    bind_raise(L, &err);
}

int bind_fail(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    push_where(L);
    lua_insert(L, -2);
    lua_concat(L, 2);
    return lua_error(L);
}

int bind_failure(lua_State *L, const fm_error *err) {
    lua_pushnil(L);
    lua_pushstring(L, err->text);
    return 2;
}

int bind_done(lua_State *L, bool done, const fm_error *err) {
    if (!done) return bind_failure(L, err);
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- what was found ---- */

const char *bind_push_kind(lua_State *L, int index) {
    enum { LONGEST = 40 };
    char shape[FM_SHAPE_TEXT];
    size_t size;
    const char *text;
    index = lua_absindex(L, index);
    luaL_checkstack(L, 3, NULL);
    switch (lua_type(L, index)) {
    case LUA_TNONE:
        return lua_pushliteral(L, "nothing");
    case LUA_TNUMBER:
        if (lua_tonumber(L, index) != lua_tonumber(L, index)) return lua_pushliteral(L, "nan"); /* whatever its sign */
        lua_pushvalue(L, index);
        return lua_tostring(L, -1); /* changes the copy */
    case LUA_TBOOLEAN:
        return lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &size);
        if (size > LONGEST) return lua_pushfstring(L, "a string of %I bytes", (LUAI_UACINT)size);
        return lua_pushfstring(L, "string \"%s\"", text);
    case LUA_TUSERDATA:
        if (bind_is_released(L, index)) return lua_pushliteral(L, "a tensor that was released when its tape closed");
        if (bind_is_tensor(L, index)) return lua_pushfstring(L, "tensor %s", fm_shape_text(bind_check_tensor(L, index), shape));
        if (luaL_getmetafield(L, index, "__metatable") == LUA_TSTRING || luaL_getmetafield(L, index, "__name") == LUA_TSTRING)
            return lua_tostring(L, -1);
        break;
    default:
        break;
    }
    return lua_pushstring(L, luaL_typename(L, index));
}

/* The number of an argument as the script counts it: 0 for the object of a method. */
static int number_of(const char *caller, int arg) {
    return strchr(caller, ':') ? arg - 1 : arg;
}

int bind_argument(lua_State *L, int arg, const char *expected) {
    const char *name = bind_caller(L), *found = bind_push_kind(L, arg);
    int number = number_of(name, arg);
    if (number == 0) bind_error(L, "%s: expected %s before the colon, found %s", name, expected, found);
    bind_error(L, "%s: argument %d: expected %s, found %s", name, number, expected, found);
}

int bind_refuse(lua_State *L, int arg, const char *problem) {
    const char *name = bind_caller(L);
    int number = number_of(name, arg);
    if (number == 0) bind_error(L, "%s: %s", name, problem);
    bind_error(L, "%s: argument %d: %s", name, number, problem);
}

int bind_surplus(lua_State *L, int arg) {
    const char *name = bind_caller(L);
    bind_error(L, "%s: unexpected argument %d: %s", name, number_of(name, arg), bind_push_kind(L, arg));
}
