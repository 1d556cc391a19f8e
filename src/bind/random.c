/* fm.rng(seed [, stream]) and its methods. */
#include "random.h"

#include "object.h"

#include <math.h>

static void release(lua_State *L, void *object) {
    (void)L;
    fm_rng_close(object);
}

static const bind_type rng_type; /* at the foot */

static fm_rng *check_rng(lua_State *L) {
    fm_rng *r = bind_check_object(L, 1, &rng_type);
    if (!r->clock) bind_error(L, "rng: this random stream was never opened"); /* there was no memory for it */
    return r;
}

/* ---- passes over the shares of a batch: see random.h ---- */

static const char noted_key = 0; /* in the registry: the list of streams that draw, while somebody notes them */
static bool notes;

/* The stream that a draw comes from. */
static fm_rng *check_source(lua_State *L) {
    fm_rng *r = check_rng(L);
    if (!notes) return r;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &noted_key);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
    return r;
}

static int shares_begin(lua_State *L) {
    (void)L;
    fm_passes_begin();
    return 0;
}

static int shares_next(lua_State *L) {
    (void)L;
    fm_passes_next();
    return 0;
}

static int shares_rows(lua_State *L) { /* rows(first, count): this pass is for these rows of the batch */
    uint64_t first = (uint64_t)bind_check_integer(L, 1, "rows: first", 1, (lua_Integer)1 << 40) - 1;
    fm_passes_rows(first, (uint64_t)bind_check_integer(L, 2, "rows: count", 0, (lua_Integer)1 << 40));
    return 0;
}

static int shares_finish(lua_State *L) {
    (void)L;
    fm_passes_end();
    return 0;
}

/* note(list): from now on the streams that draw are added to the list. note(nil): no more. */
static int shares_note(lua_State *L) {
    lua_settop(L, 1);
    notes = lua_istable(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &noted_key);
    return 0;
}

static int shares_pass_over(lua_State *L) { /* pass_over(rng, calls): in this pass it has made so many */
    fm_rng_pass_over(check_rng(L), (uint32_t)bind_check_integer(L, 2, "pass_over", 0, UINT32_MAX));
    return 0;
}

/* The streams of one clock share a table that counts how many consumers each has had at this step:
 * see rng_own. */
static void share_counts(lua_State *L, int of) {
    lua_getiuservalue(L, of, 1);
    lua_setiuservalue(L, -2, 1);
}

static void new_counts(lua_State *L, int rng) {
    lua_newtable(L);
    lua_setiuservalue(L, rng, 1);
}

static void clear_counts(lua_State *L, int rng) {
    lua_getiuservalue(L, rng, 1);
    for (lua_pushnil(L); lua_next(L, -2);) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, -4);
    }
    lua_pop(L, 1);
}

static int core_rng(lua_State *L) {
    lua_Integer seed = bind_check_integer(L, 1, "rng: seed", LUA_MININTEGER, LUA_MAXINTEGER);
    size_t n = 0;
    const char *name = lua_isnoneornil(L, 2) ? "" : bind_check_text(L, 2, &n);
    fm_error err;
    if (!fm_rng_open(bind_push_object(L, &rng_type), (uint64_t)seed, name, n, &err)) bind_raise(L, &err);
    new_counts(L, lua_gettop(L));
    return 1;
}

static int rng_stream(lua_State *L) {
    fm_rng *r = check_rng(L);
    size_t n;
    const char *name = bind_check_text(L, 2, &n);
    fm_rng_child(bind_push_object(L, &rng_type), r, name, n);
    share_counts(L, 1);
    return 1;
}

/* Copies what `from` counts into `to`, where the key is among those of `keys`; all are tables on
 * the stack. */
static void copy_counts(lua_State *L, int keys, int from, int to) {
    for (lua_pushnil(L); lua_next(L, keys);) {
        lua_pop(L, 1);
        if (!lua_isinteger(L, -1)) continue;
        lua_pushvalue(L, -1);
        lua_pushvalue(L, -1);
        lua_rawget(L, from);
        lua_rawset(L, to);
    }
}

/* The table of counts on top of the stack: in each pass over a share of a batch it begins as at the
 * first (see random.h). */
static void keep_counts_up(lua_State *L) {
    int counts = lua_gettop(L);
    lua_Integer place = (lua_Integer)fm_passes_place();
    lua_getfield(L, counts, "place");
    lua_Integer known = lua_tointeger(L, -1);
    lua_pop(L, 1);
    if (!place || known == place) return;
    if (known >> 32 == place >> 32) {
        lua_getfield(L, counts, "before");
        copy_counts(L, counts, counts + 1, counts);
    } else {
        lua_newtable(L);
        copy_counts(L, counts, counts, counts + 1);
        lua_pushvalue(L, counts + 1);
        lua_setfield(L, counts, "before");
    }
    lua_pushinteger(L, place);
    lua_setfield(L, counts, "place");
    lua_settop(L, counts);
}

