/* Scopes own what a step makes; a tape is a scope that also records.
 *
 * Open a scope, run ops, close it: the results' bytes go back to the pool at once, even
 * where a handle still refers to them (lifetimes.h). Until then a tape holds them all, because a
 * record may read them; another scope holds none, and what nobody holds goes at once.
 * Scopes form a list, newest first, and may be closed in any order. Only one counts: the newest
 * whose owner is at work. It owns new results, and records them if it is a tape. */
#ifndef FM_TAPE_H
#define FM_TAPE_H

#include "op.h"

typedef struct fm_scope fm_scope;

/* The owner is the coroutine whose results the scope owns, which may be put aside while others run.
 * NULL: the scope counts until it closes. NULL with `err` filled. */
fm_scope *fm_scope_open(bool recording, void *owner, fm_error *err);
/* Once per scope, by this or by fm_scope_forget; NULL is fine. */
void fm_scope_close(fm_scope *s);
/* Ends a scope that nobody can reach any more. Its records go; what it made lives on as long as
 * somebody holds it, without a gradient. So this frees nothing that somebody may be reading, and
 * may happen at any allocation. */
void fm_scope_forget(fm_scope *s);
fm_scope *fm_scope_now(void); /* the one that counts, or NULL */
/* Tells whether an owner runs now or waits for a coroutine that it resumed. Set once by the
 * binding; unset: yes. */
void fm_set_at_work(bool (*at_work)(const void *owner));
bool fm_recording(void);
/* Only the parameter `leaf`, which the tape retains, collects a gradient here, and only what is
 * made from it is recorded; the rest are constants. Call it once, before anything is recorded. */
void fm_scope_only(fm_scope *s, fm_tensor *leaf);
bool fm_recording_leaf(void); /* such a tape is recording */
/* Stops or resumes recording in a scope; returns what it was. */
bool fm_scope_record(fm_scope *s, bool recording);
/* The scope that counts owns the tensor, which is new, from now on: its bytes go back at close. No
 * scope: nothing happens. */
void fm_scope_own(fm_tensor *t);

/* Walks the tape of `loss` from the end; the gradients are added to those of the parameters.
 * grad_out has the shape of loss, or is NULL for a loss of one number (then 1). False with `err`
 * filled, e.g. when loss was not recorded. */
bool fm_backward(fm_tensor *loss, const fm_tensor *grad_out, fm_error *err);

/* A record whose backward is in the binding: when fm_backward reaches it, it calls the `backward`
 * of fm_set_custom (set once by the binding) with the frame. `out`, owned by the tape already,
 * becomes a result of the inputs. The record takes `custom` over when out->needs_grad is true
 * afterwards; else it stays the caller's. False with `err` filled. */
typedef bool (*fm_custom_fn)(const fm_call *c, fm_error *err);
typedef void (*fm_custom_release_fn)(void *custom);
void fm_set_custom(fm_custom_fn backward, fm_custom_release_fn release);
bool fm_record_custom(int n_in, fm_tensor **in, fm_tensor *out, void *custom, fm_error *err);
/* The same for a frame that was filled elsewhere: op (its backward is all that is used), in, out,
 * and saved_storage, which the record takes over when c->out->needs_grad is true afterwards. */
bool fm_record_call(fm_call *c, fm_error *err);

/* True when no open tape still needs the numbers of t, so that they may be written in place. */
static inline bool fm_may_write(const fm_tensor *t) {
    return t->storage->pins == 0;
}

#endif
