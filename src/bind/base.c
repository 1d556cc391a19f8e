#include "base.h"
#include "coroutines.h"

#include <lauxlib.h>
#include <locale.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pairs ---- */

typedef struct key {
    int type;
    bool is_integer, truth;
    int place; /* in the list of keys, as lua_next found them */
    lua_Integer integer;
    lua_Number number;
    const char *text;
    size_t length;
    const void *object;
} key;

static int rank_of(const key *k) {
    switch (k->type) {
    case LUA_TNUMBER:
        return 0;
    case LUA_TSTRING:
        return 1;
    case LUA_TBOOLEAN:
        return 2;
    default:
        return 3;
    }
}

static int compare_numbers(const key *a, const key *b) {
    if (a->is_integer && b->is_integer) return (a->integer > b->integer) - (a->integer < b->integer);
    return (a->number > b->number) - (a->number < b->number);
}

static int compare_texts(const key *a, const key *b) {
    int c = memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);
    return c ? c : (a->length > b->length) - (a->length < b->length);
}

static int compare_keys(const void *pa, const void *pb) {
    const key *a = pa, *b = pb;
    int ra = rank_of(a), rb = rank_of(b);
    if (ra != rb) return ra - rb;
    switch (ra) {
    case 0:
        return compare_numbers(a, b);
    case 1:
        return compare_texts(a, b);
    case 2:
        return a->truth - b->truth;
    /* Addresses grow with age, so this order repeats as long as the script allocates in the same
     * order. */
    default:
        return ((uintptr_t)a->object > (uintptr_t)b->object) - ((uintptr_t)a->object < (uintptr_t)b->object);
    }
}

static key read_key(lua_State *L, int index, int place) {
    key k = {.type = lua_type(L, index), .place = place};
    switch (k.type) {
    case LUA_TNUMBER:
        k.is_integer = lua_isinteger(L, index);
        k.integer = k.is_integer ? lua_tointeger(L, index) : 0;
        k.number = lua_tonumber(L, index);
        break;
    case LUA_TSTRING:
        k.text = lua_tolstring(L, index, &k.length);
        break;
    case LUA_TBOOLEAN:
        k.truth = lua_toboolean(L, index);
        break;
    default:
        k.object = lua_topointer(L, index);
        break;
    }
    return k;
}

/* How many keys the table at 1 has; *in_order: lua_next meets them as 1, 2, 3 ... */
static int count_keys(lua_State *L, bool *in_order) {
    int n = 0;
    *in_order = true;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        n++;
        if (*in_order && !(lua_isinteger(L, -2) && lua_tointeger(L, -2) == n)) *in_order = false;
    }
    return n;
}

enum { KEYS = lua_upvalueindex(1), PLACE = lua_upvalueindex(2) };

/* The iterator: the next key that still has a value. Upvalues: the sorted list, the last place. */
static int ordered_next(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer place = lua_tointeger(L, PLACE);
    for (;;) {
        place++;
        if (lua_rawgeti(L, KEYS, place) == LUA_TNIL) return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL) break;
        lua_pop(L, 2);
    }
    lua_pushinteger(L, place);
    lua_replace(L, PLACE);
    return 2;
}

/* Pushes the sorted list of the n keys of the table at 1. Allocating may run the collector, which
 * clears weak tables and calls finalizers: then there are fewer keys, or more, and n are enough. */
static void push_sorted_keys(lua_State *L, int n) {
    key *keys = lua_newuserdatauv(L, (size_t)n * sizeof *keys, 0);
    lua_createtable(L, n, 0);
    int found = lua_gettop(L), place = 0;
    for (lua_pushnil(L); place < n && lua_next(L, 1); lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_rawseti(L, found, place + 1);
        keys[place] = read_key(L, -2, place + 1);
        place++;
    }
    lua_settop(L, found);
    n = place;
    qsort(keys, (size_t)n, sizeof *keys, compare_keys);
    lua_createtable(L, n, 0);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, found, keys[i].place);
        lua_rawseti(L, -2, i + 1);
    }
}

static int pairs_continue(lua_State *L, int status, lua_KContext context) {
    (void)L, (void)status, (void)context;
    return 3;
}

static int ordered_pairs(lua_State *L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, pairs_continue);
        return 3;
    }
    lua_settop(L, 1);
    bool in_order = true;
    int n = lua_istable(L, 1) ? count_keys(L, &in_order) : 0;
    if (in_order || n == 1) {
        lua_pushvalue(L, lua_upvalueindex(1)); /* Lua's own next */
    } else {
        push_sorted_keys(L, n);
        lua_pushinteger(L, 0);
        lua_pushcclosure(L, ordered_next, 2);
    }
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* ---- text chunks only ---- */

