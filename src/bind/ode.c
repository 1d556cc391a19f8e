#include "bind.h"

void bind_ode(lua_State *L) {
    (void)L;
}
