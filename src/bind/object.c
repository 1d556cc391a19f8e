#include "object.h"

void bind_push_metatable(lua_State *L, const bind_type *type) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, type);
}

void *bind_check_object(lua_State *L, int arg, const bind_type *type) {
    void *object = bind_to_object(L, arg, type);
    if (!object) bind_argument(L, arg, type->expected);
    return object;
}

int bind_release(lua_State *L, const bind_type *type) {
    type->release(L, bind_check_object(L, 1, type));
    return 0;
}

/* __gc and __close. Under stock Lua a script can reach them and call them with anything. */
static int release_event(lua_State *L) {
    const bind_type *type = lua_touserdata(L, lua_upvalueindex(1));
    void *object = bind_to_object(L, 1, type);
    if (object) type->release(L, object);
    return 0;
}

static void set_release(lua_State *L, const bind_type *type, const char *event) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)type);
    lua_pushcclosure(L, release_event, 1);
    lua_setfield(L, -2, event);
}

/* The __index of a table of methods: what it does not have. */
static int no_method(lua_State *L) {
    if (lua_type(L, 2) != LUA_TSTRING) return 0;
    const char *type = lua_tostring(L, lua_upvalueindex(1)), *word = lua_tostring(L, 2), *near = bind_nearest_key(L, 1, word);
    if (near) bind_error(L, "%s has no method \"%s\"; did you mean \"%s\"?", type, word, near);
    bind_error(L, "%s has no method \"%s\"", type, word);
}

static void name_the_nearest(lua_State *L, const bind_type *type) {
    lua_createtable(L, 0, 1);
    lua_pushstring(L, type->name);
    lua_pushcclosure(L, no_method, 1);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

/* A script must not reach what frees an object: metamethods are not among the methods. */
void bind_open_type(lua_State *L, const bind_type *type) {
    lua_newtable(L);
    lua_pushfstring(L, "fm.%s", type->name);
    lua_setfield(L, -2, "__name");
    lua_pushstring(L, type->name);
    lua_setfield(L, -2, "__metatable");
    if (type->release) set_release(L, type, "__gc");
    if (type->closes) set_release(L, type, "__close");
    if (type->methods) {
        lua_newtable(L);
        bind_functions(L, type->name, type->methods);
        name_the_nearest(L, type);
        lua_setfield(L, -2, "__index");
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, type);
}
