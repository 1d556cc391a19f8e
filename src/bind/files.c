#include "bind.h"

void bind_files(lua_State *L) {
    (void)L;
}
