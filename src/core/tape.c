#include "tape.h"

#include "activation.h"
#include "pool.h"
#include "tangent.h"

#include <string.h>

enum { CHUNK = 32 };

typedef struct chunk {
    struct chunk *prev, *next;
    fm_call frames[CHUNK];
} chunk;

struct fm_scope {
    fm_scope *older, *newer;
    void *owner;
    bool recording;
    bool holds;                      /* what it owns, until it ends; else it only knows it */
    bool walking;                    /* a walk is under way */
    int busy;                        /* calls that use it now: what ends it meanwhile is carried out after them: */
    void (*ending)(fm_scope *scope); /* fm_scope_close or fm_scope_forget */
    uint64_t walked;                 /* the time of the record where the walk is */
    fm_tensor *leaf;                 /* the one parameter that collects a gradient; NULL: all do */
    fm_tensor *owned;                /* the newest first; NULL: none */
    chunk *first, *last;
    size_t n_frames;
};

static fm_scope *newest;
static bool (*owner_at_work)(const void *owner);
static fm_custom_fn custom_backward;
static fm_custom_release_fn custom_release;

void fm_set_custom(fm_custom_fn backward, fm_custom_release_fn release) {
    custom_backward = backward;
    custom_release = release;
}

void fm_set_at_work(bool (*at_work)(const void *owner)) {
    owner_at_work = at_work;
}

fm_scope *fm_scope_now(void) {
    fm_scope *s = newest;
    while (s && s->owner && owner_at_work && !owner_at_work(s->owner)) s = s->older;
    return s;
}

bool fm_recording(void) {
    const fm_scope *s = fm_scope_now();
    return s && s->recording;
}

bool fm_recording_leaf(void) {
    const fm_scope *s = fm_scope_now();
    return s && s->recording && s->leaf;
}

fm_scope *fm_scope_open(bool recording, void *owner, fm_error *err) {
    fm_scope *s = fm_pool_take(sizeof *s);
    if (!s) {
        fm_fail(err, "out of memory: no room for a tape");
        return NULL;
    }
    *s = (fm_scope){.older = newest, .owner = owner, .recording = recording, .holds = recording};
    if (newest) newest->newer = s;
    return newest = s;
}

void fm_scope_only(fm_scope *s, fm_tensor *leaf) {
    s->leaf = fm_tensor_retain(leaf);
}

static void pin(fm_tensor *t, int by) {
    if (t) t->storage->pins += by;
}

static void frame_release(fm_call *c) {
    for (int i = 0; i < c->n_in; i++) {
        pin(c->in[i], -1);
        fm_tensor_release(c->in[i]);
    }
    if (c->in != c->few) fm_pool_give(c->in, (size_t)c->n_in * sizeof *c->in);
    pin(c->out, -1);
    fm_tensor_release(c->out);
    fm_storage_release(c->saved_storage);
    if (c->custom && custom_release) custom_release(c->custom);
}

/* Ends a scope, except for what it owns. */
static void end_recording(fm_scope *s) {
    if (s->newer) s->newer->older = s->older;
    else newest = s->older;
    if (s->older) s->older->newer = s->newer;
    size_t left = s->n_frames;
    for (chunk *c = s->first, *next; c; c = next) {
        next = c->next;
        for (size_t i = 0; i < CHUNK && left; i++, left--) frame_release(&c->frames[i]);
        fm_pool_give(c, sizeof *c);
    }
    fm_tensor_release(s->leaf);
}

static void let_go(fm_scope *s, bool drop) {
    for (fm_tensor *t; (t = s->owned) != NULL;) {
        fm_tensor_leave(t);
        if (!t->base) {
            if (!drop && t->needs_grad) t->recorded = fm_clock_next();
            t->needs_grad = false;
            fm_grad_release(t);
            if (drop && !t->storage->kept && !t->lent) fm_storage_drop(t->storage);
        }
        if (s->holds) fm_tensor_release(t);
    }
    fm_pool_give(s, sizeof *s);
}

void fm_scope_close(fm_scope *s) {
    if (!s) return;
    if (s->busy) { /* by a backward function of a custom op */
        s->ending = fm_scope_close;
        return;
    }
    end_recording(s);
    let_go(s, true);
}

