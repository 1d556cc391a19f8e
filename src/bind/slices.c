#include "slices.h"

#include "bind.h"
#include "fill.h"
#include "op.h"

#include <string.h>

/* The entries that are taken from one axis. */
typedef struct pick {
    fm_span span;
    bool whole, dropped;
} pick;

/* ---- reading the table ---- */

static lua_Integer read_whole(lua_State *L, int axis, const char *what) {
    char name[48];
    lua_pushfstring(L, "axis %d: %s", axis + 1, what);
    strncpy(name, lua_tostring(L, -1), sizeof name - 1);
    name[sizeof name - 1] = 0;
    lua_pop(L, 1);
    return bind_check_integer(L, lua_gettop(L), name, LUA_MININTEGER, LUA_MAXINTEGER);
}

/* An entry of the axis, 0-based. */
static size_t read_entry(lua_State *L, const fm_tensor *t, int axis, const char *what) {
    lua_Integer n = (lua_Integer)t->shape[axis], i = read_whole(L, axis, what), at = i < 0 ? i + n + 1 : i;
    if (i == 0) bind_error(L, "axis %d: there is no entry 0: entries count from 1", axis + 1);
    if (at < 1 || at > n) bind_error(L, "axis %d: entry %lld is out of range: expected 1..%lld", axis + 1, (long long)i, (long long)n);
    return (size_t)(at - 1);
}

static pick read_range(lua_State *L, const fm_tensor *t, int axis) {
    int range = lua_gettop(L);
    size_t n = t->shape[axis];
    lua_Unsigned given = lua_rawlen(L, range), keys = 0;
    for (lua_pushnil(L); lua_next(L, range); lua_pop(L, 1)) keys++;
    if (!keys) return (pick){{0, n, 1}, true, false};
    if (keys != given || given < 2 || given > 3)
        bind_error(L, "axis %d: a range is {first, last}, {first, last, step}, or {} for all", axis + 1);
    lua_rawgeti(L, range, 1);
    size_t first = read_entry(L, t, axis, "first");
    lua_rawgeti(L, range, 2);
    size_t last = read_entry(L, t, axis, "last");
    lua_Integer step = 1, way = (lua_Integer)last - (lua_Integer)first;
    if (given == 3) {
        lua_rawgeti(L, range, 3);
        step = read_whole(L, axis, "step");
    }
    lua_settop(L, range);
    if (step == 0) bind_error(L, "axis %d: step is 0", axis + 1);
    if (step > 0 ? way < 0 : way > 0) {
        bind_error(L, "axis %d: the range from %lld to %lld in steps of %lld is empty", axis + 1, (long long)first + 1, (long long)last + 1,
                   (long long)step);
    }
    size_t count = (size_t)(way / step) + 1;
    return (pick){{first, count, count > 1 ? step : 1}, step == 1 && count == n, false};
}

static void read_picks(lua_State *L, const fm_tensor *t, int index, pick picks[FM_MAX_RANK]) {
    lua_Unsigned n = lua_rawlen(L, index), keys = 0;
    char text[FM_SHAPE_TEXT];
    luaL_checkstack(L, 8, NULL);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) keys++;
    if (keys != n) bind_error(L, "slices: expected a list with an entry for each axis");
    if (n > (lua_Unsigned)t->rank) {
        bind_error(L, "slices: %lld entries are too many for a tensor %s", (long long)n, fm_shape_text(t, text));
    }
    for (int axis = 0; axis < t->rank; axis++) {
        picks[axis] = (pick){{0, t->shape[axis], 1}, true, false};
        if ((lua_Unsigned)axis >= n) continue;
        lua_rawgeti(L, index, axis + 1);
        if (lua_istable(L, -1)) picks[axis] = read_range(L, t, axis);
        else if (lua_type(L, -1) == LUA_TNUMBER) picks[axis] = (pick){{read_entry(L, t, axis, "entry"), 1, 1}, false, true};
        else bind_error(L, "axis %d: expected a number, {first, last [, step]} or {}, found %s", axis + 1, bind_push_kind(L, -1));
        lua_pop(L, 1);
    }
}

/* The shape of the selection; returns its rank. */
static int picked_shape(const fm_tensor *t, const pick *picks, size_t shape[FM_MAX_RANK]) {
    int rank = 0;
    for (int axis = 0; axis < t->rank; axis++) {
        if (!picks[axis].dropped) shape[rank++] = picks[axis].span.count;
    }
    return rank;
}

bool bind_is_slices(lua_State *L, int index) {
    bool is = false;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) is = is || lua_istable(L, -1);
    return is;
}

/* ---- reading and writing the numbers ---- */

/* *slot becomes the result of an op on it. */
static void replace(lua_State *L, fm_tensor **slot, fm_tensor *with, const fm_error *err) {
    if (!with) bind_raise(L, err);
    fm_tensor_release(*slot);
    *slot = with;
}

int bind_push_slices(lua_State *L, fm_tensor *t, int index) {
    static const fm_op *slice;
    if (!slice) slice = fm_op_find("slice");
    pick picks[FM_MAX_RANK];
    size_t shape[FM_MAX_RANK];
    fm_error err;
    read_picks(L, t, index, picks);
    int rank = picked_shape(t, picks, shape);
    fm_tensor **slot = bind_push_empty(L);
    replace(L, slot, fm_tensor_view(t, 0, t->rank, t->shape, &err), &err);
    for (int axis = 0; axis < t->rank; axis++) {
        const fm_span *p = &picks[axis].span;
        if (picks[axis].whole) continue;
        fm_call frame, *c = fm_call_init(&frame, slice);
        c->few[c->n_in++] = *slot;
        c->opt[0].integer = axis;
        c->opt[1].integer = (int64_t)p->first + 1;
        c->opt[2].integer = (int64_t)p->first + 1 + (int64_t)(p->count - 1) * p->step;
        c->opt[3].integer = p->step;
        replace(L, slot, fm_run(c, &err), &err);
    }
    if (rank < t->rank) replace(L, slot, fm_tensor_view(*slot, 0, rank, shape, &err), &err);
    return 1;
}

/* The tensor at `value`, of the selection's shape; a copy when it shares the bytes that are
 * written. */
static const fm_tensor *check_source(lua_State *L, const fm_tensor *t, const pick *picks, int value) {
    char found[FM_SHAPE_TEXT], wanted[FM_SHAPE_TEXT];
    fm_tensor *from = bind_check_tensor(L, value), want = {0};
    fm_error err;
    want.rank = picked_shape(t, picks, want.shape);
    if (!fm_same_shape(from, &want)) {
        bind_error(L, "slices: the selection is %s, the tensor to copy into it is %s", fm_shape_text(&want, wanted),
                   fm_shape_text(from, found));
    }
    if (from->storage != t->storage) return from;
    fm_tensor **slot = bind_push_empty(L);
    replace(L, slot, fm_tensor_clone(from, &err), &err);
    return *slot;
}

void bind_write_slices(lua_State *L, fm_tensor *t, int index, int value) {
    pick picks[FM_MAX_RANK];
    read_picks(L, t, index, picks);
    const real *from = lua_type(L, value) == LUA_TNUMBER ? NULL : fm_data(check_source(L, t, picks, value));
    fm_span spans[FM_MAX_RANK];
    for (int axis = 0; axis < t->rank; axis++) spans[axis] = picks[axis].span;
    fm_fill_block(t, spans, from, from ? 0 : (real)lua_tonumber(L, value));
}
