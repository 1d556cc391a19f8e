/* Lets C functions that work for long without executing Lua act on signals; see signals.c. */
#ifndef FM_BIND_SIGNALS_H
#define FM_BIND_SIGNALS_H

#include "bind.h"

bool bind_signal_waits(void);        /* cheap */
int bind_heed_signals(lua_State *L); /* a lua_CFunction without results: tells what waits; may raise */
void bind_signals(lua_State *L);     /* into the table of system */

#endif
