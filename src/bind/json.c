/* fm.json: JSON text to Lua values and back. Whole numbers stay Lua integers; keys are written
 * sorted, so equal tables give equal text. */
#include "json.h"
#include "bytes.h"
#include "files.h"
#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char array_key = 0; /* its address is the registry key of the metatable that marks an empty table as a list */

/* ---- decode(text) -> value | nil, message ---- */

static void push_string(lua_State *L, fm_json v) {
    if (!memchr(v.text, '\\', v.size)) {
        lua_pushlstring(L, v.text, v.size);
        return;
    }
    luaL_Buffer b;
    char *to = luaL_buffinitsize(L, &b, v.size);
    luaL_pushresultsize(&b, fm_json_string(v, to));
}

static void push_value(lua_State *L, fm_json_cursor *at);

static void push_list(lua_State *L, fm_json_cursor *at) {
    lua_newtable(L);
    lua_Integer n = 0;
    while (fm_json_more(at)) {
        push_value(L, at);
        lua_rawseti(L, -2, ++n);
    }
    if (n) return;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    lua_setmetatable(L, -2);
}

static void push_object(lua_State *L, fm_json_cursor *at) {
    lua_newtable(L);
    while (fm_json_more(at)) {
        push_string(L, fm_json_take(at));
        push_value(L, at);
        lua_rawset(L, -3);
    }
}

static void push_value(lua_State *L, fm_json_cursor *at) {
    fm_json v = fm_json_take(at);
    switch (v.kind) {
    case FM_JSON_NULL:
        lua_pushlightuserdata(L, NULL);
        break;
    case FM_JSON_FALSE:
        lua_pushboolean(L, 0);
        break;
    case FM_JSON_TRUE:
        lua_pushboolean(L, 1);
        break;
    case FM_JSON_INTEGER:
        lua_pushinteger(L, fm_json_integer(v));
        break;
    case FM_JSON_NUMBER:
        lua_pushnumber(L, fm_json_number(v));
        break;
    case FM_JSON_STRING:
        push_string(L, v);
        break;
    case FM_JSON_ARRAY:
        push_list(L, at);
        break;
    case FM_JSON_OBJECT:
        push_object(L, at);
        break;
    }
}

static int json_decode(lua_State *L) {
    size_t size;
    const char *text = bind_check_text(L, 1, &size);
    fm_error err;
    if (!fm_json_check_lines(text, size, FM_JSON_DEPTH, &err)) return bind_failure(L, &err);
    luaL_checkstack(L, 3 * FM_JSON_DEPTH, NULL);
    push_value(L, &(fm_json_cursor){text, text + size});
    return 1;
}

/* ---- encode(value [, {indent}]) -> text ---- */

/* Text that grows in a userdata at stack index `box`: Lua owns it when something raises. */
typedef struct writer {
    lua_State *L;
    int box, depth, indent;
    char *at;
    size_t n, room;
} writer;

typedef struct key {
    const char *text;
    size_t size, place; /* among the pairs */
} key;

static char *reserve(writer *w, size_t more) {
    if (more > w->room - w->n) {
        size_t room = 2 * w->room + more;
        char *at = lua_newuserdatauv(w->L, room, 0);
        if (w->n) memcpy(at, w->at, w->n);
        w->at = at;
        w->room = room;
        lua_replace(w->L, w->box);
    }
    return w->at + w->n;
}

static void put(writer *w, const char *text, size_t n) {
    memcpy(reserve(w, n), text, n);
    w->n += n;
}

static void put_line(writer *w) { /* a new line when the text is indented */
    if (!w->indent) return;
    size_t n = (size_t)(w->depth * w->indent);
    char *to = reserve(w, n + 1);
    to[0] = '\n';
    memset(to + 1, ' ', n);
    w->n += n + 1;
}

static void put_string(writer *w, const char *text, size_t size) {
    w->n += fm_json_quote(text, size, reserve(w, 6 * size + 2));
}

static void put_number(writer *w, int index) {
    char text[FM_NUMBER_TEXT];
    double v = lua_tonumber(w->L, index);
    if (lua_isinteger(w->L, index)) put(w, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(w->L, index)));
    else if (isfinite(v)) put(w, text, fm_number_print(v, text));
    else if (isnan(v)) put(w, "\"nan\"", 5);
    else put(w, v > 0 ? "\"inf\"" : "\"-inf\"", v > 0 ? 5 : 6);
}

static void put_value(writer *w, int index);

static void put_list(writer *w, int table, lua_Integer n) {
    put(w, "[", 1);
    w->depth++;
    for (lua_Integer i = 1; i <= n; i++) {
        if (i > 1) put(w, ",", 1);
        put_line(w);
        lua_rawgeti(w->L, table, i);
        put_value(w, lua_gettop(w->L));
        lua_pop(w->L, 1);
    }
    w->depth--;
    if (n) put_line(w);
    put(w, "]", 1);
}

