/* One closure for every op: reads tensors and options by the op's row, runs it, pushes the
 * result. */
#include "bind.h"
#include "op.h"

#include <math.h>
#include <string.h>

enum { MAX_LISTED = 1 << 20 }; /* tensors given to cat */

/* ---- options ---- */

static int bad_option(lua_State *L, const fm_op *op, const fm_option *o, const char *expected, int index) {
    bind_error(L, "%s: %s: expected %s, found %s", op->name, o->name, expected, bind_push_kind(L, index));
}

static int64_t read_axis(lua_State *L, const fm_op *op, const fm_option *o, int index) {
    int whole;
    lua_Integer a = lua_tointegerx(L, index, &whole);
    if (!whole || lua_type(L, index) != LUA_TNUMBER || a == 0 || a > FM_MAX_RANK || a < -FM_MAX_RANK) {
        bad_option(L, op, o, "an axis (1, 2, ..., or -1 from the end)", index);
    }
    return a > 0 ? a - 1 : a;
}

static int64_t read_choice(lua_State *L, const fm_op *op, const fm_option *o, int index) {
    const char *word = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL;
    for (int i = 0; word && o->choices[i]; i++) {
        if (!strcmp(word, o->choices[i])) return i;
    }
    if (word) bind_suggest(L, op->name, o->name, word, o->choices);
    bind_error(L, "%s: %s: expected a name such as \"%s\", found %s", op->name, o->name, o->choices[0], bind_push_kind(L, index));
}

static void read_list(lua_State *L, fm_call *c, const fm_option *o, int index) {
    if (!lua_istable(L, index)) bad_option(L, c->op, o, "a list of whole numbers", index);
    lua_Unsigned n = lua_rawlen(L, index);
    if (n > FM_MAX_RANK) bad_option(L, c->op, o, "at most 8 entries", index);
    for (lua_Unsigned i = 0; i < n; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        int whole;
        lua_Integer v = lua_tointegerx(L, -1, &whole);
        if (!whole || lua_type(L, -1) != LUA_TNUMBER) bad_option(L, c->op, o, "whole numbers", -1);
        c->list[i] = o->kind == FM_AXES ? read_axis(L, c->op, o, -1) : v;
        lua_pop(L, 1);
    }
    c->n_list = (int)n;
}

static void read_option(lua_State *L, fm_call *c, int k, int index) {
    const fm_option *o = &c->op->options[k];
    int whole;
    switch (o->kind) {
    case FM_NUMBER:
        if (lua_type(L, index) != LUA_TNUMBER || isnan(lua_tonumber(L, index))) bad_option(L, c->op, o, "a number", index);
        c->opt[k].number = lua_tonumber(L, index);
        break;
    case FM_INTEGER:
    case FM_INDEX:
        c->opt[k].integer = lua_tointegerx(L, index, &whole);
        if (!whole || lua_type(L, index) != LUA_TNUMBER) bad_option(L, c->op, o, "a whole number", index);
        break;
    case FM_AXIS:
        c->opt[k].integer = read_axis(L, c->op, o, index);
        break;
    case FM_FLAG:
        if (!lua_isboolean(L, index)) bad_option(L, c->op, o, "true or false", index);
        c->opt[k].integer = lua_toboolean(L, index);
        break;
    case FM_CHOICE:
        c->opt[k].integer = read_choice(L, c->op, o, index);
        break;
    case FM_AXES:
    case FM_SIZES:
        read_list(L, c, o, index);
        break;
    }
}

static int n_options(const fm_op *op) {
    int n = 0;
    while (op->options && op->options[n].name) n++;
    return n;
}

static int unknown_option(lua_State *L, const fm_op *op, const char *key) {
    const char *names[FM_MAX_OPTIONS + 1] = {NULL};
    for (int i = 0, n = n_options(op); i < n; i++) names[i] = op->options[i].name;
    bind_unknown(L, op->name, "option", key, names);
}

static unsigned read_table(lua_State *L, fm_call *c, int index) {
    unsigned given = 0;
    int n = n_options(c->op);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) bind_unexpected_key(L, -2, c->op->name);
        const char *key = lua_tostring(L, -2);
        int k = 0;
        while (k < n && strcmp(key, c->op->options[k].name) != 0) k++;
        if (k == n) unknown_option(L, c->op, key);
        read_option(L, c, k, lua_gettop(L));
        given |= 1u << k;
    }
    return given;
}

