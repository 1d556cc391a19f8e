#include "bind.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
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

int bind_error(lua_State *L, const char *format, ...) {
    fm_error err;
    va_list args;
    va_start(args, format);
    vsnprintf(err.text, sizeof err.text, format, args);
    va_end(args);
    bind_raise(L, &err);
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

/* ---- what was found ---- */

const char *bind_push_kind(lua_State *L, int index) {
    enum { LONGEST = 40 };
    char shape[FM_SHAPE_TEXT];
    size_t size;
    const char *text;
    index = lua_absindex(L, index);
    luaL_checkstack(L, 3, NULL);
    switch (lua_type(L, index)) {
    case LUA_TNONE:
        return lua_pushliteral(L, "nothing");
    case LUA_TNUMBER:
        if (lua_tonumber(L, index) != lua_tonumber(L, index)) return lua_pushliteral(L, "nan"); /* whatever its sign */
        lua_pushvalue(L, index);
        return lua_tostring(L, -1); /* changes the copy */
    case LUA_TBOOLEAN:
        return lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &size);
        if (size > LONGEST) return lua_pushfstring(L, "a string of %I bytes", (LUAI_UACINT)size);
        return lua_pushfstring(L, "string \"%s\"", text);
    case LUA_TUSERDATA:
        if (bind_is_released(L, index)) return lua_pushliteral(L, "a tensor that was released when its tape closed");
        if (bind_is_tensor(L, index)) return lua_pushfstring(L, "tensor %s", fm_shape_text(bind_check_tensor(L, index), shape));
        if (luaL_getmetafield(L, index, "__metatable") == LUA_TSTRING || luaL_getmetafield(L, index, "__name") == LUA_TSTRING)
            return lua_tostring(L, -1);
        break;
    default:
        break;
    }
    return lua_pushstring(L, luaL_typename(L, index));
}

/* The number of an argument as the script counts it: 0 for the object of a method. */
static int number_of(const char *caller, int arg) {
    return strchr(caller, ':') ? arg - 1 : arg;
}

int bind_argument(lua_State *L, int arg, const char *expected) {
    const char *name = bind_caller(L), *found = bind_push_kind(L, arg);
    int number = number_of(name, arg);
    if (number == 0) bind_error(L, "%s: expected %s before the colon, found %s", name, expected, found);
    bind_error(L, "%s: argument %d: expected %s, found %s", name, number, expected, found);
}

int bind_surplus(lua_State *L, int arg) {
    const char *name = bind_caller(L);
    bind_error(L, "%s: unexpected argument %d: %s", name, number_of(name, arg), bind_push_kind(L, arg));
}

/* ---- numbers, texts, shapes ---- */

lua_Number bind_check_number(lua_State *L, int arg) {
    if (lua_type(L, arg) != LUA_TNUMBER) bind_argument(L, arg, "a number");
    return lua_tonumber(L, arg);
}

const char *bind_check_text(lua_State *L, int arg, size_t *size) {
    if (lua_type(L, arg) != LUA_TSTRING) bind_argument(L, arg, "a string");
    return lua_tolstring(L, arg, size);
}

void bind_check_table(lua_State *L, int arg) {
    if (lua_type(L, arg) != LUA_TTABLE) bind_argument(L, arg, "a table");
}

void bind_check_function(lua_State *L, int arg) {
    if (lua_type(L, arg) != LUA_TFUNCTION) bind_argument(L, arg, "a function");
}

void *bind_check_object(lua_State *L, int arg, const char *type, const char *expected) {
    void *object = luaL_testudata(L, arg, type);
    if (!object) bind_argument(L, arg, expected);
    return object;
}

lua_Integer bind_check_integer(lua_State *L, int arg, const char *what, lua_Integer low, lua_Integer high) {
    int is_integer;
    lua_Integer n = lua_tointegerx(L, arg, &is_integer);
    if (!is_integer || lua_type(L, arg) != LUA_TNUMBER)
        bind_error(L, "%s: expected a whole number, found %s", what, bind_push_kind(L, arg));
    if (n < low || n > high) bind_error(L, "%s: expected %lld..%lld, found %lld", what, (long long)low, (long long)high, (long long)n);
    return n;
}

lua_Integer bind_check_whole(lua_State *L, int arg, const char *name, lua_Integer low, lua_Integer high) {
    int is_integer;
    lua_Integer n = lua_tointegerx(L, arg, &is_integer);
    if (!is_integer || lua_type(L, arg) != LUA_TNUMBER)
        bind_error(L, "%s: %s: expected a whole number, found %s", bind_caller(L), name, bind_push_kind(L, arg));
    if (n < low || n > high)
        bind_error(L, "%s: %s: expected %lld..%lld, found %lld", bind_caller(L), name, (long long)low, (long long)high, (long long)n);
    return n;
}

enum { MAX_SIZE = 1 << 30 };
static const lua_Integer max_size = (lua_Integer)MAX_SIZE * 1024;

static size_t check_size(lua_State *L, int index) {
    return (size_t)bind_check_integer(L, index, "shape", 0, max_size);
}

int bind_check_shape(lua_State *L, int arg, int last, size_t shape[FM_MAX_RANK]) {
    if (last >= arg && lua_istable(L, arg)) {
        if (last > arg) bind_surplus(L, arg + 1);
        lua_Unsigned n = lua_rawlen(L, arg);
        if (n > FM_MAX_RANK) bind_error(L, "shape: %d axes are over the limit %d", (int)n, FM_MAX_RANK);
        for (lua_Unsigned i = 0; i < n; i++) {
            lua_rawgeti(L, arg, (lua_Integer)i + 1);
            shape[i] = check_size(L, -1);
            lua_pop(L, 1);
        }
        return (int)n;
    }
    if (last - arg + 1 > FM_MAX_RANK) bind_error(L, "shape: %d axes are over the limit %d", last - arg + 1, FM_MAX_RANK);
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

void bind_suggest(lua_State *L, const char *function, const char *what, const char *word, const char *const *names) {
    const char *near = bind_nearest(word, names);
    if (near) bind_error(L, "%s: unknown %s \"%s\"; did you mean \"%s\"?", function, what, word, near);
}

void bind_unknown(lua_State *L, const char *function, const char *what, const char *word, const char *const *names) {
    bind_suggest(L, function, what, word, names);
    bind_error(L, "%s: unknown %s \"%s\"", function, what, word);
}

size_t bind_push_pairs(lua_State *L, int table) {
    size_t n = 0, i = 0;
    luaL_checkstack(L, 5, NULL);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) n++;
    lua_createtable(L, n > INT_MAX / 2 ? 0 : (int)(2 * n), 0); /* room for all: what follows allocates nothing */
    int list = lua_gettop(L);
    for (lua_pushnil(L); i < n && lua_next(L, table); lua_pop(L, 1), i++) {
        lua_pushvalue(L, -2);
        lua_rawseti(L, list, (lua_Integer)(2 * i + 1));
        lua_pushvalue(L, -1);
        lua_rawseti(L, list, (lua_Integer)(2 * i + 2));
    }
    lua_settop(L, list);
    return i;
}

void bind_check_keys(lua_State *L, int arg, const char *function, const char *const *names) {
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        bool known = false;
        for (const char *const *n = names; key && *n && !known; n++) known = !strcmp(key, *n);
        if (known) continue;
        if (!key) {
            luaL_tolstring(L, -2, NULL);
            bind_error(L, "%s: unexpected option [%s]", function, lua_tostring(L, -1));
        }
        bind_unknown(L, function, "option", key, names);
    }
}
