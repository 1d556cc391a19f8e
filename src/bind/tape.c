/* Tapes in Lua: fm.record(), fm.scope(), fm.custom. A scope is a box that closes with `<close>`,
 * :close(), or at the latest when it is collected. */
#include "tape.h"

#include "object.h"

/* The collector only forgets a scope: somebody may be reading what it made. */
static void release(lua_State *L, void *object) {
    fm_scope **slot = object, *s = *slot;
    *slot = NULL;
    if (bind_in_finalizer(L)) fm_scope_forget(s);
    else fm_scope_close(s);
}

static const bind_type scope_type; /* at the foot */

/* The box keeps the coroutine, whose scope it is. */
static int open_scope(lua_State *L, bool recording) {
    fm_error err;
    fm_scope **slot = bind_push_object(L, &scope_type);
    lua_pushthread(L);
    lua_setiuservalue(L, -2, 1);
    *slot = fm_scope_open(recording, L, &err);
    if (!*slot) bind_raise(L, &err);
    return 1;
}

static int fm_record(lua_State *L) { /* record([leaf]): with a leaf, everything else is a constant */
    fm_tensor *leaf = bind_opt_tensor(L, 1);
    if (leaf && (!leaf->needs_grad || leaf->scope)) bind_argument(L, 1, "a parameter (see fm.parameter)");
    open_scope(L, true);
    if (leaf) fm_scope_only(*(fm_scope **)lua_touserdata(L, -1), leaf);
    return 1;
}

/* fm.scope(): records nothing; what is made inside goes back to the pool at its end. */
static int fm_scope_function(lua_State *L) {
    return open_scope(L, false);
}

static int scope_close(lua_State *L) {
    return bind_release(L, &scope_type);
}

static int fm_is_recording(lua_State *L) { /* and whether that is for one leaf */
    lua_pushboolean(L, fm_recording());
    lua_pushboolean(L, fm_recording_leaf());
    return 2;
}

/* ---- custom: forward and backward written in Lua ----
 * A record holds a registry reference to {backward, saved}. */

static lua_State *custom_state;   /* where backward() is being called from; else the main thread */
static const char thrown_key = 0; /* its address is the registry key of what a backward function threw */
static bool thrown;

static void custom_release(void *custom) {
    if (custom_state) luaL_unref(custom_state, LUA_REGISTRYINDEX, (int)(intptr_t)custom);
}

static bool add_gradient(lua_State *L, fm_tensor *input, int index, int which, fm_error *err) {
    if (!fm_needs_grad(input) || lua_isnil(L, index)) return true;
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    if (!bind_is_tensor(L, index)) {
        return fm_fail(err, "custom: backward must return tensors or nil, gradient %d is a %s", which, luaL_typename(L, index));
    }
    const fm_tensor *g = *(fm_tensor **)lua_touserdata(L, index);
    if (!g->storage->data) return fm_fail(err, "custom: gradient %d was released when its tape closed", which);
    if (!fm_same_shape(g, input)) {
        return fm_fail(err, "custom: input %d is %s, its gradient is %s", which, fm_shape_text(input, a), fm_shape_text(g, b));
    }
    fm_grad_sum(input, fm_data(g));
    return true;
}

/* run_backward(frame) -> the gradients: everything here may raise, and is called protected. */
static int run_backward(lua_State *L) {
    const fm_call *c = lua_touserdata(L, 1);
    fm_error err;
    luaL_checkstack(L, c->n_in + 8, "custom");
    lua_rawgeti(L, LUA_REGISTRYINDEX, (lua_Integer)(intptr_t)c->custom);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    fm_tensor **slot = bind_push_empty(L);
    bind_fill(L, slot, fm_tensor_of(c->out->grad, c->out->grad_offset, c->out->rank, c->out->shape, &err), &err);
    lua_call(L, 2, c->n_in);
    return c->n_in;
}

static bool call_backward(lua_State *L, const fm_call *c, fm_error *err) {
    int top = lua_gettop(L);
    if (!lua_checkstack(L, c->n_in + 8)) return fm_fail(err, "custom: the stack is full");
    lua_pushcfunction(L, run_backward);
    lua_pushlightuserdata(L, (void *)(uintptr_t)c);
    bool ok = lua_pcall(L, 1, c->n_in, 0) == LUA_OK;
    bind_running = L;
    if (!ok) { /* kept as it is until the walk has ended */
        thrown = true;
        fm_fail(err, "custom: backward raised an error");
        lua_rawsetp(L, LUA_REGISTRYINDEX, &thrown_key);
    }
    for (int i = 0; ok && i < c->n_in; i++) ok = add_gradient(L, c->in[i], top + 1 + i, i + 1, err);
    lua_settop(L, top);
    return ok;
}

static bool custom_backward(const fm_call *c, fm_error *err) {
    fm_scope *s = fm_scope_open(false, NULL, err);
    if (!s) return false;
    bool ok = call_backward(custom_state, c, err);
    fm_scope_close(s);
    return ok;
}