/* A table without names: {2, 3}, and {} for no axes at all. */
static bool is_list(lua_State *L, int index) {
    if (lua_rawlen(L, index) > 0) return true;
    lua_pushnil(L);
    if (!lua_next(L, index)) return true;
    lua_pop(L, 2);
    return false;
}

/* Options after the tensors: by position, the last argument may be a table of names. A list may be
 * spelled out: reshape(2, 3). */
static void read_options(lua_State *L, fm_call *c, int arg, int top) {
    int n = n_options(c->op), k = 0;
    unsigned given = 0;
    bool list = n && (c->op->options[0].kind == FM_AXES || c->op->options[0].kind == FM_SIZES);
    if (list && arg <= top && lua_type(L, arg) == LUA_TNUMBER) {
        lua_createtable(L, top - arg + 1, 0);
        for (int i = arg; i <= top; i++) {
            lua_pushvalue(L, i);
            lua_rawseti(L, -2, i - arg + 1);
        }
        read_option(L, c, 0, lua_gettop(L));
        given = 1;
    } else if (list && arg == top && lua_istable(L, arg) && is_list(L, arg)) {
        read_option(L, c, 0, arg);
        given = 1;
    } else {
        for (; arg <= top; arg++, k++) {
            if (lua_isnil(L, arg)) continue;
            if (lua_istable(L, arg) && arg == top) {
                given |= read_table(L, c, arg);
                break;
            }
            if (k >= n) bind_surplus(L, arg);
            read_option(L, c, k, arg);
            given |= 1u << k;
        }
    }
    for (int i = 0; i < n; i++) {
        if (c->op->options[i].required && !(given & (1u << i))) bind_error(L, "%s: %s is missing", c->op->name, c->op->options[i].name);
    }
}

/* ---- tensors ---- */

/* A copy of the list at 1, on top, so that its tensors stay whatever happens to the list. */
static void push_list_copy(lua_State *L, int n) {
    lua_createtable(L, n, 0);
    for (int i = 1; i <= n; i++) {
        lua_rawgeti(L, 1, i);
        lua_rawseti(L, -2, i);
    }
}

/* The list of cat: tensors as arguments or as one table. Returns the first argument after it. */
static int read_tensor_list(lua_State *L, fm_call *c, int top) {
    int n = 0;
    bool table = lua_istable(L, 1);
    if (table) {
        lua_Unsigned length = lua_rawlen(L, 1);
        if (length > MAX_LISTED) bind_error(L, "%s: a list of more than %d tensors", c->op->name, MAX_LISTED);
        n = (int)length;
    } else {
        while (n < top && bind_is_tensor(L, n + 1)) n++;
    }
    if (n == 0) bind_error(L, "%s: expected tensors, found %s", c->op->name, table ? "an empty list" : bind_push_kind(L, 1));
    if (!table && n < top && lua_isnil(L, n + 1)) bind_argument(L, n + 1, "a tensor or options"); /* a variable that was never set */
    luaL_checkstack(L, 8, NULL);
    fm_tensor **list = n > FM_FEW_INPUTS ? lua_newuserdatauv(L, (size_t)n * sizeof *list, 0) : c->few;
    if (table) push_list_copy(L, n);
    for (int i = 0; i < n; i++) {
        if (!table) {
            list[i] = bind_check_tensor(L, i + 1);
            continue;
        }
        lua_rawgeti(L, -1, i + 1);
        list[i] = bind_check_entry(L, i + 1);
        lua_pop(L, 1);
    }
    c->in = list;
    c->n_in = n;
    return table ? 2 : n + 1;
}

static int read_tensors(lua_State *L, fm_call *c, int top) {
    const char *spec = c->op->inputs;
    if (*spec == '*') return read_tensor_list(L, c, top);
    int arg = 1;
    for (; *spec; spec++) {
        if (*spec == 'T' && (arg > top || !bind_is_tensor(L, arg))) {
            c->few[c->n_in++] = NULL;
            if (arg <= top && lua_isnil(L, arg)) arg++;
            continue;
        }
        c->few[c->n_in++] = bind_tensor_or_number(L, arg++);
    }
    return arg;
}