void fm_scope_forget(fm_scope *s) {
    if (!s) return;
    if (s->busy) { /* by an allocation */
        if (!s->ending) s->ending = fm_scope_forget;
        return;
    }
    end_recording(s);
    let_go(s, false);
}

/* From here until it is released, nothing ends the scope. */
static void hold(fm_scope *s) {
    if (s) s->busy++;
}

static void unhold(fm_scope *s) {
    if (s && --s->busy == 0 && s->ending) s->ending(s);
}

bool fm_scope_record(fm_scope *s, bool recording) {
    bool before = s->recording;
    s->recording = recording;
    return before;
}

static void own(fm_scope *s, fm_tensor *t) {
    if (!s) return;
    if (s->holds) fm_tensor_retain(t);
    t->scope = s;
    t->owned_next = s->owned;
    t->owned_at = &s->owned;
    if (s->owned) s->owned->owned_at = &t->owned_next;
    s->owned = t;
}

void fm_scope_own(fm_tensor *t) {
    own(fm_scope_now(), t);
}

/* Room for one more record, or NULL without memory. */
static fm_call *next_frame(fm_scope *s) {
    size_t i = s->n_frames % CHUNK;
    if (i == 0) {
        chunk *c = fm_pool_take(sizeof *c);
        if (!c) return NULL;
        c->prev = s->last;
        c->next = NULL;
        if (s->last) s->last->next = c;
        else s->first = c;
        s->last = c;
    }
    s->n_frames++;
    return &s->last->frames[i];
}

fm_call *fm_call_init(fm_call *c, const fm_op *op) {
    c->op = op;
    c->n_in = 0;
    c->in = c->few;
    memset(c->opt, 0, sizeof c->opt);
    c->n_list = 0;
    c->saved_count = 0;
    c->scratch_count = 0;
    c->scratch = NULL;
    c->view_of = NULL;
    c->view_first = 0;
    c->out = NULL;
    c->saved = NULL;
    c->saved_storage = NULL;
    c->custom = NULL;
    if (op && op->options) {
        for (int i = 0; op->options[i].name; i++) {
            const fm_option *o = &op->options[i];
            if (o->kind == FM_NUMBER) c->opt[i].number = o->fallback;
            else if (o->kind == FM_AXIS && o->fallback >= 0) c->opt[i].integer = FM_NO_AXIS;
            else c->opt[i].integer = (int64_t)o->fallback;
        }
    }
    return c;
}

static bool wants_grad(const fm_call *c) {
    for (int i = 0; i < c->n_in; i++) {
        if (fm_differentiable(c, i) && fm_needs_grad(c->in[i])) return true;
    }
    return false;
}

/* On a tape for one leaf, everything else that might want a gradient is a constant: the call gets
 * a stand-in with the same numbers. */
static bool hide_others(fm_scope *s, fm_call *c, fm_error *err) {
    for (int i = 0; i < c->n_in; i++) {
        fm_tensor *t = c->in[i];
        if (!fm_needs_grad(t) || fm_base(t) == s->leaf || fm_base(t)->scope == s) continue;
        fm_tensor *constant = fm_tensor_of(t->storage, t->offset, t->rank, t->shape, err);
        if (!constant) return false;
        constant->lent = true;
        bool ok = fm_tangents_share(constant, t, err);
        if (ok) own(s, constant);
        fm_tensor_release(constant); /* the tape holds it */
        if (!ok) return false;
        c->in[i] = constant;
    }
    return true;
}

/* A copy of the frame becomes a record: it holds what backward will read. */
static bool keep_frame(fm_scope *s, const fm_call *frame, fm_error *err) {
    bool many = frame->in != frame->few;
    size_t bytes = (size_t)frame->n_in * sizeof *frame->in;
    fm_tensor **in = many ? fm_pool_take(bytes) : NULL;
    fm_call *c = many && !in ? NULL : next_frame(s);
    if (!c) {
        fm_pool_give(in, bytes);
        return fm_fail(err, "out of memory: no room for a record");
    }
    *c = *frame;
    c->in = many ? memcpy(in, frame->in, bytes) : c->few;
    for (int i = 0; i < c->n_in; i++) {
        if (c->in[i]) fm_tensor_retain(c->in[i]);
        pin(c->in[i], 1);
    }
    fm_tensor_retain(c->out);
    pin(c->out, 1);
    c->time = c->out->recorded = fm_clock_next();
    return true;
}

