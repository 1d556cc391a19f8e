/* Who keeps what alive. A manual page, no code: the fields it names are in storage.h, tensor.h,
 * tape.h and op.h.
 *
 * THE THINGS
 *   storage   a block of numbers. Tensors, flat vectors and records hold it.
 *   tensor    a shape over a storage. Handles, views, records, tapes and flat vectors hold it.
 *   scope     owns what is made while it is open (fm.scope, opt:step): what is still there at its
 *             end is dropped. A tape is a scope that also records. It holds what it owns, until its
 *             end. A scope opened without recording only has a list of it: a tensor that nobody
 *             holds any more leaves the list and is gone, so that an evaluation needs no more
 *             memory than what is in use at once.
 *   record    a call that a tape keeps until it closes: it holds the tensors that backward reads.
 *   handle    the object that Lua owns, with one reference to a tensor (bind/handle.c).
 *   tangent   a derivative of a tensor's numbers (tensor.h), a tensor itself. The tensor holds its
 *             tangents until it goes; fm.jvp takes them off what it returns. They count only while
 *             their level is open (level.h), and a scope that owns them drops their numbers when it
 *             ends, as it does all others.
 * `*_new` and `*_retain` give one reference, and the caller releases it. All other pointers are
 * borrowed.
 *
 * NUMBERS ARE   held -> dropped -> gone, or held -> gone
 *   held      storage->data is there.
 *   dropped   data is NULL: the bytes are back in the pool, and the struct waits for its last
 *             holder. A handle over it says "released when its tape closed". fm_storage_drop does
 *             it, called by
 *               fm_scope_close   for what the scope owns, unless the storage is `kept` or the
 *                                tensor is `lent`;
 *               the ODE solver   at the end of a solve, for the x that it gave to the field, unless
 *                                that is `kept` or pinned.
 *   gone      the last holder released it (fm_storage_release).
 *
 * MARKS ON A STORAGE
 *   pins      how many records of open tapes read or wrote it. Recording a call adds one for each
 *             input and for the output; the end of the tape takes them off. Above 0 nothing is
 *             written in place (fm_may_write), and fm_flat_open leaves the numbers where they are.
 *   kept      a t:detach() shares it. Set by fm_tensor_detach and never taken off: the bytes stay
 *             until the last holder goes.
 *   written   the time (fm_clock) of the last write by an optimizer, which pins do not stop. An
 *             older record refuses to go backward.
 *
 * MARKS ON A TENSOR
 *   scope       the open scope that owns it. Set when a scope takes it (fm_run, fm_scope_own); NULL
 *               again when that ends. owned_next and owned_at are its place in the scope's list.
 *   lent        its storage is another tensor's. Set for the stand-ins of constants on a tape for
 *               one leaf; the end of the scope does not drop their numbers.
 *   needs_grad  a parameter, or made from one on a tape that is open. The end of the tape takes it
 *               off what it owns.
 *   recorded    the time of the record that made it; once its tape was forgotten, the time of that.
 *               So a record of another tape, which read it, learns that the way back ends.
 *
 * A SCOPE IS   open -> ended; or open -> busy -> (ending) -> ended
 *   fm_scope_close    by the script: the records go, the gradients of what it owns go, and the
 *                     numbers are dropped.
 *   fm_scope_forget   by the collector, which may run at any allocation, while somebody reads: the
 *                     same, but nothing is dropped. What it owned becomes a constant and lives as
 *                     long as it is held.
 *   busy              fm_run and fm_backward count themselves in while they use the scope. Closing
 *                     or forgetting it meanwhile is noted in `ending`, and the last one out does
 *                     it. A close wins over a forget.
 *
 * IN LUA
 *   A finalizer may run at any allocation, in the middle of an op that reads its arguments. So it
 *   takes no bytes away from anyone: it releases references and forgets scopes (bind_in_finalizer),
 *   and never drops or moves numbers.
 *   A borrowed tensor lives as long as its handle lies on the stack. Its numbers do too, unless a
 *   callback or a metamethod closes their tape: code that calls one looks at its tensors again
 *   (bind_check_tensor). */
#ifndef FM_LIFETIMES_H
#define FM_LIFETIMES_H
#endif
