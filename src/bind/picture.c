#include "bind.h"

void bind_picture(lua_State *L) {
    (void)L;
}
