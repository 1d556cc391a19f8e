/* path_sample(x0, x1, a, s, da, ds) -> xt, u: coefficients are [B] tensors or numbers. */
#include "path.h"

#include "bind.h"
#include "tape.h"

static void check_coefficient(lua_State *L, int arg, size_t rows) {
    const fm_tensor *t = bind_tensor_or_number(L, arg);
    char text[FM_SHAPE_TEXT];
    if (t->count != 1 && (t->rank != 1 || t->count != rows))
        bind_error(L, "path: expected a coefficient for each of %zu rows, found %s", rows, fm_shape_text(t, text));
}

static fm_coefficient coefficient(lua_State *L, int arg) {
    const fm_tensor *t = bind_check_tensor(L, arg);
    return (fm_coefficient){fm_data(t), t->count == 1 ? 0 : 1};
}

static int path_sample(lua_State *L) {
    enum { FIRST = 3, COEFFICIENTS = 4 };
    lua_settop(L, FIRST + COEFFICIENTS - 1);
    const fm_tensor *x0 = bind_check_tensor(L, 1), *x1 = bind_check_tensor(L, 2);
    char p[FM_SHAPE_TEXT], q[FM_SHAPE_TEXT];
    if (x0->rank < 1 || !fm_same_shape(x0, x1))
        bind_error(L, "path: x0 is %s, x1 is %s: expected the same [B, ...]", fm_shape_text(x0, p), fm_shape_text(x1, q));
    size_t rows = x0->shape[0], columns = rows ? x0->count / rows : 0;
    fm_coefficient c[COEFFICIENTS];
    for (int i = 0; i < COEFFICIENTS; i++) check_coefficient(L, FIRST + i, rows);
    fm_tensor *xt = bind_push_result(L, x0->rank, x0->shape), *u = bind_push_result(L, x0->rank, x0->shape);
    for (int i = 0; i < COEFFICIENTS; i++) c[i] = coefficient(L, FIRST + i);
    fm_path_sample(rows, columns, fm_data(x0), fm_data(x1), c[0], c[1], c[2], c[3], fm_data(xt), fm_data(u));
    return 2;
}

static int needs_grad(lua_State *L) { /* needs_grad(t, ...): whether an open tape or a fm.jvp at work follows one of them */
    bool any = false;
    for (int i = 1; i <= lua_gettop(L); i++)
        any = any ||
              (bind_is_tensor(L, i) && (fm_follows(bind_check_tensor(L, i)) || (fm_needs_grad(bind_check_tensor(L, i)) && fm_recording())));
    lua_pushboolean(L, any);
    return 1;
}

void bind_path(lua_State *L) {
    static const bind_function functions[] = {{"path_sample", path_sample, 6}, {"needs_grad", needs_grad, BIND_ANY}, {NULL, NULL, 0}};
    bind_functions(L, NULL, functions);
}
