#include "ode_tableau.h"

static bool last_stage_is_new_point(const fm_tableau *m) {
    int last = m->stages - 1;
    if (last < 1 || m->c[last] != 1 || m->b[last] != 0) return false;
    for (int j = 0; j < last; j++) {
        if (m->a[last][j] != m->b[j]) return false;
    }
    return true;
}

/* Through x, the first slope and the new point: needs no further slope. */
static void quadratic(fm_tableau *m) {
    m->degree = 2;
    m->rows = m->stages;
    for (int j = 0; j < m->stages; j++) m->dense[j][1] = m->b[j];
    m->dense[0][0] = 1;
    m->dense[0][1] -= 1;
}

/* Hermite's interpolant, through both points and both slopes. */
static void cubic(fm_tableau *m) {
    m->degree = 3;
    m->rows = m->stages + 1;
    for (int j = 0; j < m->stages; j++) {
        m->dense[j][1] = 3 * m->b[j];
        m->dense[j][2] = -2 * m->b[j];
    }
    m->dense[0][0] += 1;
    m->dense[0][1] -= 2;
    m->dense[0][2] += 1;
    m->dense[m->stages][1] = -1;
    m->dense[m->stages][2] = 1;
}

static bool adds_up(double sum, double to) {
    return fabs(sum - to) <= 1e-12 * (1 + fabs(to));
}

bool fm_tableau_complete(fm_tableau *m, fm_error *err) {
    double sum_b = 0, sum_e = 0;
    if (m->stages < 1 || m->stages >= FM_ODE_ROWS) return fm_fail(err, "%d stages, expected 1..%d", m->stages, FM_ODE_ROWS - 1);
    for (int i = 0; i < m->stages; i++) {
        double sum = 0;
        for (int j = 0; j < FM_ODE_ROWS; j++) {
            if (j >= i && m->a[i][j] != 0) return fm_fail(err, "stage %d uses stage %d: only explicit methods run", i + 1, j + 1);
            sum += m->a[i][j];
        }
        if (!adds_up(sum, m->c[i])) return fm_fail(err, "row %d of a adds up to %.15g, c[%d] is %.15g", i + 1, sum, i + 1, m->c[i]);
        sum_b += m->b[i];
    }
    if (!adds_up(sum_b, 1)) return fm_fail(err, "b adds up to %.15g, not 1", sum_b);
    for (int j = 0; j < FM_ODE_ROWS; j++) sum_e += m->e[j];
    if (!adds_up(sum_e, 0)) return fm_fail(err, "e adds up to %.15g, not 0", sum_e);
    if (last_stage_is_new_point(m)) m->stages--;
    if (m->history < 0 || m->history > FM_ODE_HISTORY) return fm_fail(err, "history is %d, expected 0..%d", m->history, FM_ODE_HISTORY);
    if (m->stages + m->history > FM_ODE_ROWS)
        return fm_fail(err, "%d stages and a history of %d are over the limit %d", m->stages, m->history, FM_ODE_ROWS);
    if (m->history && (m->error_order || m->degree)) return fm_fail(err, "with history there is no e and no dense");
    for (int j = m->stages + 1; j < FM_ODE_ROWS; j++) {
        if (m->e[j] != 0) return fm_fail(err, "e[%d] belongs to no slope: the new point is number %d", j + 1, m->stages + 1);
    }
    m->closes |= m->e[m->stages] != 0 || m->e3[m->stages] != 0;
    for (int j = 0; m->degree && j < FM_ODE_ROWS; j++) {
        double sum = 0;
        for (int d = 0; d < FM_ODE_DEGREE; d++) sum += m->dense[j][d];
        if (!adds_up(sum, m->b[j])) return fm_fail(err, "row %d of dense adds up to %.15g, not to b", j + 1, sum);
    }
    if (m->degree == 0 && m->order <= 2) quadratic(m);
    else if (m->degree == 0) cubic(m);
    return true;
}

bool fm_tableau_has_third(const fm_tableau *m) {
    for (int j = 0; j <= m->stages; j++) {
        if (m->e3[j] != 0) return true;
    }
    return false;
}
