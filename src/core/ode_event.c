#include "ode_event.h"

static fm_ode_status value_at(fm_ode *s, int which, double t, double *value) {
    fm_ode_status status = fm_ode_at(s, t, s->point);
    if (status != FM_ODE_FINISHED) return status;
    s->point_is_x = false;
    return s->event_value(s->context, which, t, s->point, value) ? FM_ODE_FINISHED : FM_ODE_FIELD_FAILED;
}

typedef struct bracket {
    double a, fa; /* the guess before */
    double b, fb; /* the best guess */
    double c, fc; /* on the other side of the root from b */
    double step, step_before;
} bracket;

/* By interpolation where it converges, else by bisection. */
static double next_step(const bracket *k, double tolerance, double half) {
    if (fabs(k->step_before) < tolerance || fabs(k->fa) <= fabs(k->fb)) return half;
    double p, q, s = k->fb / k->fa;
    if (k->a == k->c) { /* secant */
        p = 2 * half * s;
        q = 1 - s;
    } else { /* inverse quadratic */
        double u = k->fa / k->fc, r = k->fb / k->fc;
        p = s * (2 * half * u * (u - r) - (k->b - k->a) * (r - 1));
        q = (u - 1) * (r - 1) * (s - 1);
    }
    if (p > 0) q = -q;
    p = fabs(p);
    bool inside = 2 * p < fmin(3 * half * q - fabs(tolerance * q), fabs(k->step_before * q));
    return inside ? p / q : half;
}

/* The root between the ends of the last step, where the values have different signs. */
static fm_ode_status find_root(fm_ode *s, int which, double fa, double fb, double *root) {
    bracket k = {.a = s->t_old, .fa = fa, .b = s->at.t, .fb = fb};
    k.c = k.a, k.fc = k.fa, k.step = k.step_before = k.b - k.a;
    double width = fabs(k.b - k.a);
    for (;;) {
        if (fabs(k.fc) < fabs(k.fb)) {
            k.a = k.b, k.fa = k.fb;
            k.b = k.c, k.fb = k.fc;
            k.c = k.a, k.fc = k.fa;
        }
        double tolerance = 2 * DBL_EPSILON * (width + fabs(k.b)), half = (k.c - k.b) / 2;
        if (fabs(half) <= tolerance || k.fb == 0) break;
        double step = next_step(&k, tolerance, half);
        k.step_before = step == half ? half : k.step;
        k.step = step;
        k.a = k.b, k.fa = k.fb;
        k.b += fabs(step) > tolerance ? step : half > 0 ? tolerance : -tolerance;
        fm_ode_status status = value_at(s, which, k.b, &k.fb);
        if (status != FM_ODE_FINISHED) return status;
        if ((k.fb > 0) == (k.fc > 0)) k.c = k.a, k.fc = k.fa, k.step = k.step_before = k.b - k.a;
    }
    *root = k.b;
    return FM_ODE_FINISHED;
}

/* A zero counts in the step that ends with it, not again in the one that starts there. */
static bool changes_sign(const fm_ode_event *e, double after) {
    bool up = e->value < 0 && after >= 0, down = e->value > 0 && after <= 0;
    return e->direction > 0 ? up : e->direction < 0 ? down : up || down;
}

fm_ode_status fm_ode_find_events(fm_ode *s, double *end) {
    double roots[FM_ODE_EVENTS], after;
    bool found[FM_ODE_EVENTS] = {false}, stop = false;
    for (int i = 0; i < s->n_events; i++) {
        fm_ode_event *e = &s->events[i];
        fm_ode_status status = value_at(s, i, s->at.t, &after);
        if (status != FM_ODE_FINISHED) return status;
        if (s->at.accepted && changes_sign(e, after)) {
            status = find_root(s, i, e->value, after, &roots[i]);
            if (status != FM_ODE_FINISHED) return status;
            found[i] = true;
            if (e->last && e->count + 1 >= e->last && fm_ode_direction(&s->plan) * (roots[i] - *end) <= 0) {
                *end = roots[i];
                stop = true;
            }
        }
        e->value = after;
    }
    for (int i = 0; i < s->n_events; i++) {
        if (!found[i] || fm_ode_direction(&s->plan) * (roots[i] - *end) > 0) continue;
        s->events[i].count++;
        fm_ode_status status = fm_ode_at(s, roots[i], s->point);
        if (status != FM_ODE_FINISHED) return status;
        s->point_is_x = false;
        if (!s->event_found(s->context, i, roots[i], s->point)) return FM_ODE_FIELD_FAILED;
    }
    return stop ? FM_ODE_EVENT : FM_ODE_FINISHED;
}
