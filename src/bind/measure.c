#include "bind.h"

void bind_measure(lua_State *L) {
    (void)L;
}
