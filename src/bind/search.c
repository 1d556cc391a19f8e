#include "search.h"
#include "bind.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

/* Pushes `first` and the templates of `path` that begin with "/". */
static void push_rooted(lua_State *L, const char *first, const char *path) {
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, first);
    while (*path) {
        size_t n = strcspn(path, ";");
        if (*path == '/') {
            if (luaL_bufflen(&b)) luaL_addchar(&b, ';');
            luaL_addlstring(&b, path, n);
        }
        path += n + (path[n] == ';');
    }
    luaL_pushresult(&b);
}

/* ---- package.searchers[2]: modules in Lua, text only ---- */

enum { PACKAGE = lua_upvalueindex(1), SEARCHPATH = lua_upvalueindex(2), OWN_PATH = lua_upvalueindex(3), LIBRARY = lua_upvalueindex(4) };

static bool is_own(const char *name) {
    return !strcmp(name, "fm") || !strncmp(name, "fm.", 3);
}

static int fail_to_load(lua_State *L, const char *name, const char *path) {
    return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", name, path, lua_tostring(L, -1));
}

/* Loads a module of fm from where it nearly always is: package.searchpath would open each file once
 * more, and a run needs a hundred. Pushes the chunk and its path, returns 2; 0 when it is not
 * there. */
static int load_from_library(lua_State *L, const char *name) {
    static const char *const ends[] = {".lua", "/init.lua"};
    const char *library = lua_tostring(L, LIBRARY), *place = luaL_gsub(L, name, ".", "/");
    for (int i = 0; library && i < 2; i++) {
        const char *path = lua_pushfstring(L, "%s/%s%s", library, place, ends[i]);
        int status = luaL_loadfilex(L, path, "t");
        if (status != LUA_OK && status != LUA_ERRFILE) return fail_to_load(L, name, path);
        if (status == LUA_OK) {
            lua_insert(L, -2);
            return 2;
        }
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    return 0;
}

static int text_searcher(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    if (is_own(name) && load_from_library(L, name)) return 2;
    lua_pushvalue(L, SEARCHPATH);
    lua_pushvalue(L, 1);
    if (is_own(name)) {
        lua_pushvalue(L, OWN_PATH);
    } else if (lua_getfield(L, PACKAGE, "path") != LUA_TSTRING) {
        return luaL_error(L, "'package.path' must be a string");
    }
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2)) {
        if (!is_own(name)) return 1;                                                     /* the message of what was tried */
        return luaL_error(L, "module '%s' not found:\n\t%s", name, lua_tostring(L, -1)); /* and no other searcher is asked */
    }
    lua_pop(L, 1);
    const char *path = lua_tostring(L, -1);
    if (luaL_loadfilex(L, path, "t") != LUA_OK) return fail_to_load(L, name, path);
    lua_insert(L, -2);
    return 2;
}

/* ---- package.preload: modules in C that fm needs ---- */

enum { C_SEARCHPATH = lua_upvalueindex(1), C_LOADLIB = lua_upvalueindex(2), C_PATH = lua_upvalueindex(3) };

static int load_needed(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    lua_pushvalue(L, C_SEARCHPATH);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, C_PATH);
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2)) return luaL_error(L, "module '%s' not found:\n\t%s", name, lua_tostring(L, -1));
    lua_pop(L, 1);
    lua_pushvalue(L, C_LOADLIB);
    lua_pushvalue(L, -2);
    lua_pushfstring(L, "luaopen_%s", name);
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2)) return luaL_error(L, "error loading module '%s':\n\t%s", name, lua_tostring(L, -1));
    lua_pop(L, 1);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -3); /* where it was found */
    lua_call(L, 2, 1);
    return 1;
}

/* ---- the whole ---- */

/* Puts the library in front of package.path and pushes the path of fm's own modules. */
static void push_own_path(lua_State *L, int package, const char *library) {
    lua_getfield(L, package, "path");
    const char *path = lua_tostring(L, -1);
    if (library) {
        lua_pushfstring(L, "%s/?.lua;%s/?/init.lua", library, library);
        push_rooted(L, lua_tostring(L, -1), path);
        lua_pushfstring(L, "%s;%s", lua_tostring(L, -2), path);
        lua_setfield(L, package, "path");
        lua_replace(L, -3);
        lua_pop(L, 1);
    } else {
        push_rooted(L, "", path);
        lua_replace(L, -2);
    }
}

void fm_search_open(lua_State *L, const char *library) {
    static const char *const needed[] = {"lfs", "luv"};
    lua_pushstring(L, library);
    lua_setfield(L, LUA_REGISTRYINDEX, BIND_LIBRARY);
    lua_getglobal(L, "package");
    int package = lua_gettop(L);

    lua_getfield(L, package, "searchers");
    lua_pushvalue(L, package);
    lua_getfield(L, package, "searchpath");
    push_own_path(L, package, library);
    lua_pushvalue(L, -1);
    lua_setfield(L, package, "fm_path");
    lua_pushstring(L, library);
    lua_pushcclosure(L, text_searcher, 4);
    lua_rawseti(L, -2, 2);

    lua_getfield(L, package, "preload");
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        lua_getfield(L, package, "searchpath");
        lua_getfield(L, package, "loadlib");
        lua_getfield(L, package, "cpath");
        if (library) lua_pushfstring(L, "%s/../lib/lua/5.4/?.so", library); /* those that are packed with fmrun come first */
        else lua_pushliteral(L, "");
        push_rooted(L, lua_tostring(L, -1), lua_tostring(L, -2));
        lua_replace(L, -3);
        lua_pop(L, 1);
        lua_pushcclosure(L, load_needed, 3);
        lua_setfield(L, -2, needed[i]);
    }
    lua_settop(L, package - 1);
}
