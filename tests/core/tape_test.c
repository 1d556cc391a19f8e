/* The tape: ownership, gradients, and what is refused. */
#include "pool.h"
#include "tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static fm_error err;

static fm_tensor *numbers(size_t rows, size_t cols, double first) {
    size_t shape[] = {rows, cols};
    fm_tensor *t = fm_tensor_new(2, shape, &err);
    assert_non_null(t);
    for (size_t i = 0; i < t->count; i++) fm_data(t)[i] = first + 0.1 * (double)i;
    return t;
}

static fm_tensor *parameter(size_t rows, size_t cols, double first) {
    fm_tensor *t = numbers(rows, cols, first);
    t->needs_grad = true;
    return t;
}

static fm_call *begin(const char *op, fm_tensor *a, fm_tensor *b) {
    static fm_call frame;
    fm_call *c = fm_call_init(&frame, fm_op_find(op));
    c->few[c->n_in++] = a;
    if (b) c->few[c->n_in++] = b;
    return c;
}

/* Runs an op of one or two inputs; on a tape the tape keeps the result, so that the test holds no
 * reference. */
static fm_tensor *run(const char *op, fm_tensor *a, fm_tensor *b) {
    fm_tensor *y = fm_run(begin(op, a, b), &err);
    if (!y) fail_msg("%s", err.text);
    if (fm_recording() && !y->base) fm_tensor_release(y);
    return y;
}

static fm_tensor *reshaped(fm_tensor *x, size_t rows, size_t cols) {
    fm_call *c = begin("reshape", x, NULL);
    c->n_list = 2;
    c->list[0] = (int64_t)rows;
    c->list[1] = (int64_t)cols;
    return fm_run(c, &err);
}

static fm_scope *tape(void) {
    fm_scope *s = fm_scope_open(true, NULL, &err);
    assert_non_null(s);
    return s;
}

static void go_back(fm_tensor *loss) {
    if (!fm_backward(loss, NULL, &err)) fail_msg("%s", err.text);
}

static void refuses(fm_tensor *loss, const fm_tensor *grad_out, const char *message) {
    err.text[0] = 0;
    assert_false(fm_backward(loss, grad_out, &err));
    if (!strstr(err.text, message)) fail_msg("said \"%s\", expected \"%s\"", err.text, message);
}

static void near(double a, double b) {
    if (!(fabs(a - b) <= 1e-12 * fmax(1, fabs(b)))) fail_msg("%.17g is not %.17g", a, b);
}

/* ---- scopes ---- */

static size_t live_before;

static int remember_live(void **state) {
    (void)state;
    live_before = fm_live_bytes();
    return 0;
}

static int same_live(void **state) {
    (void)state;
    if (fm_live_bytes() != live_before) print_error("%zu bytes at the start, %zu now\n", live_before, fm_live_bytes());
    return fm_live_bytes() != live_before || fm_scope_now() != NULL;
}

static void scopes_close_in_any_order(void **state) {
    (void)state;
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int o = 0; o < 6; o++) {
        fm_tensor *x = parameter(2, 3, 1), *held[3];
        fm_scope *s[3];
        for (int i = 0; i < 3; i++) {
            s[i] = fm_scope_open(i != 1, NULL, &err);
            held[i] = run("square", x, NULL);
            if (i != 1) fm_tensor_retain(held[i]);
            assert_true(held[i]->scope == s[i]);
            assert_true(held[i]->needs_grad == (i != 1)); /* the middle one records nothing */
        }
        for (int i = 0; i < 3; i++) {
            fm_scope_close(s[orders[o][i]]);
            fm_scope *newest = NULL;
            for (int k = 0; k < 3; k++) {
                bool closed = false;
                for (int j = 0; j <= i; j++) closed = closed || orders[o][j] == k;
                assert_true((held[k]->storage->data == NULL) == closed);
                if (!closed) newest = s[k];
            }
            assert_true(fm_scope_now() == newest);
        }
        for (int i = 0; i < 3; i++) fm_tensor_release(held[i]);
        fm_tensor_release(x);
    }
}