static int by_text(const void *a, const void *b) {
    const key *x = a, *y = b;
    int order = memcmp(x->text, y->text, x->size < y->size ? x->size : y->size);
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

/* The i-th pair's key; `list` keeps it. */
static key key_at(lua_State *L, int list, size_t i) {
    key k = {.place = i};
    lua_rawgeti(L, list, (lua_Integer)(2 * i + 1));
    if (lua_type(L, -1) != LUA_TSTRING) bind_error(L, "json.encode: the keys of a table changed while it was written");
    k.text = lua_tolstring(L, -1, &k.size);
    if (!fm_utf8_all(k.text, k.size)) bind_error(L, "json.encode: a key is not UTF-8"); /* two such keys could become the same */
    lua_pop(L, 1);
    return k;
}

static void put_object(writer *w, int table) {
    lua_State *L = w->L;
    size_t n = bind_push_pairs(L, table), i;
    int list = lua_gettop(L);
    key *keys = lua_newuserdatauv(L, (n + 1) * sizeof *keys, 0);
    for (i = 0; i < n; i++) keys[i] = key_at(L, list, i);
    if (n) qsort(keys, n, sizeof *keys, by_text);
    put(w, "{", 1);
    w->depth++;
    for (i = 0; i < n; i++) {
        if (i) put(w, ",", 1);
        put_line(w);
        put_string(w, keys[i].text, keys[i].size);
        put(w, ": ", w->indent ? 2 : 1);
        lua_rawgeti(L, list, (lua_Integer)(2 * keys[i].place + 2));
        put_value(w, lua_gettop(L));
        lua_pop(L, 1);
    }
    w->depth--;
    if (n) put_line(w);
    put(w, "}", 1);
    lua_pop(L, 2);
}

static bool is_marked(lua_State *L, int table) {
    if (!lua_getmetatable(L, table)) return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    bool is = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is;
}

static void put_table(writer *w, int table) {
    lua_State *L = w->L;
    size_t strings = 0, all = 0;
    if (w->depth == FM_JSON_DEPTH) {
        bind_error(L, "json.encode: tables are nested deeper than %d (or inside themselves)", FM_JSON_DEPTH);
    }
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        strings += lua_type(L, -2) == LUA_TSTRING;
        all++;
    }
    lua_Unsigned length = lua_rawlen(L, table);
    if (strings == all && (all || !is_marked(L, table))) {
        put_object(w, table);
    } else if (strings == 0 && length == all) {
        put_list(w, table, (lua_Integer)length);
    } else {
        bind_error(L, "json.encode: a table must be a list 1..n or have string keys only; this one has %zu of %zu keys in strings", strings,
                   all);
    }
}

static void put_value(writer *w, int index) {
    size_t size;
    switch (lua_type(w->L, index)) {
    case LUA_TNIL:
        put(w, "null", 4);
        return;
    case LUA_TBOOLEAN:
        put(w, lua_toboolean(w->L, index) ? "true" : "false", lua_toboolean(w->L, index) ? 4 : 5);
        return;
    case LUA_TNUMBER:
        put_number(w, index);
        return;
    case LUA_TTABLE: {
        luaL_checkstack(w->L, 4, NULL);
        int kind = luaL_getmetafield(w->L, index, "__fields"); /* the values of a read-only table: lua/fm/read_only.lua */
        put_table(w, kind == LUA_TTABLE ? lua_gettop(w->L) : index);
        if (kind != LUA_TNIL) lua_pop(w->L, 1);
        return;
    }
    case LUA_TSTRING: {
        const char *text = lua_tolstring(w->L, index, &size);
        put_string(w, text, size);
        return;
    }
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(w->L, index)) {
            put(w, "null", 4);
            return;
        }
        break;
    default:
        break;
    }
    bind_error(w->L, "json.encode: cannot write a %s", bind_is_tensor(w->L, index) ? "tensor; use :totable()" : luaL_typename(w->L, index));
}

static int json_encode(lua_State *L) {
    static const char *const options[] = {"indent", NULL};
    lua_settop(L, 2);
    writer w = {.L = L, .box = 3};
    if (!lua_isnil(L, 2)) {
        bind_check_table(L, 2);
        bind_check_keys(L, 2, "json.encode", options);
        if (lua_getfield(L, 2, "indent") != LUA_TNIL) w.indent = (int)bind_check_integer(L, -1, "json.encode: indent", 0, 16);
        lua_pop(L, 1);
    }
    lua_pushnil(L); /* the box */
    luaL_checkstack(L, 6 * FM_JSON_DEPTH, NULL);
    put_value(&w, 1);
    lua_pushlstring(L, w.at, w.n);
    return 1;
}

/* json.array(t) marks t, to be written as a list even when empty; returns t. decode marks empty
 * lists. */
static int json_array(lua_State *L) {
    bind_check_table(L, 1);
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    lua_setmetatable(L, 1);
    return 1;
}

static const bind_function functions[] = {
    {"decode", json_decode, 1}, {"encode", json_encode, 2}, {"array", json_array, 1}, {NULL, NULL, 0}};

void bind_json(lua_State *L) {
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
    lua_newtable(L);
    bind_module(L, "json", functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_setfield(L, -2, "json");
}