/* own(name): the stream of one consumer. The first call for a name before any step gives
 * stream(name); a later one gives another, by the step and the number of calls at it. Equal streams
 * count together. */
static int rng_own(lua_State *L) {
    fm_rng *r = check_rng(L), *child;
    size_t n;
    const char *name = bind_check_text(L, 2, &n);
    lua_settop(L, 2);
    fm_rng_child(child = bind_push_object(L, &rng_type), r, name, n);
    share_counts(L, 1);
    lua_getiuservalue(L, 1, 1);
    keep_counts_up(L);
    lua_rawgeti(L, -1, (lua_Integer)child->key);
    lua_Integer count = lua_tointeger(L, -1) + 1, step = (lua_Integer)r->clock->step;
    lua_pushinteger(L, count);
    lua_rawseti(L, -3, (lua_Integer)child->key);
    lua_settop(L, 3);
    if (count == 1 && step == 0) return 1;
    lua_pushvalue(L, 2);
    lua_pushfstring(L, " %I %I", (LUAI_UACINT)step, (LUAI_UACINT)count);
    lua_concat(L, 2);
    name = lua_tolstring(L, -1, &n);
    fm_rng_close(child);
    fm_rng_child(child, r, name, n);
    lua_settop(L, 3);
    return 1;
}

static int rng_at(lua_State *L) { /* at(step [, calls]) */
    fm_rng *r = check_rng(L);
    uint64_t step = (uint64_t)bind_check_integer(L, 2, "at", 0, LUA_MAXINTEGER);
    lua_Integer calls = lua_isnoneornil(L, 3) ? 0 : bind_check_integer(L, 3, "at: calls", 0, UINT32_MAX);
    fm_error err;
    if (r->own_clock) clear_counts(L, 1);
    else new_counts(L, 1);
    if (!fm_rng_at(r, step, &err)) bind_raise(L, &err);
    r->calls = (uint32_t)calls;
    lua_settop(L, 1);
    return 1;
}

static int rng_step(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)check_rng(L)->clock->step);
    return 1;
}

static int rng_calls(lua_State *L) { /* draws made at this step */
    lua_pushinteger(L, (lua_Integer)fm_rng_calls(check_rng(L)));
    return 1;
}

static int rng_own_clock(lua_State *L) {
    lua_pushboolean(L, check_rng(L)->own_clock);
    return 1;
}

/* ---- draws: results, so that within a scope their bytes go back when it closes ---- */

/* The place of the options of a draw, a table after its shape, or 0. */
static int options_of(lua_State *L, const char *function, const char *const *keys) {
    if (lua_gettop(L) > 2 && lua_isnil(L, -1)) lua_pop(L, 1);
    int last = lua_gettop(L);
    if (last < 2 || !lua_istable(L, last) || (last == 2 && lua_rawlen(L, last) > 0)) return 0;
    bind_check_keys(L, last, function, keys);
    return last;
}

/* The number that a draw [R, ...] begins with. Its option first_row = r says that its rows are
 * those from r on of a larger draw; else they may be those of a share of a batch. */
static uint64_t first_number(lua_State *L, int options, const char *function, int rank, const size_t *shape, uint64_t most) {
    fm_error err;
    size_t count, width = 1;
    for (int i = 1; i < rank; i++) width *= shape[i];
    if (!options || lua_getfield(L, options, "first_row") == LUA_TNIL) return rank ? fm_passes_first(shape[0], width) : 0;
    lua_pushfstring(L, "%s: first_row", function);
    lua_Integer row = bind_check_integer(L, lua_gettop(L) - 1, lua_tostring(L, -1), 1, (lua_Integer)1 << 40);
    if (!fm_shape_count(rank, shape, &count, &err)) bind_raise(L, &err);
    uint64_t before = (uint64_t)row - 1;
    if (width && (count > most || before > (most - count) / width))
        bind_error(L, "%s: first_row: rows of %llu numbers from row %lld on go beyond the %llu numbers of a draw", function,
                   (unsigned long long)width, (long long)row, (unsigned long long)most);
    return before * width;
}

static int rng_normal(lua_State *L) { /* normal(shape [, {first_row}]) */
    static const char *const keys[] = {"first_row", NULL};
    fm_rng *r = check_source(L);
    size_t shape[FM_MAX_RANK];
    int options = options_of(L, "normal", keys), rank = bind_check_shape(L, 2, options ? options - 1 : lua_gettop(L), shape);
    uint64_t first = first_number(L, options, "normal", rank, shape, FM_RNG_NUMBERS);
    fm_tensor *t = bind_push_result(L, rank, shape);
    fm_rng_normal(r, first, t->count, fm_data(t));
    return 1;
}