static void what_a_scope_made_goes_back_when_it_closes(void **state) {
    (void)state;
    fm_tensor *x = parameter(4, 5, 1);
    size_t before = fm_live_bytes();
    fm_scope *s = tape();
    fm_tensor *y = fm_tensor_retain(run("exp", x, NULL)), *view = reshaped(y, 10, 2), *kept = fm_tensor_detach(run("neg", y, NULL), &err);
    assert_true(fm_live_bytes() == before + 2 * x->count * sizeof(real));
    assert_false(fm_may_write(x)); /* the record reads it */
    fm_scope_close(s);
    assert_true(fm_may_write(x));
    assert_null(y->storage->data);
    assert_null(view->storage->data);
    near(fm_data(kept)[3], -exp(1.3)); /* detached: outlives its tape */
    assert_false(fm_needs_grad(kept));
    fm_tensor_release(kept);
    fm_tensor_release(view);
    fm_tensor_release(y);
    assert_int_equal(fm_live_bytes(), before);
    fm_tensor_release(x);
}

static void a_scope_that_does_not_record_holds_nothing(void **state) {
    (void)state;
    fm_tensor *x = parameter(4, 5, 1), *y[5];
    size_t before = fm_live_bytes(), each = x->count * sizeof(real);
    fm_scope *s = fm_scope_open(false, NULL, &err);
    for (int i = 0; i < 5; i++) y[i] = run("exp", x, NULL);
    assert_true(fm_live_bytes() == before + 5 * each);
    static const int order[] = {0, 4, 2}; /* the ends and the middle of its list */
    for (int i = 0; i < 3; i++) {
        fm_tensor_release(y[order[i]]);
        assert_true(fm_live_bytes() == before + (size_t)(4 - i) * each);
    }
    fm_tensor *view = reshaped(y[1], 10, 2), *kept = fm_tensor_detach(y[3], &err);
    fm_tensor_release(y[1]); /* the view holds it */
    fm_tensor_release(y[3]);
    assert_true(fm_live_bytes() == before + 2 * each);
    near(fm_data(view)[3], exp(1.3));
    fm_scope_close(s);
    assert_null(view->storage->data);
    near(fm_data(kept)[3], exp(1.3));
    fm_tensor_release(view);
    fm_tensor_release(kept);
    assert_int_equal(fm_live_bytes(), before);
    fm_tensor_release(x);
}

static void a_tape_holds_what_it_made_in_a_pause_too(void **state) {
    (void)state;
    fm_tensor *x = parameter(4, 5, 1);
    size_t before = fm_live_bytes(), each = x->count * sizeof(real);
    fm_scope *s = tape();
    assert_true(fm_scope_record(s, false));
    fm_tensor *y = run("exp", x, NULL);
    assert_false(fm_scope_record(s, true));
    fm_tensor_release(y);
    assert_true(fm_live_bytes() == before + each);
    fm_scope *inner = fm_scope_open(false, NULL, &err);
    fm_tensor_release(run("exp", y, NULL));
    assert_true(fm_live_bytes() == before + each);
    fm_scope_close(s); /* the older one first */
    assert_int_equal(fm_live_bytes(), before);
    fm_scope_close(inner);
    fm_tensor_release(x);
}

static const void *idle;

static bool all_but_idle(const void *owner) {
    return owner != idle;
}

static void a_record_holds_what_another_scope_made(void **state) {
    (void)state;
    static int owners[2];
    fm_set_at_work(all_but_idle);
    fm_tensor *x = parameter(2, 2, 1);
    fm_scope *s = tape(), *aside = fm_scope_open(false, &owners[0], &err);
    fm_tensor *c = run("exp", x, NULL);
    idle = &owners[0];
    fm_tensor *loss = run("sum", run("mul", x, c), NULL);
    fm_tensor_release(c);
    go_back(loss);
    near(fm_grad_get(x)[0], exp(1));
    fm_scope_forget(aside); /* before the tape: it lives on in its record */
    near(fm_data(c)[0], exp(1));
    fm_scope_close(s);
    idle = NULL;
    fm_set_at_work(NULL);
    fm_grad_release(x);
    fm_tensor_release(x);
}

