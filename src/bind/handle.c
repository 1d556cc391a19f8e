/* Tensor handles: boxes that Lua owns, each with one reference to a tensor, and what Lua's
 * collector is told about the bytes. */
#include "object.h"
#include "tape.h"

enum {
    STEP_BYTES = 1 << 20,
    SOFT_LIMIT = 48 << 20,
    STEP_HANDLES = 256,
    HANDLE_KILOBYTES = STEP_HANDLES * (sizeof(fm_tensor) + sizeof(fm_storage)) >> 10
};

static struct {
    size_t announced;  /* live bytes when the collector was last told */
    size_t full_above; /* beyond it, collect everything */
    unsigned handles;  /* made since their structs were last announced */
} gc = {0, SOFT_LIMIT, 0};

/* An allocation would fail: collect what Lua can no longer reach, so that scripts need not. */
static bool reclaim(void) {
    return bind_collect(bind_running);
}

bool bind_collect(lua_State *L) {
    size_t before = fm_live_bytes();
    lua_gc(L, LUA_GCCOLLECT);
    size_t after = fm_live_bytes();
    gc.announced = after;
    size_t more = after / 2; /* a collect takes well under a millisecond, half of many pictures a second */
    gc.full_above = after + (more > SOFT_LIMIT ? more : SOFT_LIMIT);
    return after < before;
}

/* Lua sees a handle as some forty bytes. Tell the collector how much it really keeps: a tensor and
 * a storage, which wait for the collector even when their numbers were dropped, and the numbers.
 * If the tensor and the storage are not counted, a training spreads its small blocks over
 * megabytes and misses the cache. */
static void announce(lua_State *L) {
    if (++gc.handles == STEP_HANDLES) {
        gc.handles = 0;
        lua_gc(L, LUA_GCSTEP, HANDLE_KILOBYTES);
    }
    size_t live = fm_live_bytes();
    if (live < gc.announced) gc.announced = live;
    if (live < gc.announced + STEP_BYTES) return;
    if (live > gc.full_above) {
        bind_collect(L);
        return;
    }
    lua_gc(L, LUA_GCSTEP, (int)((live - gc.announced) >> 10));
    gc.announced = fm_live_bytes();
}

static void release(lua_State *L, void *object) {
    (void)L;
    fm_tensor **slot = object, *t = *slot;
    *slot = NULL;
    fm_tensor_release(t);
}

static const bind_type tensor_type = {.name = "tensor", .expected = "a tensor", .size = sizeof(fm_tensor *), .release = release};

fm_tensor **bind_push_empty(lua_State *L) {
    announce(L);
    return bind_push_object(L, &tensor_type);
}

fm_tensor *bind_fill(lua_State *L, fm_tensor **slot, fm_tensor *made, const fm_error *err) {
    if (!made) bind_raise(L, err);
    return *slot = made;
}

fm_tensor *bind_push_new(lua_State *L, int rank, const size_t *shape) {
    fm_error err;
    fm_tensor **slot = bind_push_empty(L);
    return bind_fill(L, slot, fm_tensor_new(rank, shape, &err), &err);
}

fm_tensor *bind_push_result(lua_State *L, int rank, const size_t *shape) {
    fm_tensor *t = bind_push_new(L, rank, shape);
    fm_scope_own(t);
    return t;
}

void bind_push_tensor(lua_State *L, fm_tensor *t) {
    fm_tensor **slot = bind_push_empty(L);
    *slot = fm_tensor_retain(t);
}

static fm_tensor **slot_at(lua_State *L, int arg) {
    return bind_to_object(L, arg, &tensor_type);
}

bool bind_is_tensor(lua_State *L, int arg) {
    return slot_at(L, arg) != NULL;
}

bool bind_is_released(lua_State *L, int arg) {
    fm_tensor **slot = slot_at(L, arg);
    return slot && *slot && !(*slot)->storage->data;
}

/* What is wrong with an argument that is not a readable tensor. */
static int refuse(lua_State *L, int arg, const char *expected) {
    fm_tensor **slot = slot_at(L, arg);
    if (!slot) bind_argument(L, arg, expected);
    if (!*slot) bind_refuse(L, arg, "this tensor was never filled");
    bind_refuse(L, arg, "this tensor was released when its tape closed; use :detach() to keep it");
}

static fm_tensor *check(lua_State *L, int arg, const char *expected) {
    fm_tensor **slot = slot_at(L, arg);
    if (!slot || !*slot || !(*slot)->storage->data) refuse(L, arg, expected);
    return *slot;
}

fm_tensor *bind_check_tensor(lua_State *L, int arg) {
    return check(L, arg, "a tensor");
}

fm_tensor *bind_opt_tensor(lua_State *L, int arg) {
    return lua_isnoneornil(L, arg) ? NULL : bind_check_tensor(L, arg);
}

fm_tensor *bind_check_entry(lua_State *L, int i) {
    if (!bind_is_tensor(L, -1) || bind_is_released(L, -1))
        bind_error(L, "%s: entry %d: expected a tensor, found %s", bind_caller(L), i, bind_push_kind(L, -1));
    return bind_check_tensor(L, lua_gettop(L));
}

fm_tensor *bind_tensor_or_number(lua_State *L, int arg) {
    if (lua_type(L, arg) != LUA_TNUMBER) return check(L, arg, "a tensor or a number");
    lua_Number v = lua_tonumber(L, arg);
    fm_tensor *t = bind_push_new(L, 0, NULL);
    fm_data(t)[0] = (real)v;
    lua_replace(L, arg);
    return t;
}

void bind_push_tensor_metatable(lua_State *L) {
    bind_push_metatable(L, &tensor_type);
}

/* __gc of every handle that was made: as that of bind_open_type, without its upvalue. */
static int tensor_gc(lua_State *L) {
    fm_tensor **slot = slot_at(L, 1);
    if (slot) release(L, slot);
    return 0;
}

void bind_open_handles(lua_State *L) {
    fm_set_reclaim(reclaim);
    bind_open_type(L, &tensor_type);
    bind_push_tensor_metatable(L);
    lua_pushcfunction(L, tensor_gc);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
