/* Where fmrun's require looks. fm and its modules come from fm's own folder, then from the folders
 * of LUA_PATH that begin with "/"; lfs and luv, which fm needs, from lib/lua/5.4 of the prefix that
 * fmrun is installed in, then from the folders of package.cpath that begin with "/". So nothing in
 * the working folder, or beside a script, is run in their place. Every other name is searched as in
 * lua. */
#ifndef FM_SEARCH_H
#define FM_SEARCH_H

#include <lua.h>

/* Call after luaL_openlibs. `library` is the folder that holds fm/, or NULL when there is none
 * beside the program: then LUA_PATH may know. Puts it in front of package.path, and sets
 * package.fm_path, the path of fm's own modules. */
void fm_search_open(lua_State *L, const char *library);

#endif
