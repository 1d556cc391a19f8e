/* Included in front of each file that clang-tidy reads: what it cannot see from one file. */
#include "bytes.h"
#include "op.h"
/* Always false. */
#define fm_fail(...) (fm_fail(__VA_ARGS__), false)
#define fm_fail_at(...) (fm_fail_at(__VA_ARGS__), false)
#define fm_fail_in(...) (fm_fail_in(__VA_ARGS__), false)
#define fm_call_fail(...) (fm_call_fail(__VA_ARGS__), false)

#if __has_include(<lauxlib.h>)
#include <lauxlib.h>
/* These do not return. */
int lua_error(lua_State *L) __attribute__((noreturn));
int luaL_error(lua_State *L, const char *fmt, ...) __attribute__((noreturn));
int luaL_argerror(lua_State *L, int arg, const char *extramsg) __attribute__((noreturn));
int luaL_typeerror(lua_State *L, int arg, const char *tname) __attribute__((noreturn));
#endif
