/* Included by force in front of each file that clang-tidy reads: what it cannot see from one file. */
#include "error.h"
#define fm_fail(...) (fm_fail(__VA_ARGS__), false) /* always false */

#if __has_include(<lauxlib.h>)
#include <lauxlib.h>
/* These do not return. */
int lua_error(lua_State *L) __attribute__((noreturn));
int luaL_error(lua_State *L, const char *fmt, ...) __attribute__((noreturn));
int luaL_argerror(lua_State *L, int arg, const char *extramsg) __attribute__((noreturn));
int luaL_typeerror(lua_State *L, int arg, const char *tname) __attribute__((noreturn));
#endif