/* Runs forward on the tape without recording, so that the tape owns what it makes; leaves its two
 * results. */
static void call_forward(lua_State *L, int n_args) {
    fm_scope *s = fm_scope_now();
    bool recording = s && fm_scope_record(s, false);
    bool ok = lua_pcall(L, n_args, 2, 0) == LUA_OK;
    bind_running = L;
    if (s && s == fm_scope_now()) fm_scope_record(s, recording);
    if (!ok) lua_error(L);
}

/* What a record of the registry holds: { backward, saved }. */
static int push_reference(lua_State *L, int saved_at) {
    lua_createtable(L, 2, 0);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, saved_at);
    lua_rawseti(L, -2, 2);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

static int custom_call(lua_State *L) { /* upvalues: forward, backward */
    enum { MAX_INPUTS = 16 };
    fm_tensor *in[MAX_INPUTS];
    fm_error err;
    bind_running = L;
    int n = lua_gettop(L);
    if (n > MAX_INPUTS) bind_error(L, "custom: %d inputs are over the limit %d", n, MAX_INPUTS);
    for (int i = 0; i < n; i++) {
        in[i] = bind_is_tensor(L, i + 1) ? bind_check_tensor(L, i + 1) : NULL;
        if (fm_follows(in[i])) bind_error(L, "custom has no tangent rule: fm.jvp cannot go through it");
    }
    luaL_checkstack(L, n + 8, NULL);
    lua_pushvalue(L, lua_upvalueindex(1));
    for (int i = 1; i <= n; i++) lua_pushvalue(L, i);
    call_forward(L, n);
    int y_at = n + 1, saved_at = n + 2;
    if (!bind_is_tensor(L, y_at)) bind_error(L, "custom: forward must return a tensor, found %s", bind_push_kind(L, y_at));
    fm_tensor *y = bind_check_tensor(L, y_at);
    if (!fm_recording()) {
        lua_settop(L, y_at);
        return 1;
    }
    bool reused = y->scope != fm_scope_now() || y->base || y->needs_grad; /* not made here: give the record a result of its own */
    if (reused) {
        fm_tensor **slot = bind_push_empty(L);
        y = bind_fill(L, slot, fm_tensor_clone(y, &err), &err);
        fm_scope_own(y);
        lua_replace(L, y_at);
    }
    int ref = push_reference(L, saved_at);
    bool ok = fm_record_custom(n, in, y, (void *)(intptr_t)ref, &err);
    if (!ok || !y->needs_grad) luaL_unref(L, LUA_REGISTRYINDEX, ref);
    if (!ok) bind_raise(L, &err);
    lua_settop(L, y_at);
    return 1;
}

static int throw_again(lua_State *L) {
    thrown = false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &thrown_key);
    lua_pushboolean(L, false); /* the place is kept: it must be there when memory is short */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &thrown_key);
    return lua_error(L);
}

static int tensor_backward(lua_State *L) {
    fm_tensor *loss = bind_check_tensor(L, 1), *grad_out = bind_opt_tensor(L, 2);
    lua_State *before = custom_state;
    fm_error err;
    custom_state = L; /* a coroutine, perhaps: custom functions run on its stack */
    bool ok = fm_backward(loss, grad_out, &err);
    custom_state = before;
    if (thrown) return throw_again(L);
    if (!ok) bind_raise(L, &err);
    return 0;
}

static int fm_custom(lua_State *L) {
    static const char *const keys[] = {"forward", "backward", NULL};
    bind_check_table(L, 1);
    bind_check_keys(L, 1, "custom", keys);
    for (int i = 0; keys[i]; i++) {
        if (lua_getfield(L, 1, keys[i]) != LUA_TFUNCTION)
            bind_error(L, "custom: %s: expected a function, found %s", keys[i], bind_push_kind(L, -1));
    }
    lua_pushcclosure(L, custom_call, 2);
    return 1;
}

static const bind_function functions[] = {
    {"record", fm_record, 1}, {"scope", fm_scope_function, 0}, {"is_recording", fm_is_recording, 0}, {"custom", fm_custom, 1},
    {NULL, NULL, 0},
};
static const bind_function tensor_methods[] = {{"backward", tensor_backward, 2}, {NULL, NULL, 0}};
static const bind_function scope_methods[] = {{"close", scope_close, 1}, {NULL, NULL, 0}};
static const bind_type scope_type = {.name = "scope",
                                     .expected = "a tape or a scope",
                                     .size = sizeof(fm_scope *),
                                     .values = 1,
                                     .closes = true,
                                     .release = release,
                                     .methods = scope_methods};

void bind_tape(lua_State *L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    custom_state = lua_tothread(L, -1);
    lua_pop(L, 1);
    lua_pushboolean(L, false);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &thrown_key);
    fm_set_custom(custom_backward, custom_release);
    bind_functions(L, NULL, functions);
    lua_getfield(L, -1, "methods");
    bind_functions(L, "tensor", tensor_methods);
    lua_pop(L, 1);
    bind_open_type(L, &scope_type);
}
