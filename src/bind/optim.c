/* Flat parameters in Lua: the passes of an optimizer. The optimizers themselves (options, state
 * and schedule) are in lua/fm/optim. */
#include "flat.h"

#include "object.h"

static void release(lua_State *L, void *object) {
    (void)L;
    fm_flat_close(object);
}

static const bind_type flat_type; /* at the foot */

static fm_flat *check_flat(lua_State *L) {
    return bind_check_object(L, 1, &flat_type);
}

static int core_flat(lua_State *L) { /* flat(list of parameters) */
    fm_error err;
    bind_check_table(L, 1);
    /* It moves the numbers of parameters to another place, while somebody may be reading them. */
    if (bind_in_finalizer(L)) bind_error(L, "flat: an optimizer or average cannot be made in a finalizer");
    size_t n = lua_rawlen(L, 1);
    if (n > 1 << 20) bind_error(L, "flat: %zu parameters are too many", n);
    fm_flat *f = bind_push_object(L, &flat_type);
    fm_tensor **list = lua_newuserdatauv(L, n * sizeof *list + 1, 0);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        list[i] = bind_check_entry(L, (int)i + 1);
        lua_pop(L, 1);
    }
    if (!fm_flat_open(f, n, list, &err)) bind_raise(L, &err);
    lua_pop(L, 1);
    return 1;
}

static int flat_total(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)check_flat(L)->total);
    return 1;
}

static int flat_range(lua_State *L) { /* range(i) -> first, last of parameter i within a flat vector, 1-based */
    const fm_flat *f = check_flat(L);
    size_t i = (size_t)bind_check_integer(L, 2, "range", 1, (lua_Integer)f->n) - 1;
    lua_pushinteger(L, (lua_Integer)f->at[i] + 1);
    lua_pushinteger(L, (lua_Integer)(f->at[i] + f->params[i]->count));
    return 2;
}

static real *check_vector(lua_State *L, int arg, const fm_flat *f) {
    const fm_tensor *t = bind_check_tensor(L, arg);
    if (t->count != f->total) bind_error(L, "flat: expected a vector of %zu numbers, found %zu", f->total, t->count);
    return fm_data(t);
}

/* Fields of an options table, all given by our own Lua. */
static double number(lua_State *L, int table, const char *name) {
    if (lua_getfield(L, table, name) != LUA_TNUMBER) bind_error(L, "flat: %s: expected a number, found %s", name, bind_push_kind(L, -1));
    double v = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return v;
}

static bool flag(lua_State *L, int table, const char *name) {
    lua_getfield(L, table, name);
    bool v = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return v;
}

static int flat_adam(lua_State *L) { /* adam(m, v, options, step, lr, scale) */
    const fm_flat *f = check_flat(L);
    bind_check_table(L, 4);
    fm_adam a = {.lr = bind_check_number(L, 6),
                 .beta1 = number(L, 4, "beta1"),
                 .beta2 = number(L, 4, "beta2"),
                 .eps = number(L, 4, "eps"),
                 .weight_decay = number(L, 4, "weight_decay"),
                 .decoupled = flag(L, 4, "decoupled"),
                 .step = (uint64_t)bind_check_integer(L, 5, "adam: step", 1, LUA_MAXINTEGER),
                 .scale = bind_check_number(L, 7)};
    real *m = check_vector(L, 2, f), *v = check_vector(L, 3, f);
    fm_flat_adam(f, &a, m, v);
    return 0;
}

static int flat_sgd(lua_State *L) { /* sgd(velocity or nil, options, lr, scale) */
    const fm_flat *f = check_flat(L);
    bind_check_table(L, 3);
    fm_sgd s = {.lr = bind_check_number(L, 4),
                .momentum = number(L, 3, "momentum"),
                .weight_decay = number(L, 3, "weight_decay"),
                .nesterov = flag(L, 3, "nesterov"),
                .scale = bind_check_number(L, 5)};
    real *velocity = lua_isnil(L, 2) ? NULL : check_vector(L, 2, f);
    fm_flat_sgd(f, &s, velocity);
    return 0;
}

static int flat_ema(lua_State *L) { /* ema(average, decay) */
    const fm_flat *f = check_flat(L);
    fm_flat_ema(f, bind_check_number(L, 3), check_vector(L, 2, f));
    return 0;
}