static double range_field(lua_State *L, int table, const char *name, double fallback) {
    if (lua_getfield(L, table, name) == LUA_TNIL) return fallback;
    if (lua_type(L, -1) != LUA_TNUMBER || !isfinite((real)lua_tonumber(L, -1)))
        bind_error(L, "uniform: %s: expected a number that is finite in " FM_REAL_NAME ", found %s", name, bind_push_kind(L, -1));
    return lua_tonumber(L, -1);
}

static int rng_uniform(lua_State *L) { /* uniform(shape [, {low, high, first_row}]) */
    static const char *const keys[] = {"low", "high", "first_row", NULL};
    fm_rng *r = check_source(L);
    size_t shape[FM_MAX_RANK];
    double low = 0, high = 1;
    int options = options_of(L, "uniform", keys), rank = bind_check_shape(L, 2, options ? options - 1 : lua_gettop(L), shape);
    if (options) {
        low = range_field(L, options, "low", 0);
        high = range_field(L, options, "high", 1);
        if (!(low < high)) bind_error(L, "uniform: low %.9g is not below high %.9g", low, high);
        if (!((real)low < (real)high)) bind_error(L, "uniform: low %.17g and high %.17g are the same number in " FM_REAL_NAME, low, high);
    }
    uint64_t first = first_number(L, options, "uniform", rank, shape, FM_RNG_NUMBERS);
    fm_tensor *t = bind_push_result(L, rank, shape);
    fm_rng_uniform(r, first, t->count, (real)low, (real)high, fm_data(t));
    return 1;
}

static const lua_Integer exact = (lua_Integer)1 << (sizeof(real) == 4 ? 24 : 53); /* whole numbers a real holds exactly */

/* integers(n, low, high [, {first_row}]), or integers(n, high) from 1; n may be a shape */
static int rng_integers(lua_State *L) {
    static const char *const keys[] = {"first_row", NULL};
    fm_rng *r = check_source(L);
    size_t shape[FM_MAX_RANK];
    int options = lua_gettop(L) > 2 ? options_of(L, "integers", keys) : 0, last = options ? options - 1 : 4, rank = 1;
    if (lua_istable(L, 2)) rank = bind_check_shape(L, 2, 2, shape);
    else shape[0] = (size_t)bind_check_integer(L, 2, "integers: n", 0, (lua_Integer)1 << 40);
    bool from_one = last < 4 || lua_isnoneornil(L, 4);
    lua_Integer low = from_one ? 1 : bind_check_integer(L, 3, "integers: low", -exact, exact);
    lua_Integer high = bind_check_integer(L, from_one ? 3 : 4, "integers: high", -exact, exact);
    if (low > high) bind_error(L, "integers: low %lld is over high %lld", (long long)low, (long long)high);
    uint64_t first = first_number(L, options, "integers", rank, shape, FM_RNG_NUMBERS / 2);
    fm_tensor *t = bind_push_result(L, rank, shape);
    fm_rng_integers(r, first, t->count, low, high, fm_data(t));
    return 1;
}

static int rng_permutation(lua_State *L) {
    fm_rng *r = check_source(L);
    size_t n = (size_t)bind_check_integer(L, 2, "permutation", 0, exact);
    fm_rng_permutation(r, n, fm_data(bind_push_result(L, 1, &n)));
    return 1;
}

static int rng_number(lua_State *L) {
    lua_pushnumber(L, fm_rng_number(check_source(L)));
    return 1;
}

static const bind_function functions[] = {{"rng", core_rng, 2}, {NULL, NULL, 0}};
static const bind_function methods[] = {
    {"normal", rng_normal, BIND_ANY},
    {"uniform", rng_uniform, BIND_ANY},
    {"integers", rng_integers, 5},
    {"permutation", rng_permutation, 2},
    {"number", rng_number, 1},
    {"stream", rng_stream, 2},
    {"own", rng_own, 2},
    {"at", rng_at, 3},
    {"step", rng_step, 1},
    {"calls", rng_calls, 1},
    {"own_clock", rng_own_clock, 1},
    {NULL, NULL, 0},
};
static const bind_type rng_type = {
    .name = "rng", .expected = "a random stream", .size = sizeof(fm_rng), .values = 1, .release = release, .methods = methods};

void bind_random(lua_State *L) {
    static const bind_function of_shares[] = {
        {"begin", shares_begin, 0}, {"next", shares_next, 0},           {"rows", shares_rows, 2}, {"finish", shares_finish, 0},
        {"note", shares_note, 1},   {"pass_over", shares_pass_over, 2}, {NULL, NULL, 0},
    };
    bind_functions(L, NULL, functions);
    lua_newtable(L);
    bind_module(L, "shares", of_shares);
    lua_setfield(L, -2, "shares");
    bind_open_type(L, &rng_type);
}