static void what_a_forgotten_scope_made_lives_on(void **state) {
    (void)state;
    fm_tensor *x = parameter(4, 5, 1);
    size_t before = fm_live_bytes();
    fm_scope *s = tape();
    fm_tensor *y = fm_tensor_retain(run("exp", x, NULL)), *view = reshaped(y, 10, 2);
    run("neg", y, NULL); /* nobody holds it */
    fm_scope_forget(s);
    assert_null(fm_scope_now());
    assert_true(fm_may_write(x));
    near(fm_data(y)[3], exp(1.3));
    near(fm_data(view)[3], exp(1.3));
    assert_false(fm_needs_grad(y));
    assert_null(y->scope);
    assert_int_equal(fm_live_bytes(), before + x->count * sizeof(real));
    refuses(y, NULL, "nothing here was recorded");
    fm_tensor_release(view);
    fm_tensor_release(y);
    fm_tensor_release(x);
}

static void a_loss_on_what_a_forgotten_scope_made_is_refused(void **state) {
    (void)state;
    fm_tensor *x = parameter(2, 2, 1);
    fm_scope *first = tape();
    fm_tensor *y = fm_tensor_retain(run("exp", x, NULL));
    fm_scope *second = tape();
    fm_tensor *loss = run("sum", run("mul", y, x), NULL);
    fm_scope_forget(first);
    refuses(loss, NULL, "the tape that recorded an input of mul is gone");
    go_back(run("sum", run("mul", y, x), NULL)); /* used from now on it is a constant */
    near(fm_grad_get(x)[1], exp(1.1));
    fm_scope_close(second);
    fm_tensor_release(y);
    fm_grad_release(x);
    fm_tensor_release(x);
}

static void the_scope_of_one_put_aside_does_not_count(void **state) {
    (void)state;
    static int owners[2];
    fm_set_at_work(all_but_idle);
    fm_tensor *x = parameter(1, 2, 1);
    fm_scope *a = fm_scope_open(true, &owners[0], &err), *b = fm_scope_open(true, &owners[1], &err);
    assert_true(fm_scope_now() == b);
    idle = &owners[1];
    assert_true(fm_scope_now() == a);
    fm_tensor *y = run("exp", x, NULL);
    assert_true(y->scope == a);
    idle = &owners[0];
    assert_true(fm_scope_now() == b);
    fm_tensor *z = run("exp", x, NULL);
    assert_true(z->scope == b);
    fm_scope_close(b);
    assert_null(fm_scope_now());
    assert_false(fm_recording());
    fm_tensor *outside = run("exp", x, NULL);
    assert_null(outside->scope);
    assert_false(outside->needs_grad);
    idle = NULL;
    go_back(run("sum", y, NULL));
    near(fm_grad_get(x)[0], exp(1));
    fm_scope_close(a);
    fm_set_at_work(NULL);
    fm_tensor_release(outside);
    fm_grad_release(x);
    fm_tensor_release(x);
}

/* The collector runs when memory is short: what it frees must not vanish under the call that wants
 * memory. */
static fm_scope *forgotten;

static bool forget_it(void) {
    fm_scope_forget(forgotten);
    forgotten = NULL;
    return true;
}

static void a_scope_forgotten_within_an_op_ends_after_it(void **state) {
    (void)state;
    static const char *const ops[] = {"exp", "softmax", "mul"};
    fm_tensor *x = parameter(8, 8, 1);
    for (size_t leaf = 0; leaf < 2; leaf++) {
        for (size_t i = 0; i < 3; i++) {
            fm_scope *s = tape();
            if (leaf) fm_scope_only(s, x);
            fm_tensor *y = fm_tensor_retain(run("neg", x, NULL)), *w = parameter(8, 8, 2);
            fm_set_reclaim(forget_it);
            forgotten = s;
            fm_set_memory_limit(fm_live_bytes() + 16);
            fm_tensor *z = fm_run(begin(ops[i], i == 2 ? w : y, i == 2 ? y : NULL), &err); /* too large all the same */
            assert_null(z);
            fm_set_memory_limit(0);
            fm_set_reclaim(NULL);
            assert_null(forgotten);
            assert_null(fm_scope_now());
            near(fm_data(y)[0], -1);
            fm_tensor_release(y);
            fm_tensor_release(w);
        }
    }
    fm_tensor_release(x);
}

static void many_records_need_many_chunks(void **state) {
    (void)state;
    enum { N = 5000 };
    fm_tensor *x = parameter(1, 1, 2);
    fm_scope *s = tape();
    fm_tensor *y = x;
    for (int i = 0; i < N; i++) y = run("add", y, x);
    go_back(y);
    near(fm_grad_get(x)[0], N + 1);
    fm_scope_close(s);
    fm_grad_release(x);
    fm_tensor_release(x);
}