static int flat_swap(lua_State *L) {
    const fm_flat *f = check_flat(L);
    fm_flat_swap(f, check_vector(L, 2, f));
    return 0;
}

static int flat_read(lua_State *L) {
    const fm_flat *f = check_flat(L);
    fm_flat_read(f, check_vector(L, 2, f));
    return 0;
}

/* largest([numbers]) -> the largest absolute gradient, or number; the first parameter with one that
 * is not finite, or nil */
static int flat_largest(lua_State *L) {
    const fm_flat *f = check_flat(L);
    size_t which;
    lua_pushnumber(L, (lua_Number)fm_flat_largest(f, lua_toboolean(L, 2) ? FM_FLAT_NUMBERS : FM_FLAT_GRADIENTS, &which));
    if (which == f->n) return 1;
    lua_pushinteger(L, (lua_Integer)which + 1);
    return 2;
}

static int flat_norm(lua_State *L) {
    lua_pushnumber(L, fm_flat_norm(check_flat(L)));
    return 1;
}

static int flat_clear(lua_State *L) {
    fm_flat_clear(check_flat(L));
    return 0;
}

static int flat_gradient(lua_State *L) { /* gradient() -> [total], a view */
    const fm_flat *f = check_flat(L);
    fm_error err;
    if (bind_in_finalizer(L)) bind_error(L, "gradient: a finalizer cannot ask for it: somebody may be in the middle of using it");
    fm_tensor **slot = bind_push_empty(L);
    bind_fill(L, slot, fm_flat_gradient(f, &err), &err);
    return 1;
}

static int flat_settle(lua_State *L) {
    fm_flat_settle(check_flat(L));
    return 0;
}

/* ---- the gradient as a part of a sum ---- */

static real *check_packed(lua_State *L, int arg, const fm_flat *f) {
    const fm_tensor *t = bind_check_tensor(L, arg);
    if (t->count != fm_flat_packed(f)) bind_error(L, "flat: expected a vector of %zu numbers, found %zu", fm_flat_packed(f), t->count);
    return fm_data(t);
}

static int flat_packed(lua_State *L) { /* how many numbers pack writes */
    lua_pushinteger(L, (lua_Integer)fm_flat_packed(check_flat(L)));
    return 1;
}

static int flat_pack(lua_State *L) { /* pack(vector, scale) */
    const fm_flat *f = check_flat(L);
    fm_flat_pack(f, bind_check_number(L, 3), check_packed(L, 2, f));
    return 0;
}

static int flat_add(lua_State *L) { /* add(vector, scale) */
    const fm_flat *f = check_flat(L);
    fm_flat_add(f, bind_check_number(L, 3), check_packed(L, 2, f));
    return 0;
}

static int flat_unpack(lua_State *L) { /* unpack(vector): it becomes the gradient */
    const fm_flat *f = check_flat(L);
    fm_flat_unpack(f, check_packed(L, 2, f));
    return 0;
}

static int flat_join(lua_State *L) { /* join(sum, more): sum = sum + more */
    const fm_flat *f = check_flat(L);
    fm_flat_join(fm_flat_packed(f), check_packed(L, 2, f), check_packed(L, 3, f));
    return 0;
}

static const bind_function functions[] = {{"flat", core_flat, 1}, {NULL, NULL, 0}};
static const bind_function methods[] = {
    {"total", flat_total, 1},     {"range", flat_range, 2},       {"adam", flat_adam, 7},
    {"sgd", flat_sgd, 5},         {"ema", flat_ema, 3},           {"swap", flat_swap, 2},
    {"read", flat_read, 2},       {"norm", flat_norm, 1},         {"clear", flat_clear, 1},
    {"largest", flat_largest, 2}, {"gradient", flat_gradient, 1}, {"settle", flat_settle, 1},
    {"packed", flat_packed, 1},   {"pack", flat_pack, 3},         {"add", flat_add, 3},
    {"unpack", flat_unpack, 2},   {"join", flat_join, 3},         {NULL, NULL, 0},
};
static const bind_type flat_type = {
    .name = "flat", .expected = "flat parameters", .size = sizeof(fm_flat), .release = release, .methods = methods};

void bind_optim(lua_State *L) {
    bind_functions(L, NULL, functions);
    bind_open_type(L, &flat_type);
}
