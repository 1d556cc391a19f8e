/* Tensors in Lua: how to make one, look at it, index it, print it. Arithmetic is in ops.c. */
#include "bind.h"
#include "fill.h"
#include "slices.h"
#include "tape.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- making ---- */

static int make_filled(lua_State *L, int first, real v) {
    size_t shape[FM_MAX_RANK];
    int rank = bind_check_shape(L, first, lua_gettop(L), shape);
    fm_fill(bind_push_new(L, rank, shape), v);
    return 1;
}

static int fm_zeros(lua_State *L) {
    return make_filled(L, 1, 0);
}

static int fm_ones(lua_State *L) {
    return make_filled(L, 1, 1);
}

static int fm_full(lua_State *L) { /* full(shape, v): the value comes last, so varargs work too */
    int top = lua_gettop(L);
    real v = (real)bind_check_number(L, top ? top : 1);
    lua_settop(L, top - 1);
    return make_filled(L, 1, v);
}

static int fm_eye(lua_State *L) {
    size_t n = (size_t)bind_check_integer(L, 1, "eye: n", 0, 1 << 24), shape[2] = {n, n};
    fm_fill_eye(bind_push_new(L, 2, shape));
    return 1;
}

static int fm_range(lua_State *L) {
    double first = bind_check_number(L, 1), last = bind_check_number(L, 2), step = lua_isnoneornil(L, 3) ? 1 : bind_check_number(L, 3);
    if (!isfinite(first) || !isfinite(last) || !isfinite(step) || step == 0)
        bind_error(L, "range: expected finite numbers and a step that is not 0, found %g, %g, %g", first, last, step);
    double n = fm_steps_count(first, last, step);
    if (n > 1e12) bind_error(L, "range: %.0f numbers are too many", n);
    size_t count = n > 0 ? (size_t)n : 0;
    fm_fill_steps(bind_push_new(L, 1, &count), first, step);
    return 1;
}

static int fm_linspace(lua_State *L) {
    double first = bind_check_number(L, 1), last = bind_check_number(L, 2);
    size_t n = (size_t)bind_check_integer(L, 3, "linspace: n", 1, 1 << 30);
    if (!isfinite(first) || !isfinite(last)) bind_error(L, "linspace: expected finite numbers, found %g, %g", first, last);
    fm_fill_between(bind_push_new(L, 1, &n), first, last);
    return 1;
}

/* ---- from nested tables ---- */

/* The shape of a nested table, by its first entries. A table inside itself ends at the limit of
 * axes. */
static int table_shape(lua_State *L, int index, size_t shape[FM_MAX_RANK]) {
    int rank = 0;
    lua_pushvalue(L, index);
    while (lua_istable(L, -1)) {
        if (rank == FM_MAX_RANK) bind_error(L, "tensor: tables are nested deeper than %d (or inside themselves)", FM_MAX_RANK);
        shape[rank++] = (size_t)lua_rawlen(L, -1);
        if (!shape[rank - 1]) {
            lua_pop(L, 1);
            return rank;
        }
        lua_rawgeti(L, -1, 1);
        lua_remove(L, -2);
    }
    lua_pop(L, 1);
    return rank;
}

static real *fill_from(lua_State *L, int index, const size_t *shape, int rank, real *to) {
    if (lua_rawlen(L, index) != shape[0]) {
        bind_error(L, "tensor: rows differ in length: expected %lld, found %lld", (long long)shape[0], (long long)lua_rawlen(L, index));
    }
    for (size_t i = 0; i < shape[0]; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        if (rank > 1) {
            if (!lua_istable(L, -1))
                bind_error(L, "tensor: expected a table at entry %lld, found %s", (long long)(i + 1), luaL_typename(L, -1));
            to = fill_from(L, lua_gettop(L), shape + 1, rank - 1, to);
        } else {
            if (lua_type(L, -1) != LUA_TNUMBER) {
                bind_error(L, "tensor: expected a number at entry %lld, found %s", (long long)(i + 1), luaL_typename(L, -1));
            }
            *to++ = (real)lua_tonumber(L, -1);
        }
        lua_pop(L, 1);
    }
    return to;
}

