/* What fmrun changes in Lua's base library, so that a script gives the same results every time:
 *   pairs      walks in a fixed order: numbers ascending, strings by their bytes, false, true, then
 *              objects by their addresses, which grow with age
 *   load ...   load, loadfile, dofile and require take text only: crafted bytecode can crash Lua
 *   coroutine  resume, wrap and close: see coroutines.h
 *   setlocale  leaves numbers, the order of strings and the classes of letters as they are in C
 *   debug      has traceback and getinfo, no more
 * and string.dump is gone. */
#ifndef FM_BASE_H
#define FM_BASE_H

#include <lua.h>

/* Call after luaL_openlibs. */
void fm_base_open(lua_State *L);

#endif