/* ---- what flows back ---- */

static void backward_twice_adds_up(void **state) {
    (void)state;
    fm_tensor *x = parameter(2, 3, 1);
    fm_scope *s = tape();
    fm_tensor *loss = run("sum", run("square", x, NULL), NULL);
    go_back(loss);
    go_back(loss);
    for (size_t i = 0; i < 6; i++) near(fm_grad_get(x)[i], 4 * fm_data(x)[i]);
    fm_grad_clear(x);
    assert_null(fm_grad_get(x));
    go_back(loss);
    for (size_t i = 0; i < 6; i++) near(fm_grad_get(x)[i], 2 * fm_data(x)[i]);
    fm_scope_close(s);
    fm_grad_release(x);
    fm_tensor_release(x);
}

static void one_tensor_twice_in_one_op(void **state) {
    (void)state;
    fm_tensor *x = parameter(2, 2, 1);
    fm_scope *s = tape();
    go_back(run("sum", run("mul", x, x), NULL));
    for (size_t i = 0; i < 4; i++) near(fm_grad_get(x)[i], 2 * fm_data(x)[i]);
    fm_grad_clear(x);
    go_back(run("sum", run("cat", x, x), NULL));
    for (size_t i = 0; i < 4; i++) near(fm_grad_get(x)[i], 2);
    fm_grad_clear(x);
    go_back(run("sum", run("matmul", x, x), NULL));
    double a = fm_data(x)[0], b = fm_data(x)[1], c = fm_data(x)[2], d = fm_data(x)[3];
    near(fm_grad_get(x)[0], 2 * a + b + c);
    near(fm_grad_get(x)[3], b + c + 2 * d);
    fm_scope_close(s);
    fm_grad_release(x);
    fm_tensor_release(x);
}

static void a_view_shares_the_gradient_of_its_base(void **state) {
    (void)state;
    fm_tensor *x = parameter(3, 2, 1);
    size_t row[] = {2};
    fm_tensor *second = fm_tensor_view(x, 2, 1, row, &err), *inner = fm_tensor_view(second, 1, 0, row, &err);
    assert_true(inner->base == x); /* never a view of a view */
    fm_scope *s = tape();
    fm_tensor *a = run("sum", run("square", second, NULL), NULL), *flat = reshaped(x, 2, 3);
    fm_tensor *loss = run("add", run("add", a, run("sum", run("square", flat, NULL), NULL)), run("square", inner, NULL));
    go_back(loss);
    const double times[] = {2, 2, 4, 6, 2, 2};
    for (size_t i = 0; i < 6; i++) near(fm_grad_get(x)[i], times[i] * fm_data(x)[i]);
    near(fm_grad_get(second)[0], 4 * fm_data(x)[2]);
    near(fm_grad_get(inner)[0], 6 * fm_data(x)[3]);
    fm_tensor_release(flat);
    fm_scope_close(s);
    fm_tensor_release(inner);
    fm_tensor_release(second);
    fm_grad_release(x);
    fm_tensor_release(x);
}

