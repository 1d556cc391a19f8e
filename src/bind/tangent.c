/* Levels in Lua, of which fm.jvp is made: core.level([beside]) opens one, which closes with
 * `<close>`, :close(), or when it is collected. core.free_levels() says how many more there can
 * be. */
#include "level.h"
#include "object.h"

static const bind_type level_type; /* at the foot */

static void release(lua_State *L, void *object) {
    uint64_t *level = object;
    (void)L;
    fm_level_close(*level);
    *level = 0;
}

static int level_close(lua_State *L) {
    return bind_release(L, &level_type);
}

static uint64_t check_level(lua_State *L) {
    uint64_t level = *(uint64_t *)bind_check_object(L, 1, &level_type);
    if (!level) bind_error(L, "level: it is closed");
    return level;
}

static int fm_level(lua_State *L) {
    fm_error err;
    uint64_t beside = lua_isnoneornil(L, 1) ? 0 : check_level(L);
    uint64_t *level = bind_push_object(L, &level_type);
    *level = fm_level_open(beside, &err);
    if (!*level) { /* coroutines that nobody will resume may hold some open */
        bind_collect(L);
        *level = fm_level_open(beside, &err);
    }
    if (!*level) bind_raise(L, &err);
    return 1;
}

static int fm_free_levels(lua_State *L) {
    uint64_t levels[FM_MOST_LEVELS];
    lua_pushinteger(L, FM_MOST_LEVELS - fm_levels(levels));
    return 1;
}

/* The tensor at `at`; it is called `what`. */
static fm_tensor *check_whole(lua_State *L, int at, const char *what) {
    if (bind_is_released(L, at)) bind_error(L, "jvp: %s was released when its tape or scope closed", what);
    return bind_check_tensor(L, at);
}

/* level:carry(x, dx) -> the same numbers, with dx as their tangent. A tape sees a view of x. */
static int level_carry(lua_State *L) {
    uint64_t level = check_level(L);
    fm_error err;
    fm_tensor *x = check_whole(L, 2, "an input"), *dx = check_whole(L, 3, "a tangent");
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    if (!fm_same_shape(x, dx)) bind_error(L, "jvp: the input is %s, its tangent is %s", fm_shape_text(x, a), fm_shape_text(dx, b));
    fm_tensor **slot = bind_push_empty(L);
    fm_tensor *own = bind_fill(L, slot, fm_tensor_view(x, 0, x->rank, x->shape, &err), &err);
    if (!fm_tangent_set(own, level, dx, &err)) bind_raise(L, &err);
    return 1;
}

/* level:tangent(y) -> the tangent of y, or nil where it is zero. */
static int level_tangent(lua_State *L) {
    fm_tensor *along = fm_tangent_get(check_whole(L, 2, "what f returned"), check_level(L));
    if (along) bind_push_tensor(L, along);
    else lua_pushnil(L);
    return 1;
}

/* level:shares(a, b) -> whether the two tensors have numbers in common. */
static int level_shares(lua_State *L) {
    const fm_tensor *a = bind_check_tensor(L, 2), *b = bind_check_tensor(L, 3);
    lua_pushboolean(L, a->storage == b->storage);
    return 1;
}

static int level_drop(lua_State *L) { /* level:drop(y): y holds no tangent of this level any more */
    fm_tangent_drop(bind_check_tensor(L, 2), check_level(L));
    return 0;
}

static const bind_function functions[] = {{"level", fm_level, 1}, {"free_levels", fm_free_levels, 0}, {NULL, NULL, 0}};
static const bind_function methods[] = {{"close", level_close, 1},   {"carry", level_carry, 3}, {"tangent", level_tangent, 2},
                                        {"shares", level_shares, 3}, {"drop", level_drop, 2},   {NULL, NULL, 0}};
static const bind_type level_type = {
    .name = "level", .expected = "a level", .size = sizeof(uint64_t), .closes = true, .release = release, .methods = methods};

void bind_tangent(lua_State *L) {
    bind_functions(L, NULL, functions);
    bind_open_type(L, &level_type);
}