static fm_tensor *run_in(fm_scope *s, fm_call *c, fm_error *err) {
    bool recording = s && s->recording;
    if (recording && s->leaf && !hide_others(s, c, err)) return NULL;
    if (!c->op->shape(c, err)) return NULL;
    if (c->view_of) { /* shares storage and gradient: nothing to record */
        fm_tensor *view = fm_tensor_view(c->view_of, c->view_first, c->rank, c->shape, err);
        if (view && fm_last(view) == fm_last(c->view_of)) view->grad_first = c->view_of->grad_first;
        return view;
    }
    bool record = recording && c->op->backward && wants_grad(c);
    fm_tensor *out = fm_tensor_new(c->rank, c->shape, err);
    if (!out) return NULL;
    if (!record) c->saved_count = 0;
    if (c->saved_count + c->scratch_count) {
        c->saved_storage = fm_storage_new(c->saved_count + c->scratch_count, err);
        if (!c->saved_storage) goto fail;
        c->saved = record ? c->saved_storage->data : NULL;
        c->scratch = c->saved_storage->data + c->saved_count;
    }
    c->out = out;
    if (out->count) c->op->forward(c);
    own(s, out);
    if (record) {
        if (!keep_frame(s, c, err)) goto fail;
        out->needs_grad = true;
    } else {
        fm_storage_release(c->saved_storage);
    }
    return out;
fail:
    fm_storage_release(c->saved_storage);
    fm_tensor_release(out);
    return NULL;
}

static fm_tensor *run(fm_call *c, fm_error *err) {
    fm_scope *s = fm_scope_now();
    hold(s);
    fm_tensor *out = run_in(s, c, err);
    unhold(s);
    return out;
}

/* The activation that an op has at its end, as an option; -1: none. */
static int option_of_activation(const fm_call *c) {
    for (int i = 0; c->op->options && c->op->options[i].name; i++) {
        if (c->op->options[i].choices == fm_activation_names && c->opt[i].integer) return i;
    }
    return -1;
}

/* With an input that carries a tangent. An activation is a step of its own then: its tangent needs
 * what goes into it. */
static fm_tensor *run_and_follow(fm_call *c, fm_error *err) {
    int act = option_of_activation(c);
    if (act >= 0) {
        fm_call frame, *last = fm_call_init(&frame, fm_op_find(fm_activation_names[c->opt[act].integer]));
        c->opt[act].integer = 0;
        last->few[last->n_in++] = fm_run(c, err);
        fm_tensor *out = last->few[0] ? fm_run(last, err) : NULL;
        fm_tensor_release(last->few[0]);
        return out;
    }
    fm_call given = *c; /* shape() may change the options */
    if (c->in == c->few) given.in = given.few;
    fm_tensor *out = run(c, err);
    if (out && !c->view_of && !fm_tangents_run(&given, out, err)) { /* a view has them already */
        fm_tensor_release(out);
        return NULL;
    }
    return out;
}

fm_tensor *fm_run(fm_call *c, fm_error *err) {
    return fm_call_follows(c) ? run_and_follow(c, err) : run(c, err);
}

bool fm_record_call(fm_call *c, fm_error *err) {
    fm_scope *s = fm_scope_now();
    if (fm_call_follows(c)) return fm_fail(err, "%s has no tangent rule: fm.jvp cannot go through it", c->op ? c->op->name : "custom");
    if (!s || !s->recording) return true;
    if (s->leaf && !hide_others(s, c, err)) return false;
    if (!wants_grad(c)) return true;
    if (!keep_frame(s, c, err)) return false;
    c->out->needs_grad = true;
    return true;
}

bool fm_record_custom(int n_in, fm_tensor **in, fm_tensor *out, void *custom, fm_error *err) {
    fm_call frame, *c = fm_call_init(&frame, NULL);
    c->n_in = n_in;
    if (n_in <= FM_FEW_INPUTS) memcpy(c->few, in, (size_t)n_in * sizeof *in);
    else c->in = in;
    c->out = out;
    c->custom = custom;
    return fm_record_call(c, err);
}

/* ---- backward ---- */

/* The gradient of a tensor of another tape reaches it only when that tape is being walked (one of
 * its backward functions goes back over a tape of its own) and has not come to the tensor's record
 * yet. */
static bool will_be_walked(const fm_tensor *base) {
    return base->scope->walking && base->recorded < base->scope->walked;
}