static void the_loss_may_be_a_view(void **state) {
    (void)state;
    fm_tensor *x = parameter(2, 3, 1), *ones = numbers(3, 2, 1);
    fm_scope *s = tape();
    fm_tensor *y = reshaped(run("square", x, NULL), 3, 2);
    if (!fm_backward(y, ones, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < 6; i++) near(fm_grad_get(x)[i], 2 * fm_data(x)[i] * fm_data(ones)[i]);
    fm_tensor_release(y);
    fm_scope_close(s);
    fm_tensor_release(ones);
    fm_grad_release(x);
    fm_tensor_release(x);
}

static void a_parameter_is_its_own_derivative(void **state) {
    (void)state;
    fm_tensor *x = parameter(2, 3, 1), *g = numbers(2, 3, 5);
    size_t shape[] = {1};
    fm_tensor *last = fm_tensor_view(x, 5, 1, shape, &err);
    assert_true(fm_backward(x, g, &err));
    go_back(last);
    for (size_t i = 0; i < 6; i++) near(fm_grad_get(x)[i], fm_data(g)[i] + (i == 5));
    fm_tensor_release(last);
    fm_tensor_release(g);
    fm_grad_release(x);
    fm_tensor_release(x);
}

/* cat marks leading columns without a gradient and linear leaves them out: the result is the
 * same. */
static void leading_columns_without_a_gradient_are_left_out(void **state) {
    (void)state;
    fm_tensor *data = numbers(4, 3, 0.5), *h = parameter(4, 2, -1), *w = parameter(6, 5, 0.2);
    fm_scope *s = tape();
    fm_call *c = begin("cat", data, h);
    c->opt[0].integer = 1;
    fm_tensor *x = fm_run(c, &err);
    assert_int_equal(x->grad_first, 3);
    fm_tensor *view = reshaped(x, 4, 5);
    assert_int_equal(view->grad_first, 3);
    fm_tensor *other = reshaped(x, 2, 10);
    assert_int_equal(other->grad_first, 0);
    fm_tensor *y = run("linear", view, w), *z = run("linear", x, w);
    go_back(run("add", run("sum", run("square", y, NULL), NULL), run("sum", z, NULL)));
    for (size_t r = 0; r < 4; r++) {
        for (size_t j = 0; j < 2; j++) {
            double want = 0;
            for (size_t o = 0; o < 6; o++) want += (2 * fm_data(y)[r * 6 + o] + 1) * fm_data(w)[o * 5 + 3 + j];
            near(fm_grad_get(h)[r * 2 + j], want);
        }
    }
    assert_null(fm_grad_get(data));
    fm_tensor_release(other);
    fm_tensor_release(view);
    fm_tensor_release(x);
    fm_scope_close(s);
    fm_grad_release(h);
    fm_grad_release(w);
    fm_tensor_release(data);
    fm_tensor_release(h);
    fm_tensor_release(w);
}

static void a_frame_of_the_callers_is_copied(void **state) {
    (void)state;
    fm_tensor *x = parameter(1, 2, 3);
    fm_scope *s = tape();
    fm_tensor *y;
    {
        fm_call frame, *c = fm_call_init(&frame, fm_op_find("mul"));
        c->few[c->n_in++] = x;
        run("exp", x, NULL); /* another op meanwhile, as a finalizer may */
        c->few[c->n_in++] = x;
        y = fm_run(c, &err);
        memset(&frame, 0, sizeof frame);
    }
    go_back(run("sum", y, NULL));
    near(fm_grad_get(x)[1], 2 * fm_data(x)[1]);
    fm_tensor_release(y);
    fm_scope_close(s);
    fm_grad_release(x);
    fm_tensor_release(x);
}

/* ---- custom records ---- */

static struct {
    fm_scope *close_me;
    fm_tensor *walk_me;
    int released;
} custom;

static bool doubled(const fm_call *c, fm_error *e) {
    if (custom.close_me) fm_scope_close(custom.close_me);
    custom.close_me = NULL;
    if (custom.walk_me && !fm_backward(custom.walk_me, NULL, e)) return false;
    for (size_t i = 0; i < c->out->count; i++) fm_grad_add(c->in[0])[i] += 2 * fm_grad_get(c->out)[i];
    return true;
}

static void released(void *which) {
    custom.released += *(int *)which;
}

static fm_tensor *custom_double(fm_tensor *x, int *tag) {
    fm_tensor *in[] = {x}, *y = fm_tensor_clone(x, &err);
    fm_scope_own(y);
    assert_true(fm_record_custom(1, in, y, tag, &err));
    fm_tensor_release(y);
    return y;
}

static void a_custom_record_runs_and_is_released_once(void **state) {
    (void)state;
    int tag = 1;
    memset(&custom, 0, sizeof custom);
    fm_set_custom(doubled, released);
    fm_tensor *x = parameter(2, 2, 1), *data = numbers(2, 2, 1);
    fm_scope *s = tape();
    assert_false(custom_double(data, &tag)->needs_grad); /* nobody asks: stays the caller's */
    go_back(run("sum", run("square", custom_double(x, &tag), NULL), NULL));
    for (size_t i = 0; i < 4; i++) near(fm_grad_get(x)[i], 4 * fm_data(x)[i]);
    assert_int_equal(custom.released, 0);
    fm_scope_close(s);
    assert_int_equal(custom.released, 1);
    fm_grad_release(x);
    fm_tensor_release(x);
    fm_tensor_release(data);
}

static void a_tape_closed_during_its_walk_closes_after_it(void **state) {
    (void)state;
    int tag = 1;
    memset(&custom, 0, sizeof custom);
    fm_set_custom(doubled, released);
    fm_tensor *x = parameter(2, 2, 1);
    fm_scope *s = tape();
    fm_tensor *loss = run("sum", custom_double(run("square", x, NULL), &tag), NULL);
    custom.close_me = s;
    go_back(loss);
    for (size_t i = 0; i < 4; i++) near(fm_grad_get(x)[i], 4 * fm_data(x)[i]);
    assert_null(fm_scope_now());
    assert_int_equal(custom.released, 1);
    fm_grad_release(x);
    fm_tensor_release(x);
}

static void a_walk_within_its_own_walk_is_refused(void **state) {
    (void)state;
    int tag = 1;
    memset(&custom, 0, sizeof custom);
    fm_set_custom(doubled, released);
    fm_tensor *x = parameter(2, 2, 1);
    fm_scope *s = tape();
    fm_tensor *loss = run("sum", custom_double(x, &tag), NULL);
    custom.walk_me = loss;
    refuses(loss, NULL, "walked already");
    custom.walk_me = NULL;
    go_back(loss); /* and the tape is as it was */
    near(fm_grad_get(x)[0], 2);
    fm_scope_close(s);
    fm_grad_release(x);
    fm_tensor_release(x);
}

/* ---- what is refused ---- */

static void wrong_losses_are_refused(void **state) {
    (void)state;
    fm_tensor *x = parameter(2, 3, 1), *data = numbers(2, 3, 1), *g = numbers(3, 2, 1);
    fm_tensor *outside = fm_run(begin("sum", x, NULL), &err);
    refuses(outside, NULL, "nothing here was recorded");
    fm_scope *s = tape();
    refuses(run("sum", data, NULL), NULL, "nothing here was recorded");
    fm_tensor *y = run("square", x, NULL);
    refuses(y, NULL, "the loss is [2, 3]: reduce it to one number");
    refuses(y, g, "the loss is [2, 3], the gradient given is [3, 2]");
    assert_null(fm_grad_get(x));
    fm_scope_close(s);
    fm_tensor_release(outside);
    fm_tensor_release(g);
    fm_tensor_release(data);
    fm_tensor_release(x);
}

static void an_input_released_or_of_another_tape_is_refused(void **state) {
    (void)state;
    fm_tensor *x = parameter(2, 3, 1);
    fm_scope *outer = tape();
    fm_tensor *h = run("square", x, NULL);
    fm_scope *inner = tape();
    fm_tensor *loss = run("sum", run("mul", h, x), NULL);
    refuses(loss, NULL, "an input of mul was recorded on another tape");
    fm_scope_close(outer);
    refuses(loss, NULL, "an input of mul was released when its tape closed");
    fm_scope_close(inner);
    fm_grad_release(x);
    fm_tensor_release(x);
}

static void an_input_kept_beyond_its_tape_gets_no_gradient(void **state) {
    (void)state;
    fm_tensor *x = parameter(2, 3, 1);
    fm_scope *outer = tape();
    fm_tensor *h = fm_tensor_retain(run("square", x, NULL)), *kept = fm_tensor_detach(h, &err);
    fm_scope *inner = tape();
    fm_tensor *loss = run("sum", run("exp", h, NULL), NULL);
    fm_scope_close(outer);
    go_back(loss);
    assert_null(fm_grad_get(x));
    fm_scope_close(inner);
    fm_tensor_release(kept);
    fm_tensor_release(h);
    fm_tensor_release(x);
}

static void a_parameter_written_by_an_optimizer_is_noticed(void **state) {
    (void)state;
    fm_tensor *x = parameter(2, 3, 1);
    fm_scope *s = tape();
    fm_tensor *loss = run("sum", run("square", x, NULL), NULL);
    go_back(loss);
    x->storage->written = fm_clock_next();
    refuses(loss, NULL, "an input of square was changed by an optimizer");
    go_back(run("sum", run("square", x, NULL), NULL)); /* recorded after the write: fine */
    fm_scope_close(s);
    fm_grad_release(x);
    fm_tensor_release(x);
}

/* ---- memory ---- */

static void step(fm_tensor *data, fm_tensor *w1, fm_tensor *w2) {
    fm_scope *s = tape();
    fm_call *c = begin("linear", data, w1);
    c->opt[0].integer = 4; /* silu */
    fm_tensor *h = fm_run(c, &err);
    fm_tensor *loss = run("mean", run("square", run("linear", run("softmax", h, NULL), w2), NULL), NULL);
    go_back(loss);
    fm_tensor_release(h);
    fm_scope_close(s);
    fm_grad_clear(w1);
    fm_grad_clear(w2);
}

static void a_warm_loop_asks_the_system_for_nothing(void **state) {
    (void)state;
    fm_tensor *data = numbers(64, 10, 0), *w1 = parameter(32, 10, 0), *w2 = parameter(300, 32, 0);
    for (int i = 0; i < 3; i++) step(data, w1, w2);
    size_t mallocs = fm_pool_mallocs(), live = fm_live_bytes();
    for (int i = 0; i < 200; i++) step(data, w1, w2);
    assert_int_equal(fm_live_bytes(), live);
#ifndef __SANITIZE_ADDRESS__ /* there, each block comes from the system */
    assert_int_equal(fm_pool_mallocs(), mallocs);
#else
    assert_true(fm_pool_mallocs() > mallocs);
#endif
    fm_grad_release(w1);
    fm_grad_release(w2);
    fm_tensor_release(data);
    fm_tensor_release(w1);
    fm_tensor_release(w2);
}

static void running_out_of_memory_leaves_everything_as_it_was(void **state) {
    (void)state;
    fm_tensor *x = parameter(100, 100, 1);
    fm_scope *s = tape();
    fm_tensor *y = run("square", x, NULL), *loss = run("sum", run("exp", y, NULL), NULL);
    size_t live = fm_live_bytes();
    fm_set_memory_limit(live + 1000);
    assert_null(fm_run(begin("exp", y, NULL), &err));
    assert_non_null(strstr(err.text, "out of memory"));
    assert_null(fm_run(begin("softmax", y, NULL), &err));
    refuses(loss, NULL, "out of memory");
    assert_int_equal(fm_live_bytes(), live);
    fm_set_memory_limit(0);
    go_back(loss);
    near(fm_grad_get(x)[0], 2 * fm_data(x)[0] * exp(1));
    fm_scope_close(s);
    fm_grad_release(x);
    fm_tensor_release(x);
}

int main(void) {
#define CHECKED(test) cmocka_unit_test_setup_teardown(test, remember_live, same_live)
    const struct CMUnitTest tests[] = {
        CHECKED(scopes_close_in_any_order),
        CHECKED(what_a_scope_made_goes_back_when_it_closes),
        CHECKED(a_scope_that_does_not_record_holds_nothing),
        CHECKED(a_tape_holds_what_it_made_in_a_pause_too),
        CHECKED(a_record_holds_what_another_scope_made),
        CHECKED(what_a_forgotten_scope_made_lives_on),
        CHECKED(a_loss_on_what_a_forgotten_scope_made_is_refused),
        CHECKED(the_scope_of_one_put_aside_does_not_count),
        CHECKED(a_scope_forgotten_within_an_op_ends_after_it),
        CHECKED(many_records_need_many_chunks),
        CHECKED(backward_twice_adds_up),
        CHECKED(one_tensor_twice_in_one_op),
        CHECKED(a_view_shares_the_gradient_of_its_base),
        CHECKED(the_loss_may_be_a_view),
        CHECKED(a_parameter_is_its_own_derivative),
        CHECKED(leading_columns_without_a_gradient_are_left_out),
        CHECKED(a_frame_of_the_callers_is_copied),
        CHECKED(a_custom_record_runs_and_is_released_once),
        CHECKED(a_tape_closed_during_its_walk_closes_after_it),
        CHECKED(a_walk_within_its_own_walk_is_refused),
        CHECKED(wrong_losses_are_refused),
        CHECKED(an_input_released_or_of_another_tape_is_refused),
        CHECKED(an_input_kept_beyond_its_tape_gets_no_gradient),
        CHECKED(a_parameter_written_by_an_optimizer_is_noticed),
        CHECKED(a_warm_loop_asks_the_system_for_nothing),
        CHECKED(running_out_of_memory_leaves_everything_as_it_was),
    };
    return cmocka_run_group_tests_name("tape", tests, NULL, NULL);
}
