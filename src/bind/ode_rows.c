/* control = "sample": a solve in which every row of the batch keeps its own time. The field gets x
 * [A, ...] and t [A] of the rows that are still on their way. With numbers = true in the plan its
 * third argument is a tensor [A]: their row numbers in x0, from 1. */
#include "ode_rows.h"

#include "ode_call.h"

#include <stdlib.h>
#include <string.h>

enum { CLOCK = ODE_NEXT_PLACE, NUMBERS };

typedef struct solve_rows {
    ode_call call;
    fm_ode_rows ode;
    fm_storage *points, *clocks; /* of the whole batch */
    fm_storage *numbers;         /* NULL: the field does not want them */
} solve_rows;

static void rows_release(lua_State *L, void *object) {
    solve_rows *s = object;
    ode_call_release(L, &s->call);
    fm_ode_rows_close(&s->ode);
    fm_storage_release(s->points);
    fm_storage_release(s->clocks);
    fm_storage_release(s->numbers);
    s->points = s->clocks = s->numbers = NULL;
}

const bind_type ode_rows_type = {.name = "solve", .size = sizeof(solve_rows), .values = 1, .closes = true, .release = rows_release};

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
        if (s->numbers && !show_rows(s, NUMBERS, s->numbers, 1, rows)) return false;
        fm_tensor **slot = lua_touserdata(L, ODE_POINT);
        fm_tensor_release(s->call.point);
        s->call.point = fm_tensor_retain(*slot);
    }
    lua_pushvalue(L, ODE_FIELD);
    lua_pushvalue(L, ODE_POINT);
    lua_pushvalue(L, CLOCK);
    if (!s->numbers) return ode_call_for_tensor(&s->call, "field", 2, dx);
    for (size_t r = 0; r < rows; r++) s->numbers->data[r] = (real)(s->ode.now[r].id + 1);
    lua_pushvalue(L, NUMBERS);
    return ode_call_for_tensor(&s->call, "field", 3, dx);
}

static void read_plan(lua_State *L, solve_rows *s, const fm_tensor *x0) {
    fm_ode_rows *o = &s->ode;
    o->field = call_field;
    o->context = s;
    o->rows = x0->shape[0];
    o->width = x0->count / (x0->shape[0] ? x0->shape[0] : 1);
    ode_read_plan(L, &o->plan);
    ode_check_adaptive(L, &o->plan);
}

/* rows = { nfe, accepted, rejected, t, error, error_sum } with a tensor [B] each. */
static void push_rows(lua_State *L, const fm_ode_rows *o) {
    static const char *const names[] = {"nfe", "accepted", "rejected", "t", "error", "error_sum"};
    enum { COLUMNS = sizeof names / sizeof *names };
    fm_tensor *columns[COLUMNS];
    lua_createtable(L, 0, COLUMNS);
    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = bind_push_result(L, 1, &o->rows);
        lua_setfield(L, -2, names[i]);
    }
    for (size_t r = 0; r < o->rows; r++) {
        const fm_ode_progress *at = &o->row[r].at;
        double values[] = {(double)at->nfe, (double)at->accepted, (double)at->rejected, at->t, at->error_before, at->error_sum};
        for (int i = 0; i < COLUMNS; i++) fm_data(columns[i])[r] = (real)values[i];
    }
}

static int by_nfe(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* histogram = { { nfe =, rows = }, ... }: rows by their evaluations, from few to many. */
static void push_histogram(lua_State *L, const fm_ode_rows *o) {
    int64_t *nfe = lua_newuserdatauv(L, (o->rows + 1) * sizeof *nfe, 0);
    for (size_t r = 0; r < o->rows; r++) nfe[r] = o->row[r].at.nfe;
    qsort(nfe, o->rows, sizeof *nfe, by_nfe);
    lua_newtable(L);
    lua_Integer bar = 0;
    for (size_t r = 0, first = 0; r < o->rows; r++) {
        if (r + 1 < o->rows && nfe[r + 1] == nfe[r]) continue;
        lua_createtable(L, 0, 2);
        ode_set_integer(L, "nfe", nfe[r]);
        ode_set_integer(L, "rows", (int64_t)(r + 1 - first));
        lua_rawseti(L, -2, ++bar);
        first = r + 1;
    }
    lua_remove(L, -2);
}

/* The progress of the batch is that of its last row. Steps and tries are counted together, errors
 * are the largest. */
static fm_ode_progress progress_of(const fm_ode_rows *o, int64_t *most_steps) {
    fm_ode_progress all = {.t = o->plan.t1, .nfe = o->nfe};
    *most_steps = 0;
    for (size_t r = 0; r < o->rows; r++) {
        const fm_ode_progress *at = &o->row[r].at;
        all.accepted += at->accepted;
        all.rejected += at->rejected;
        all.forced += at->forced;
        if (at->accepted > *most_steps) *most_steps = at->accepted;
        all.error_before = fmax(all.error_before, at->error_before);
        all.error_sum = fmax(all.error_sum, at->error_sum);
        if (r > 0 && fm_ode_no_later(&o->plan, all.t, at->t) == all.t) continue;
        all.t = at->t;
        all.why = at->why;
    }
    return all;
}

static void push_info(lua_State *L, const fm_ode_rows *o, fm_ode_status status) {
    int64_t steps;
    fm_ode_progress all = progress_of(o, &steps);
    ode_push_info(L, &all, steps, status);
    ode_set_errors(L, &all);
    ode_set_integer(L, "evaluations", o->evaluations);
    push_rows(L, o);
    lua_setfield(L, -2, "rows");
    push_histogram(L, o);
    lua_setfield(L, -2, "histogram");
}

int ode_solve_rows(lua_State *L) {
    solve_rows *s = ode_push_box(L, &ode_rows_type);
    const fm_tensor *x0 = bind_check_tensor(L, ODE_START);
    fm_ode_rows *o = &s->ode;
    fm_error err;
    if (x0->rank < 1) bind_error(L, "ode.solve: control = \"sample\" needs rows, x0 is a single number");
    read_plan(L, s, x0);
    s->points = fm_storage_retain(s->call.point->storage);
    s->clocks = fm_storage_retain(bind_push_new(L, 1, &o->rows)->storage); /* at CLOCK */
    if (lua_getfield(L, ODE_PLAN, "numbers") != LUA_TNIL) s->numbers = fm_storage_retain(bind_push_new(L, 1, &o->rows)->storage);
    if (s->numbers) lua_replace(L, NUMBERS);
    o->point = s->points->data;
    o->clock = s->clocks->data;
    x0 = bind_check_tensor(L, ODE_START); /* as in ode.c */
    if (!fm_ode_rows_open(o, fm_data(x0), &err)) bind_raise(L, &err);
    fm_ode_status status = fm_ode_rows_run(o);
    if (status == FM_ODE_NOT_FINITE)
        fm_fail(&s->call.err, "ode.solve: %s numbers that are not finite", o->nfe ? "the field returns" : "x0 has");
    if (status == FM_ODE_FIELD_FAILED || status == FM_ODE_NOT_FINITE) {
        rows_release(L, s);
        ode_call_raise(&s->call);
    }
    fm_tensor *x = bind_push_result(L, x0->rank, x0->shape);
    fm_ode_round(x->count, o->x, fm_data(x));
    push_info(L, o, status);
    rows_release(L, s);
    return 2;
}