/* The tensors that the record read must still have their numbers, unchanged; and their gradients
 * must go to parameters or to records that the walk will still reach. */
static bool check_inputs(const fm_scope *scope, const fm_call *c, fm_error *err) {
    const char *name = c->op ? c->op->name : "custom";
    for (int i = 0; i < c->n_in; i++) {
        if (!c->in[i]) continue;
        const fm_storage *s = c->in[i]->storage;
        if (!s->data) return fm_fail(err, "backward: an input of %s was released when its tape closed; use :detach()", name);
        if (s->written > c->time) {
            return fm_fail(err, "backward: an input of %s was changed by an optimizer after it was used; record the step again", name);
        }
        const fm_tensor *base = fm_base(c->in[i]);
        if (!base->needs_grad && base->recorded > c->time) {
            return fm_fail(
                err, "backward: the tape that recorded an input of %s is gone: keep it open, as in local tape <close> = fm.record()", name);
        }
        if (base->needs_grad && base->scope && base->scope != scope && !will_be_walked(base)) {
            return fm_fail(err, "backward: an input of %s was recorded on another tape; use :detach(), or one tape for both", name);
        }
    }
    return true;
}

static bool backward_one(const fm_scope *scope, const fm_call *c, fm_error *err) {
    if (!fm_grad_get(c->out)) return true; /* the loss does not depend on it */
    for (int i = 0; i < c->n_in; i++) {
        if (fm_needs_grad(c->in[i]) && !fm_grad_reserve(c->in[i], err)) return false;
    }
    if (!check_inputs(scope, c, err)) return false;    /* after the allocations, which may close a forgotten tape */
    if (!c->out->count || !wants_grad(c)) return true; /* nothing to pass on, or nobody: an input's own tape closed */
    if (c->op) c->op->backward(c);
    else if (!custom_backward(c, err)) return false;
    fm_grad_release(c->out); /* read for the last time: the next record takes the same, warm bytes */
    return true;
}

/* Clears what an unfinished walk left, so that backward may be called again. A finished one leaves
 * none. */
static void clear_intermediates(fm_scope *s) {
    for (fm_tensor *t = s->owned; t; t = t->owned_next) {
        if (!t->base) fm_grad_release(t);
    }
}

static bool walk_back(fm_scope *s, fm_error *err) {
    bool ok = true;
    chunk *c = s->last;
    for (size_t n = s->n_frames; ok && n-- > 0;) {
        s->walked = c->frames[n % CHUNK].time;
        ok = backward_one(s, &c->frames[n % CHUNK], err);
        if (n % CHUNK == 0) c = c->prev;
    }
    return ok;
}

static bool set_loss_gradient(fm_tensor *loss, const fm_tensor *grad_out, fm_error *err) {
    if (!fm_grad_reserve(loss, err)) return false;
    const real one = 1;
    fm_grad_sum(loss, grad_out ? fm_data(grad_out) : &one);
    return true;
}

bool fm_backward(fm_tensor *loss, const fm_tensor *grad_out, fm_error *err) {
    fm_scope *s = fm_base(loss)->scope;
    if (!fm_needs_grad(loss)) {
        return fm_fail(err, "backward: nothing here was recorded (compute the loss inside fm.record() or opt:step, from a parameter)");
    }
    if (!grad_out && loss->count != 1) {
        char text[FM_SHAPE_TEXT];
        return fm_fail(err, "backward: the loss is %s: reduce it to one number, or give its gradient", fm_shape_text(loss, text));
    }
    if (grad_out && !fm_same_shape(loss, grad_out)) {
        char a[FM_SHAPE_TEXT], b[FM_SHAPE_TEXT];
        return fm_fail(err, "backward: the loss is %s, the gradient given is %s", fm_shape_text(loss, a), fm_shape_text(grad_out, b));
    }
    if (!s) return set_loss_gradient(loss, grad_out, err); /* a parameter, or a view of one: its own derivative is 1 */
    if (s->walking) return fm_fail(err, "backward: this tape is being walked already (called from a backward function)");
    hold(s);
    s->walking = true;
    bool ok = set_loss_gradient(loss, grad_out, err) && walk_back(s, err);
    s->walking = false;
    if (!ok) clear_intermediates(s);
    unhold(s);
    return ok;
}
