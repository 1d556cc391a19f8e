#include "ode_call.h"

#include "fill.h"
#include "signals.h"

void *ode_push_box(lua_State *L, const bind_type *type) {
    lua_settop(L, ODE_PLAN);
    const fm_tensor *x0 = bind_check_tensor(L, ODE_START);
    bind_check_table(L, ODE_PLAN);
    luaL_checkstack(L, ODE_NEXT_PLACE + 24, "ode.solve");
    ode_call *c = bind_push_object(L, type);
    c->L = L;
    lua_pushthread(L); /* whose scopes these are: kept as long as the box */
    lua_setiuservalue(L, -2, 1);
    lua_toclose(L, ODE_BOX);
    c->guarded = !lua_pushthread(L);
    lua_pop(L, 1);
    if (fm_follows(x0)) bind_error(L, "ode.solve has no tangent rule: fm.jvp cannot go through it");
    if (x0->rank == FM_MAX_RANK) bind_error(L, "ode.solve: x0 has %d axes, expected at most %d", x0->rank, FM_MAX_RANK - 1);
    c->point = fm_tensor_retain(bind_push_new(L, x0->rank, x0->shape));
    return c;
}

void ode_call_release(lua_State *L, ode_call *c) {
    bool late = bind_in_finalizer(L);
    if (late) fm_scope_forget(c->scope);
    else fm_scope_close(c->scope);
    c->scope = NULL;
    fm_ode_record_close(&c->rows);
    if (!c->point) return;
    fm_storage *lent = c->point->storage; /* a field that kept x without cloning it gets an error, not another state */
    if (!late && !lent->kept && !lent->pins) fm_storage_drop(lent);
    fm_tensor_release(c->point);
    c->point = NULL;
}

void ode_call_push_point(ode_call *c) {
    fm_tensor *x = c->recorded ? fm_ode_recorded(&c->rows, fm_data(c->point)) : NULL;
    fm_error err;
    if (!x) {
        lua_pushvalue(c->L, ODE_POINT);
    } else if (fm_needs_grad(x)) {
        bind_push_tensor(c->L, x);
    } else { /* no record keeps it from being written */
        fm_tensor **slot = bind_push_empty(c->L);
        x = bind_fill(c->L, slot, fm_tensor_clone(x, &err), &err);
        fm_scope_own(x);
    }
}

/* A signal may ask a long solve to end. False with the error on the stack, or it raises. */
static bool heed_signals(ode_call *c) {
    if (!bind_signal_waits()) return true;
    lua_pushcfunction(c->L, bind_heed_signals);
    if (!c->guarded) lua_call(c->L, 0, 0);
    else if (lua_pcall(c->L, 0, 0, 0) != LUA_OK) return c->raised = true, false;
    return true;
}

/* A watched solve looks whether slopes depend on parameters, until it finds one. */
bool ode_call_begin(ode_call *c, int n) {
    if (!heed_signals(c)) return false;
    if (!c->recorded) {
        c->scope = fm_scope_open(c->watched && !c->depends, c->L, &c->err);
        if (!c->scope) return false;
    }
    if (!c->guarded) lua_call(c->L, n, 1);
    else if (lua_pcall(c->L, n, 1, 0) != LUA_OK) return bind_running = c->L, c->raised = true, false;
    bind_running = c->L; /* the field may have run coroutines */
    return true;
}

void ode_call_end(ode_call *c) {
    lua_pop(c->L, 1);
    fm_scope_close(c->scope);
    c->scope = NULL;
}

const char *ode_call_kind(lua_State *L, int at) {
    if (bind_is_released(L, at)) return "tensor that was released when its tape closed";
    return bind_is_tensor(L, at) ? "tensor" : luaL_typename(L, at);
}

bool ode_call_for_tensor(ode_call *c, const char *who, int n, real *to) {
    lua_State *L = c->L;
    if (!ode_call_begin(c, n)) return false;
    const fm_tensor *x = c->point;
    char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
    if (!bind_is_tensor(L, -1) || bind_is_released(L, -1))
        return fm_fail(&c->err, "ode.solve: the %s returned a %s, expected a tensor %s", who, ode_call_kind(L, -1), fm_shape_text(x, a));
    fm_tensor *y = bind_check_tensor(L, -1);
    if (!fm_same_shape(x, y))
        return fm_fail(&c->err, "ode.solve: x is %s, the %s returned %s", fm_shape_text(x, a), who, fm_shape_text(y, b));
    if (fm_follows(y)) return fm_fail(&c->err, "ode.solve has no tangent rule: fm.jvp cannot go through it");
    fm_copy(y->count, fm_data(y), to);
    if (c->recorded) fm_ode_record_set(&c->rows, to, y);
    c->depends |= c->watched && fm_needs_grad(y);
    ode_call_end(c);
    return true;
}

void ode_call_raise(ode_call *c) {
    if (c->raised) lua_error(c->L);
    bind_raise(c->L, &c->err);
}
