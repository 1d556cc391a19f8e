/* fmrun's coroutine.resume, wrap and close. They are Lua's own with two additions. Closing cannot
 * overflow the C stack; in Lua 5.4.4 it can, because a variable that closes a coroutine whose
 * variable closes a coroutine ... is not counted. And they know which coroutine runs, so that a
 * signal reaches its instructions. */
#ifndef FM_COROUTINES_H
#define FM_COROUTINES_H

#include <lua.h>

/* Call after luaL_openlibs, near the start of the C stack. */
void fm_coroutines_open(lua_State *L);
/* Sets a hook on the main thread and on the coroutine that runs now. For a signal handler. */
void fm_coroutines_hook(lua_State *main, lua_Hook hook);

#endif