static int tensor_from_table(lua_State *L) {
    size_t shape[FM_MAX_RANK] = {0}, flat[1];
    int rank = table_shape(L, 1, shape);
    if (lua_isnoneornil(L, 2)) {
        fill_from(L, 1, shape, rank, fm_data(bind_push_new(L, rank, shape)));
        return 1;
    }
    size_t want[FM_MAX_RANK], count = 0;
    fm_error err;
    int want_rank = bind_check_shape(L, 2, lua_gettop(L), want);
    if (!fm_shape_count(want_rank, want, &count, &err)) bind_raise(L, &err);
    if (rank != 1 || shape[0] != count) {
        bind_error(L, "tensor: the shape wants %lld numbers in a flat table, found %lld", (long long)count, (long long)shape[0]);
    }
    flat[0] = count;
    fill_from(L, 1, flat, 1, fm_data(bind_push_new(L, want_rank, want)));
    return 1;
}

/* A copy of the argument. The handle is made first, so that nothing leaks when memory is short. */
static int push_copy(lua_State *L, fm_tensor *(*copy)(fm_tensor *t, fm_error *err)) {
    fm_tensor *t = bind_check_tensor(L, 1);
    fm_error err;
    fm_tensor **slot = bind_push_empty(L);
    bind_fill(L, slot, copy(t, &err), &err);
    return 1;
}

static fm_tensor *clone_of(fm_tensor *t, fm_error *err) {
    return fm_tensor_clone(t, err);
}

static int fm_tensor_make(lua_State *L) {
    if (lua_type(L, 1) == LUA_TNUMBER) {
        real v = (real)lua_tonumber(L, 1);
        return make_filled(L, 2, v);
    }
    if (lua_istable(L, 1)) return tensor_from_table(L);
    if (bind_is_tensor(L, 1)) return lua_isnoneornil(L, 2) ? push_copy(L, clone_of) : bind_surplus(L, 2);
    bind_argument(L, 1, "a number, a table or a tensor");
}

/* ---- looking ---- */

