/* Parts of the files binding. Each adds its functions to the module table on top of the stack. */
#ifndef FM_BIND_FILES_H
#define FM_BIND_FILES_H

#include "bind.h"

void bind_json(lua_State *L);

#endif
