/* path_sample(x0, x1, a, s, da, ds) -> xt, u: coefficients are [B] tensors or numbers. */
#include "path.h"

#include "bind.h"
#include "tape.h"

static fm_coefficient check_coefficient(lua_State *L, int arg, size_t rows) {
    const fm_tensor *t = bind_tensor_or_number(L, arg);
    char text[FM_SHAPE_TEXT];
    if (t->count != 1 && (t->rank != 1 || t->count != rows)) {
        luaL_error(L, "path: expected a coefficient for each of %I rows, found %s", (LUAI_UACINT)rows, fm_shape_text(t, text));
    }
    return (fm_coefficient){fm_data(t), t->count == 1 ? 0 : 1};
}

static fm_tensor *push_like(lua_State *L, const fm_tensor *x) {
    fm_error err;
    fm_tensor **slot = bind_push_empty(L);
    *slot = fm_tensor_new(x->rank, x->shape, &err);
    if (!*slot || !fm_scope_own(*slot, &err)) bind_raise(L, &err);
    return *slot;
}

static int path_sample(lua_State *L) {
    const fm_tensor *x0 = bind_check_tensor(L, 1), *x1 = bind_check_tensor(L, 2);
    char p[FM_SHAPE_TEXT], q[FM_SHAPE_TEXT];
    if (x0->rank < 1 || !fm_same_shape(x0, x1)) {
        fm_error err;
        fm_fail(&err, "path: x0 is %s, x1 is %s: expected the same [B, ...]", fm_shape_text(x0, p), fm_shape_text(x1, q));
        bind_raise(L, &err);
    }
    size_t rows = x0->shape[0], columns = rows ? x0->count / rows : 0;
    fm_coefficient c[4];
    for (int i = 0; i < 4; i++) c[i] = check_coefficient(L, 3 + i, rows);
    fm_tensor *xt = push_like(L, x0), *u = push_like(L, x0);
    fm_path_sample(rows, columns, fm_data(x0), fm_data(x1), c[0], c[1], c[2], c[3], fm_data(xt), fm_data(u));
    return 2;
}

static int needs_grad(lua_State *L) { /* needs_grad(t, ...): whether an open tape follows one of them */
    bool any = false;
    for (int i = 1; i <= lua_gettop(L); i++) any = any || (bind_is_tensor(L, i) && fm_needs_grad(bind_check_tensor(L, i)));
    lua_pushboolean(L, any && fm_recording());
    return 1;
}

void bind_path(lua_State *L) {
    lua_pushcfunction(L, path_sample);
    lua_setfield(L, -2, "path_sample");
    lua_pushcfunction(L, needs_grad);
    lua_setfield(L, -2, "needs_grad");
}
