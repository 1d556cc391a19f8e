/* Objects in Lua that hold things owned by C: random streams, scopes, canvases, locks, ... and
 * tensor handles.
 *
 * Each kind is one bind_type, a constant; its address is the key of the metatable in Lua's
 * registry. An object begins as zeros with its metatable and is filled afterwards, so nothing
 * leaks when Lua raises in between. It is released by the collector, by the end of a scope (`local
 * x <close>`) if it closes, or by a method of its own; release leaves zeros, so that a second one
 * does nothing. */
#ifndef FM_BIND_OBJECT_H
#define FM_BIND_OBJECT_H

#include "bind.h"

#include <string.h>

typedef struct bind_type {
    const char *name;                            /* "rng": getmetatable(x) says it, and messages call methods by it ("rng:normal") */
    const char *expected;                        /* "a random stream": messages about another argument */
    size_t size;                                 /* of the object */
    int values;                                  /* how many Lua values it keeps alive: lua_setiuservalue */
    bool closes;                                 /* may be a <close> variable */
    void (*release)(lua_State *L, void *object); /* called once or more; in a finalizer, too: see bind_in_finalizer. NULL: holds nothing */
    const bind_function *methods;                /* NULL: none, scripts never see it */
} bind_type;

/* Makes the metatable. Once, before any object. */
void bind_open_type(lua_State *L, const bind_type *type);
void bind_push_metatable(lua_State *L, const bind_type *type);

/* Both inline: they are part of every op. */
static inline void *bind_push_object(lua_State *L, const bind_type *type) {
    void *object = lua_newuserdatauv(L, type->size, type->values);
    memset(object, 0, type->size);
    lua_rawgetp(L, LUA_REGISTRYINDEX, type);
    lua_setmetatable(L, -2);
    return object;
}
static inline void *bind_to_object(lua_State *L, int arg, const bind_type *type) { /* NULL when there is something else */
    void *object = lua_touserdata(L, arg);
    if (!object || !lua_getmetatable(L, arg)) return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, type);
    bool is = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is ? object : NULL;
}
void *bind_check_object(lua_State *L, int arg, const bind_type *type); /* raises then */
/* The body of a method that releases: checks the first argument, returns nothing to Lua. */
int bind_release(lua_State *L, const bind_type *type);

#endif