/* Calls Lua's own function (the upvalue) with "t" as its mode. */
static int call_in_text_mode(lua_State *L, int mode) {
    if (lua_gettop(L) < mode) lua_settop(L, mode);
    lua_pushliteral(L, "t");
    lua_replace(L, mode);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int text_load(lua_State *L) {
    return call_in_text_mode(L, 3);
}

static int text_loadfile(lua_State *L) {
    return call_in_text_mode(L, 2);
}

static int dofile_continue(lua_State *L, int status, lua_KContext context) {
    (void)status, (void)context;
    return lua_gettop(L) - 1;
}

static int text_dofile(lua_State *L) {
    const char *path = luaL_optstring(L, 1, NULL);
    lua_settop(L, 1);
    if (luaL_loadfilex(L, path, "t") != LUA_OK) return lua_error(L);
    lua_callk(L, 0, LUA_MULTRET, 0, dofile_continue);
    return dofile_continue(L, 0, 0);
}

/* ---- warn ---- */

static const char warning_key = 0;

struct warning {
    bool on, inside; /* inside: the last piece said that more follows */
};

/* As in lua.c: off until "@on"; one message may come in several pieces. */
static void print_warning(void *state, const char *text, int to_be_continued) {
    struct warning *w = state;
    if (!w->inside && !to_be_continued && *text == '@') {
        if (!strcmp(text, "@on")) w->on = true;
        if (!strcmp(text, "@off")) w->on = false;
        return;
    }
    if (w->on) fprintf(stderr, "%s%s%s", w->inside ? "" : "Lua warning: ", text, to_be_continued ? "" : "\n");
    w->inside = to_be_continued;
}

/* ---- os.setlocale ---- */

/* How numbers are written, strings are ordered and letters are classed affects files: these stay
 * as in C. */
static const struct {
    int category;
    const char *name;
} fixed[] = {{LC_NUMERIC, "numeric"}, {LC_COLLATE, "collate"}, {LC_CTYPE, "ctype"}};
enum { FIXED = sizeof fixed / sizeof *fixed };

static bool is_plain(const char *locale) {
    return !strcmp(locale, "C") || !strcmp(locale, "POSIX");
}

/* As Lua's own (the upvalue), which returns nil for a locale that is not available. */
static int plain_setlocale(lua_State *L) {
    const char *locale = luaL_optstring(L, 1, NULL), *category = luaL_optstring(L, 2, "all");
    for (int i = 0; i < FIXED; i++) {
        if (strcmp(category, fixed[i].name) != 0 || !locale || is_plain(locale)) continue;
        lua_pushnil(L);
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    if (strcmp(category, "all") != 0 || !locale || lua_isnil(L, -1)) return 1;
    for (int i = 0; i < FIXED; i++) setlocale(fixed[i].category, "C");
    lua_pushstring(L, setlocale(LC_ALL, NULL));
    return 1;
}

/* ---- debug ---- */

/* With the rest of it a script could change what C relies on: the metatable of a tensor, a local
 * of a running solve. */
static void reduce_debug(lua_State *L) {
    static const char *const kept[] = {"traceback", "getinfo"};
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_newtable(L);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        lua_getglobal(L, LUA_DBLIBNAME);
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, -3, kept[i]);
        lua_pop(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, LUA_DBLIBNAME);
    lua_setglobal(L, LUA_DBLIBNAME);
    lua_pop(L, 1);
}

static void replace_in(lua_State *L, const char *name, lua_CFunction with) { /* in the table on top; the former is the upvalue */
    lua_getfield(L, -1, name);
    lua_pushcclosure(L, with, 1);
    lua_setfield(L, -2, name);
}

void fm_base_open(lua_State *L) {
    struct warning *w = lua_newuserdatauv(L, sizeof *w, 0);
    *w = (struct warning){0};
    lua_rawsetp(L, LUA_REGISTRYINDEX, &warning_key); /* the registry keeps it for as long as the state lives */
    lua_setwarnf(L, print_warning, w);

    lua_pushglobaltable(L);
    lua_getfield(L, -1, "next");
    lua_pushcclosure(L, ordered_pairs, 1);
    lua_setfield(L, -2, "pairs");
    replace_in(L, "load", text_load);
    replace_in(L, "loadfile", text_loadfile);
    lua_pushcfunction(L, text_dofile);
    lua_setfield(L, -2, "dofile");
    lua_pop(L, 1);
    lua_getglobal(L, "string");
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
    lua_getglobal(L, "os");
    replace_in(L, "setlocale", plain_setlocale);
    lua_pop(L, 2);
    reduce_debug(L);
    fm_coroutines_open(L);
}
