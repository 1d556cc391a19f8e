#include "bind.h"

#include <string.h>

/* Whether a source is one of fm's own files: below the folder that fmrun has found, or, under stock Lua, in one of such a name. */
static bool is_own(const char *source, const char *library) {
    if (library)
        return source[0] == '@' && !strncmp(source + 1, library, strlen(library)) && !strncmp(source + 1 + strlen(library), "/fm/", 4);
    return strstr(source, "lua/fm/") || strstr(source, "share/fm/");
}

/* Pushes "FILE:LINE: " of the nearest caller that is a script, not part of fm itself. It is near: a level is found by walking to it. */
static void push_where(lua_State *L) {
    enum { MOST_LEVELS = 64 };
    lua_Debug ar;
    lua_getfield(L, LUA_REGISTRYINDEX, BIND_LIBRARY);
    const char *library = lua_tostring(L, -1);
    for (int level = 0; level < MOST_LEVELS && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0 || is_own(ar.source, library)) continue;
        lua_pop(L, 1);
        lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
        return;
    }
    lua_pop(L, 1);
    luaL_where(L, 1);
}

int bind_raise(lua_State *L, const fm_error *err) {
    push_where(L);
    lua_pushstring(L, err->text);
    lua_concat(L, 2);
    lua_error(L);
    __builtin_unreachable();
}

int bind_fail(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    push_where(L);
    lua_insert(L, -2);
    lua_concat(L, 2);
    return lua_error(L);
}

int bind_failure(lua_State *L, const fm_error *err) {
    lua_pushnil(L);
    lua_pushstring(L, err->text);
    return 2;
}

/* ---- integers, shapes ---- */

lua_Integer bind_check_integer(lua_State *L, int arg, const char *what, lua_Integer low, lua_Integer high) {
    int is_integer;
    lua_Integer n = lua_tointegerx(L, arg, &is_integer);
    if (!is_integer || lua_type(L, arg) != LUA_TNUMBER) {
        luaL_error(L, "%s: expected a whole number, found %s", what,
                   lua_type(L, arg) == LUA_TNUMBER ? lua_tostring(L, arg) : luaL_typename(L, arg));
    }
    if (n < low || n > high) luaL_error(L, "%s: expected %I..%I, found %I", what, (LUAI_UACINT)low, (LUAI_UACINT)high, (LUAI_UACINT)n);
    return n;
}

enum { MAX_SIZE = 1 << 30 };
static const lua_Integer max_size = (lua_Integer)MAX_SIZE * 1024;

static size_t check_size(lua_State *L, int index) {
    return (size_t)bind_check_integer(L, index, "shape", 0, max_size);
}

int bind_check_shape(lua_State *L, int arg, int last, size_t shape[FM_MAX_RANK]) {
    if (last >= arg && lua_istable(L, arg)) {
        lua_Unsigned n = lua_rawlen(L, arg);
        if (n > FM_MAX_RANK) luaL_error(L, "shape: %d axes are over the limit %d", (int)n, FM_MAX_RANK);
        for (lua_Unsigned i = 0; i < n; i++) {
            lua_rawgeti(L, arg, (lua_Integer)i + 1);
            shape[i] = check_size(L, -1);
            lua_pop(L, 1);
        }
        return (int)n;
    }
    if (last - arg + 1 > FM_MAX_RANK) luaL_error(L, "shape: %d axes are over the limit %d", last - arg + 1, FM_MAX_RANK);
    for (int i = arg; i <= last; i++) shape[i - arg] = check_size(L, i);
    return last >= arg ? last - arg + 1 : 0;
}

/* ---- options ---- */

/* Edits (insert, delete, replace, swap) between two short words. */
static size_t distance(const char *a, const char *b) {
    enum { LONGEST = 32 };
    size_t na = strlen(a), nb = strlen(b), row[3][LONGEST + 1];
    if (na > LONGEST || nb > LONGEST) return LONGEST;
    for (size_t j = 0; j <= nb; j++) row[1][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *now = row[(i + 1) % 3], *before = row[i % 3], *before2 = row[(i + 2) % 3];
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);
            if (before[j] + 1 < best) best = before[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before2[j - 2] + 1 < best) best = before2[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[(na + 1) % 3][nb];
}

const char *bind_nearest(const char *word, const char *const *names) {
    const char *best = NULL;
    size_t limit = strlen(word) / 3 + 1, best_distance = limit + 1;
    for (; *names; names++) {
        size_t d = distance(word, *names);
        if (d < best_distance) {
            best_distance = d;
            best = *names;
        }
    }
    return best;
}

void bind_check_keys(lua_State *L, int arg, const char *function, const char *const *names) {
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        bool known = false;
        for (const char *const *n = names; key && *n && !known; n++) known = !strcmp(key, *n);
        if (known) continue;
        if (!key) {
            luaL_tolstring(L, -2, NULL);
            luaL_error(L, "%s: unexpected option [%s]", function, lua_tostring(L, -1));
        }
        const char *nearest = bind_nearest(key, names);
        if (nearest) luaL_error(L, "%s: unknown option \"%s\"; did you mean \"%s\"?", function, key, nearest);
        luaL_error(L, "%s: unknown option \"%s\"", function, key);
    }
}