static int run_op(lua_State *L, const fm_op *op) {
    bind_running = L;
    int top = lua_gettop(L);
    fm_call frame, *c = fm_call_init(&frame, op); /* a frame of this call: finalizers may run ops while it reads */
    int arg = read_tensors(L, c, top);
    if (op->options || arg <= top) read_options(L, c, arg, top);
    fm_error err;
    fm_tensor **slot = bind_push_empty(L);
    bind_fill(L, slot, fm_run(c, &err), &err);
    return 1;
}

static int call_op(lua_State *L) {
    return run_op(L, lua_touserdata(L, lua_upvalueindex(1)));
}

/* sort: the places by argsort, and the numbers by gather, which a tape records. Returns both. */
static int call_sort(lua_State *L) {
    fm_op sort = *(const fm_op *)lua_touserdata(L, lua_upvalueindex(1));
    sort.name = "sort"; /* in messages: this frame is never recorded */
    bind_running = L;
    int top = lua_gettop(L);
    fm_call frame, *c = fm_call_init(&frame, &sort);
    read_options(L, c, read_tensors(L, c, top), top);
    fm_error err;
    fm_tensor **places = bind_push_empty(L), *x = c->few[0];
    bind_fill(L, places, fm_run(c, &err), &err);
    int64_t axis = c->opt[0].integer;
    c = fm_call_init(&frame, fm_op_find("gather"));
    c->few[c->n_in++] = x;
    c->few[c->n_in++] = *places;
    c->opt[0].integer = axis;
    fm_tensor **values = bind_push_empty(L);
    bind_fill(L, values, fm_run(c, &err), &err);
    lua_insert(L, -2);
    return 2;
}

/* a + b and so on: Lua passes a second operand to unary minus too. */
static int call_neg(lua_State *L) {
    lua_settop(L, 1);
    return run_op(L, lua_touserdata(L, lua_upvalueindex(1)));
}

static int call_pow(lua_State *L) {
    if (lua_type(L, 2) != LUA_TNUMBER) bind_error(L, "pow: the exponent must be a number, found %s", bind_push_kind(L, 2));
    return run_op(L, lua_touserdata(L, lua_upvalueindex(1)));
}

/* a < b and the others: Lua turns every result of a comparison into true or false. */
static int call_compare(lua_State *L) {
    bind_error(L, "tensors are compared number by number with a:lt(b), a:le(b), a:gt(b), a:ge(b): Lua's own < gives one true or false");
}

static int fm_ops(lua_State *L) {
    lua_newtable(L);
    for (int i = 0; fm_op_all()[i]; i++) {
        lua_pushstring(L, fm_op_all()[i]->name);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static void push_closure(lua_State *L, const fm_op *op, lua_CFunction f, const char *name) {
    lua_pushlightuserdata(L, (void *)(uintptr_t)op);
    lua_pushcclosure(L, f, 1);
    lua_pushstring(L, name);
    bind_name(L);
}

/* A function of the module and a method, whose tables lie there in this order. */
static void add_op(lua_State *L, const fm_op *op, lua_CFunction f, const char *name) {
    push_closure(L, op, f, name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
    lua_setfield(L, -3, name);
}

void bind_ops(lua_State *L) {
    static const struct {
        const char *event, *op;
        lua_CFunction f;
    } operators[] = {{"__add", "add", call_op}, {"__sub", "sub", call_op},  {"__mul", "mul", call_op},
                     {"__div", "div", call_op}, {"__unm", "neg", call_neg}, {"__pow", "pow", call_pow}};
    static const bind_function functions[] = {{"ops", fm_ops, 0}, {NULL, NULL, 0}};
    bind_functions(L, NULL, functions);
    lua_getfield(L, -1, "methods");
    for (int i = 0; fm_op_all()[i]; i++) {
        const fm_op *op = fm_op_all()[i];
        add_op(L, op, call_op, op->name);
    }
    add_op(L, fm_op_find("argsort"), call_sort, "sort");
    lua_pop(L, 1);
    bind_push_tensor_metatable(L);
    lua_pushcfunction(L, call_compare);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__lt");
    lua_setfield(L, -2, "__le");
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        push_closure(L, fm_op_find(operators[i].op), operators[i].f, operators[i].op);
        lua_setfield(L, -2, operators[i].event);
    }
    lua_pop(L, 1);
}