static int tensor_shape(lua_State *L) {
    const fm_tensor *t = bind_check_tensor(L, 1);
    lua_createtable(L, t->rank, 0);
    for (int i = 0; i < t->rank; i++) {
        lua_pushinteger(L, (lua_Integer)t->shape[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int tensor_size(lua_State *L) {
    const fm_tensor *t = bind_check_tensor(L, 1);
    lua_Integer axis = bind_check_integer(L, 2, "size: axis", -FM_MAX_RANK, FM_MAX_RANK), a = axis < 0 ? axis + t->rank + 1 : axis;
    if (a < 1 || a > t->rank) bind_error(L, "size: axis %lld is out of range for a tensor of rank %d", (long long)axis, t->rank);
    lua_pushinteger(L, (lua_Integer)t->shape[a - 1]);
    return 1;
}

static int tensor_rank(lua_State *L) {
    lua_pushinteger(L, bind_check_tensor(L, 1)->rank);
    return 1;
}

static int tensor_count(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)bind_check_tensor(L, 1)->count);
    return 1;
}

static int tensor_len(lua_State *L) {
    const fm_tensor *t = bind_check_tensor(L, 1);
    lua_pushinteger(L, t->rank ? (lua_Integer)t->shape[0] : 1);
    return 1;
}

static int tensor_item(lua_State *L) {
    const fm_tensor *t = bind_check_tensor(L, 1);
    char text[FM_SHAPE_TEXT];
    if (t->count != 1) bind_error(L, "item: expected a tensor of one number, found %s", fm_shape_text(t, text));
    lua_pushnumber(L, (lua_Number)fm_data(t)[0]);
    return 1;
}

static const real *push_nested(lua_State *L, const fm_tensor *t, int axis, const real *p) {
    luaL_checkstack(L, 4, NULL);
    if (axis == t->rank) {
        lua_pushnumber(L, (lua_Number)*p);
        return p + 1;
    }
    lua_createtable(L, t->shape[axis] < (1 << 26) ? (int)t->shape[axis] : 0, 0);
    for (size_t i = 0; i < t->shape[axis]; i++) {
        p = push_nested(L, t, axis + 1, p);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return p;
}

static int tensor_totable(lua_State *L) {
    const fm_tensor *t = bind_check_tensor(L, 1);
    push_nested(L, t, 0, fm_data(t));
    return 1;
}

/* A tensor being printed. A first pass measures, so that columns stand below each other. */
typedef struct printing {
    luaL_Buffer *buffer; /* NULL: measures */
    int width;           /* of the longest number */
} printing;

static void add_text(const printing *to, const char *text) {
    if (to->buffer) luaL_addstring(to->buffer, text);
}

static void add_number(printing *to, real v) {
    char text[64];
    int length = snprintf(text, sizeof text, "%*.5g", to->buffer ? to->width : 0, isnan(v) ? NAN : (double)v); /* a NaN has no sign */
    if (!to->buffer && length > to->width) to->width = length;
    add_text(to, text);
}

static const real *add_numbers(printing *to, const fm_tensor *t, int axis, const real *p) {
    enum { EDGE = 3 };
    if (axis == t->rank) {
        add_number(to, *p);
        return p + 1;
    }
    size_t n = t->shape[axis], inner = 1;
    for (int i = axis + 1; i < t->rank; i++) inner *= t->shape[i];
    add_text(to, "{");
    for (size_t i = 0; i < n; i++) {
        if (n > 2 * EDGE + 2 && i == EDGE) {
            add_text(to, ", ...");
            p += (n - 2 * EDGE) * inner;
            i = n - EDGE - 1;
            continue;
        }
        if (i) add_text(to, axis + 1 == t->rank ? ", " : ",\n");
        for (int k = 0; i && axis + 1 < t->rank && k <= axis; k++) add_text(to, " ");
        p = add_numbers(to, t, axis + 1, p);
    }
    add_text(to, "}");
    return p;
}

static int tensor_tostring(lua_State *L) {
    const fm_tensor *t = bind_is_tensor(L, 1) ? *(fm_tensor **)lua_touserdata(L, 1) : NULL;
    char text[FM_SHAPE_TEXT];
    if (!t || !t->storage->data) {
        lua_pushstring(L, "tensor (released when its tape closed)");
        return 1;
    }
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, "tensor ");
    luaL_addstring(&b, fm_shape_text(t, text));
    if (t->count) luaL_addchar(&b, t->rank > 1 ? '\n' : ' ');
    printing to = {NULL, 0};
    if (t->rank > 1 && t->count) add_numbers(&to, t, 0, fm_data(t));
    to.buffer = &b;
    if (t->count) add_numbers(&to, t, 0, fm_data(t));
    luaL_pushresult(&b);
    return 1;
}

/* ---- copies ---- */

static int tensor_clone(lua_State *L) {
    return push_copy(L, clone_of);
}

static int tensor_detach(lua_State *L) {
    return push_copy(L, fm_tensor_detach);
}

static fm_tensor *check_writable(lua_State *L, int arg) {
    fm_tensor *t = bind_check_tensor(L, arg);
    if (!fm_may_write(t)) {
        bind_error(L, "this tensor takes part in an open tape: writing it in place would spoil the gradients; write a :clone(), or after "
                      "the tape closes");
    }
    if (fm_follows(t)) bind_error(L, "this tensor carries a tangent (fm.jvp): writing it in place would spoil that; write a :clone()");
    return t;
}

static int tensor_fill(lua_State *L) {
    fm_tensor *t = check_writable(L, 1);
    fm_fill(t, (real)bind_check_number(L, 2));
    lua_settop(L, 1);
    return 1;
}

static int tensor_copy(lua_State *L) {
    fm_tensor *t = check_writable(L, 1);
    const fm_tensor *from = bind_check_tensor(L, 2);
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    if (!fm_same_shape(t, from)) bind_error(L, "copy: target is %s, source is %s", fm_shape_text(t, a), fm_shape_text(from, b));
    memmove(fm_data(t), fm_data(from), t->count * sizeof(real));
    lua_settop(L, 1);
    return 1;
}

/* ---- t[i], t[{i, j}]; t[{ {..}, .. }] is in slices.c ---- */

static lua_CFunction ipairs_step; /* the iterator of ipairs, which asks for one row more to find the end */

static bool asked_by_ipairs(lua_State *L) {
    lua_Debug ar;
    if (!lua_getstack(L, 1, &ar) || !lua_getinfo(L, "f", &ar)) return false;
    bool is = lua_tocfunction(L, -1) == ipairs_step;
    lua_pop(L, 1);
    return is;
}

static void find_ipairs_step(lua_State *L) {
    if (lua_getglobal(L, "ipairs") != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return;
    }
    lua_newtable(L);
    lua_call(L, 1, 1);
    ipairs_step = lua_tocfunction(L, -1);
    lua_pop(L, 1);
}

static lua_Integer row_number(lua_State *L, int index) {
    return bind_check_integer(L, index, "row", LUA_MININTEGER, LUA_MAXINTEGER);
}

static lua_Integer check_row(lua_State *L, const fm_tensor *t, lua_Integer i) {
    lua_Integer n = t->rank ? (lua_Integer)t->shape[0] : 0, at = i < 0 ? i + n + 1 : i;
    if (!t->rank) bind_error(L, "a tensor of rank 0 has no rows; use :item()");
    if (at < 1 || at > n) bind_error(L, "row %lld is out of range: expected 1..%lld", (long long)i, (long long)n);
    return at - 1;
}

static int push_rows(lua_State *L, fm_tensor *t, size_t first, int rank, const size_t *shape) {
    fm_error err;
    fm_tensor **slot = bind_push_empty(L);
    bind_fill(L, slot, fm_tensor_view(t, first, rank, shape, &err), &err);
    return 1;
}

static int index_rows(lua_State *L, fm_tensor *t) {
    lua_rawgeti(L, 2, 1);
    lua_rawgeti(L, 2, 2);
    if (lua_rawlen(L, 2) != 2) {
        bind_error(L, "rows: expected {first, last}; a list with an entry for each axis has at least one range, as in t[{ 2, {1, 3} }] or "
                      "t[{ {}, 2 }]");
    }
    lua_Integer i = check_row(L, t, row_number(L, -2)), j = check_row(L, t, row_number(L, -1));
    if (j < i) bind_error(L, "the range of rows %lld to %lld is empty", (long long)i + 1, (long long)j + 1);
    size_t shape[FM_MAX_RANK], row = t->count / t->shape[0];
    memcpy(shape, t->shape, sizeof shape);
    shape[0] = (size_t)(j - i + 1);
    return push_rows(L, t, (size_t)i * row, t->rank, shape);
}

static int tensor_index(lua_State *L) {
    bind_running = L;
    if (lua_type(L, 2) == LUA_TSTRING) { /* a method */
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
        if (!lua_isnil(L, -1)) return 1;
        const char *word = lua_tostring(L, 2), *near = bind_nearest_key(L, lua_upvalueindex(1), word);
        if (near) bind_error(L, "a tensor has no method \"%s\"; did you mean \"%s\"?", word, near);
        bind_error(L, "a tensor has no method \"%s\"", word);
    }
    fm_tensor *t = bind_check_tensor(L, 1);
    if (lua_istable(L, 2)) return bind_is_slices(L, 2) ? bind_push_slices(L, t, 2) : index_rows(L, t);
    if (lua_type(L, 2) != LUA_TNUMBER)
        bind_error(L, "a tensor is indexed by a row, {first, last}, { {first, last}, ... } or a method's name, not by a %s",
                   luaL_typename(L, 2));
    lua_Integer row = row_number(L, 2);
    if (t->rank && row == (lua_Integer)t->shape[0] + 1 && asked_by_ipairs(L)) return 0;
    size_t i = (size_t)check_row(L, t, row);
    if (t->rank == 1) {
        lua_pushnumber(L, (lua_Number)fm_data(t)[i]);
        return 1;
    }
    return push_rows(L, t, i * (t->count / t->shape[0]), t->rank - 1, t->shape + 1);
}

static int tensor_newindex(lua_State *L) {
    bind_running = L;
    fm_tensor *t = check_writable(L, 1);
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    size_t first = 0, count = t->count;
    int skip = 0;
    if (lua_type(L, 3) != LUA_TNUMBER && !bind_is_tensor(L, 3))
        bind_error(L, "entries of a tensor are set to a number or a tensor, not to %s", bind_push_kind(L, 3));
    if (lua_istable(L, 2) && bind_is_slices(L, 2)) {
        bind_write_slices(L, t, 2, 3);
        return 0;
    }
    if (lua_istable(L, 2)) {
        index_rows(L, t);
        const fm_tensor *view = bind_check_tensor(L, -1);
        first = view->offset - t->offset;
        count = view->count;
    } else {
        if (lua_type(L, 2) != LUA_TNUMBER) bind_error(L, "a tensor is indexed by a row or {first, last}, not by a %s", luaL_typename(L, 2));
        size_t i = (size_t)check_row(L, t, row_number(L, 2));
        count = t->count / t->shape[0];
        first = i * count;
        skip = 1;
    }
    real *to = fm_data(t) + first;
    if (lua_type(L, 3) == LUA_TNUMBER) {
        for (size_t i = 0; i < count; i++) to[i] = (real)lua_tonumber(L, 3);
        return 0;
    }
    const fm_tensor *from = bind_check_tensor(L, 3);
    bool same = from->count == count && from->rank == t->rank - skip;
    for (int i = skip ? 0 : 1; same && i < from->rank; i++) same = from->shape[i] == t->shape[i + skip];
    if (!same) bind_error(L, "rows of %s do not take a %s", fm_shape_text(t, a), fm_shape_text(from, b));
    memmove(to, fm_data(from), count * sizeof(real));
    return 0;
}

/* ---- gradients of one tensor ---- */

static fm_tensor *parameter_of(fm_tensor *from, fm_error *err) {
    fm_tensor *t = fm_tensor_clone(from, err);
    if (t) t->needs_grad = true;
    return t;
}

static int fm_parameter(lua_State *L) {
    return push_copy(L, parameter_of);
}

static int tensor_is_parameter(lua_State *L) {
    const fm_tensor *t = bind_check_tensor(L, 1);
    lua_pushboolean(L, t->needs_grad && !t->scope);
    return 1;
}

static int tensor_grad(lua_State *L) { /* a view of the gradient: shares its bytes */
    fm_tensor *t = bind_check_tensor(L, 1), *base = fm_base(t);
    fm_error err;
    fm_tensor **slot = bind_push_empty(L);
    if (!fm_grad_get(t)) { /* asked after the allocation, which may end a forgotten tape */
        lua_pushnil(L);
        return 1;
    }
    bind_fill(L, slot, fm_tensor_of(base->grad, base->grad_offset + (t->offset - base->offset), t->rank, t->shape, &err), &err);
    return 1;
}

static int tensor_zero_grad(lua_State *L) {
    fm_grad_clear(bind_check_tensor(L, 1));
    lua_settop(L, 1);
    return 1;
}

static int fm_is_tensor(lua_State *L) {
    lua_pushboolean(L, bind_is_tensor(L, 1));
    return 1;
}

static const bind_function module_functions[] = {
    {"tensor", fm_tensor_make, BIND_ANY},
    {"zeros", fm_zeros, BIND_ANY},
    {"ones", fm_ones, BIND_ANY},
    {"full", fm_full, BIND_ANY},
    {"eye", fm_eye, 1},
    {"range", fm_range, 3},
    {"linspace", fm_linspace, 3},
    {"parameter", fm_parameter, 1},
    {"is_tensor", fm_is_tensor, 1},
    {NULL, NULL, 0},
};
static const bind_function methods[] = {
    {"shape", tensor_shape, 1},
    {"size", tensor_size, 2},
    {"rank", tensor_rank, 1},
    {"count", tensor_count, 1},
    {"item", tensor_item, 1},
    {"totable", tensor_totable, 1},
    {"clone", tensor_clone, 1},
    {"detach", tensor_detach, 1},
    {"fill", tensor_fill, 2},
    {"copy", tensor_copy, 2},
    {"grad", tensor_grad, 1},
    {"zero_grad", tensor_zero_grad, 1},
    {"is_parameter", tensor_is_parameter, 1},
    {NULL, NULL, 0},
};

/* Leaves nothing. The module keeps the table of methods as "methods", where ops.c adds its own. */
void bind_tensor(lua_State *L) {
    static const luaL_Reg events[] = {
        {"__newindex", tensor_newindex}, {"__len", tensor_len}, {"__tostring", tensor_tostring}, {NULL, NULL}};
    bind_functions(L, NULL, module_functions);
    find_ipairs_step(L);
    bind_open_handles(L);
    bind_push_tensor_metatable(L);
    luaL_setfuncs(L, events, 0);
    lua_pushliteral(L, "tensor"); /* as Lua's own functions call it */
    lua_setfield(L, -2, "__name");
    lua_newtable(L);
    bind_functions(L, "tensor", methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "methods");
    lua_pushcclosure(L, tensor_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
