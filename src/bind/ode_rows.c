/* control = "sample": a solve in which every row of the batch keeps its own time. The field gets x [A, ...] and t [A] of the rows
 * that are still on their way. */
#include "ode_rows.h"

#include "ode_call.h"

#include <string.h>

#define SOLVE_ROWS "fm.ode.solve_rows"

enum { CLOCK = ODE_NEXT_PLACE };

typedef struct solve_rows {
    ode_call call;
    fm_ode_rows ode;
    fm_storage *points, *clocks; /* of the whole batch */
} solve_rows;

static void rows_release(solve_rows *s) {
    ode_call_release(&s->call);
    fm_ode_rows_close(&s->ode);
    fm_storage_release(s->points);
    fm_storage_release(s->clocks);
    s->points = s->clocks = NULL;
}

static int rows_close(lua_State *L) {
    rows_release(luaL_checkudata(L, 1, SOLVE_ROWS));
    return 0;
}

/* The handle at `place` becomes one over the first `rows` rows of a storage. */
static bool show_rows(solve_rows *s, int place, fm_storage *of, int rank, size_t rows) {
    size_t shape[FM_MAX_RANK];
    memcpy(shape, s->call.point->shape, sizeof shape);
    shape[0] = rows;
    fm_tensor *t = fm_tensor_of(of, 0, rank, shape, &s->call.err), **slot = lua_touserdata(s->call.L, place);
    if (!t) return false;
    fm_tensor_release(*slot);
    *slot = t;
    return true;
}

static bool call_field(void *context, size_t rows, real *dx) {
    solve_rows *s = context;
    lua_State *L = s->call.L;
    if (rows != s->call.point->shape[0]) {
        if (!show_rows(s, ODE_POINT, s->points, s->call.point->rank, rows) || !show_rows(s, CLOCK, s->clocks, 1, rows)) return false;
        fm_tensor **slot = lua_touserdata(L, ODE_POINT);
        fm_tensor_release(s->call.point);
        s->call.point = fm_tensor_retain(*slot);
    }
    lua_pushvalue(L, ODE_FIELD);
    lua_pushvalue(L, ODE_POINT);
    lua_pushvalue(L, CLOCK);
    return ode_call_for_tensor(&s->call, "field", 2, dx);
}

static void read_plan(lua_State *L, solve_rows *s, const fm_tensor *x0) {
    fm_ode_rows *o = &s->ode;
    o->tableau = luaL_checkudata(L, ODE_METHOD, ODE_TABLEAU);
    if (!o->tableau->error_order) ode_complain(L, "ode.solve: this method has no error estimate");
    o->field = call_field;
    o->context = s;
    o->rows = x0->shape[0];
    o->width = x0->count / (x0->shape[0] ? x0->shape[0] : 1);
    o->t0 = ode_plan_number(L, "t0", 0);
    o->t1 = ode_plan_number(L, "t1", 1);
    o->rtol = ode_plan_number(L, "rtol", 1e-5);
    o->atol = ode_plan_number(L, "atol", 1e-5);
    o->first_step = ode_plan_number(L, "first_step", 0);
    o->max_step = ode_plan_number(L, "max_step", INFINITY);
    double max_nfe = ode_plan_number(L, "max_nfe", INFINITY);
    o->max_nfe = max_nfe < 9e18 ? (int64_t)max_nfe : INT64_MAX;
}

/* rows = { nfe, accepted, rejected, t } with a tensor [B] each. */
static void push_rows(lua_State *L, const fm_ode_rows *o) {
    static const char *const names[] = {"nfe", "accepted", "rejected", "t"};
    fm_tensor *columns[4];
    fm_error err;
    lua_createtable(L, 0, 4);
    for (int i = 0; i < 4; i++) {
        fm_tensor **slot = bind_push_empty(L);
        *slot = fm_tensor_new(1, &o->rows, &err);
        if (!*slot || !fm_scope_own(*slot, &err)) bind_raise(L, &err);
        columns[i] = *slot;
        lua_setfield(L, -2, names[i]);
    }
    for (size_t r = 0; r < o->rows; r++) {
        const fm_ode_row *row = &o->row[r];
        double values[] = {(double)row->nfe, (double)row->accepted, (double)row->rejected, row->t};
        for (int i = 0; i < 4; i++) fm_data(columns[i])[r] = (real)values[i];
    }
}

static void push_info(lua_State *L, const fm_ode_rows *o, fm_ode_status status) {
    int64_t accepted = 0, rejected = 0, most = 0;
    const fm_ode_row *last = NULL; /* the one that got least far */
    for (size_t r = 0; r < o->rows; r++) {
        const fm_ode_row *row = &o->row[r];
        accepted += row->accepted;
        rejected += row->rejected;
        if (row->accepted > most) most = row->accepted;
        if (!last || (o->t1 < o->t0 ? row->t > last->t : row->t < last->t)) last = row;
    }
    lua_createtable(L, 0, 9);
    ode_set_integer(L, "nfe", o->nfe);
    ode_set_integer(L, "evaluations", o->evaluations);
    ode_set_integer(L, "accepted", accepted);
    ode_set_integer(L, "rejected", rejected);
    ode_set_integer(L, "steps", most);
    lua_pushnumber(L, last ? last->t : o->t1);
    lua_setfield(L, -2, "t");
    lua_pushstring(L, fm_ode_status_names[status]);
    lua_setfield(L, -2, "status");
    lua_pushstring(L, last ? ode_reason(last->why) : NULL);
    lua_setfield(L, -2, "reason");
    push_rows(L, o);
    lua_setfield(L, -2, "rows");
}

int ode_solve_rows(lua_State *L) {
    solve_rows *s = ode_push_box(L, sizeof *s, SOLVE_ROWS);
    const fm_tensor *x0 = bind_check_tensor(L, ODE_START);
    fm_ode_rows *o = &s->ode;
    fm_error err;
    if (x0->rank < 1) ode_complain(L, "ode.solve: control = \"sample\" needs rows, x0 is a single number");
    read_plan(L, s, x0);
    s->points = fm_storage_retain(s->call.point->storage);
    fm_tensor **slot = bind_push_empty(L); /* CLOCK */
    *slot = fm_tensor_new(1, &o->rows, &err);
    if (!*slot) bind_raise(L, &err);
    s->clocks = fm_storage_retain((*slot)->storage);
    o->point = s->points->data;
    o->clock = s->clocks->data;
    if (!fm_ode_rows_open(o, fm_data(x0), &err)) bind_raise(L, &err);
    fm_ode_status status = fm_ode_rows_run(o);
    if (status == FM_ODE_NOT_FINITE)
        fm_fail(&s->call.err, "ode.solve: %s numbers that are not finite", o->nfe ? "the field returns" : "x0 has");
    if (status == FM_ODE_FIELD_FAILED || status == FM_ODE_NOT_FINITE) {
        rows_release(s);
        ode_call_raise(&s->call);
    }
    slot = bind_push_empty(L);
    *slot = fm_tensor_new(x0->rank, x0->shape, &err);
    if (!*slot || !fm_scope_own(*slot, &err)) bind_raise(L, &err);
    fm_ode_round((*slot)->count, o->x, fm_data(*slot));
    push_info(L, o, status);
    rows_release(s);
    return 2;
}

void ode_rows_metatable(lua_State *L) {
    luaL_newmetatable(L, SOLVE_ROWS);
    lua_pushcfunction(L, rows_close);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__gc");
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
}
