/* Random numbers keyed by position: Philox4x32-10 (Salmon et al. 2011), value = f(seed, stream
 * names, step, call, index). There is nothing to save but the step, no stream can disturb another,
 * and the result does not depend on threads.
 *
 * A stream made from another follows its clock: when the root moves to step k, so do they, and each
 * counts its calls anew. fm_rng_at on a child gives it (and those made from it later) a clock of
 * its own. */
#ifndef FM_RANDOM_H
#define FM_RANDOM_H

#include "error.h"
#include "real.h"

typedef struct fm_rng_clock {
    int holders;
    uint64_t step;
} fm_rng_clock;

typedef struct fm_rng {
    uint64_t key;        /* hash of the seed and the names down to here */
    fm_rng_clock *clock; /* shared with the stream it came from */
    bool own_clock;
    uint64_t seen;  /* the step of `calls` */
    uint32_t calls; /* draws made at that step */
    uint64_t batch; /* the batch, and the pass over one of its shares, of the last draw */
    uint32_t pass;
    uint32_t mark; /* `calls` at the first draw for that batch */
} fm_rng;

/* False with `err` filled only without memory. A stream's clock is released by fm_rng_close. */
bool fm_rng_open(fm_rng *r, uint64_t seed, const char *name, size_t name_length, fm_error *err);
void fm_rng_child(fm_rng *child, const fm_rng *of, const char *name, size_t name_length);
bool fm_rng_at(fm_rng *r, uint64_t step, fm_error *err);
void fm_rng_close(fm_rng *r);

/* Each is one call of the stream. Number i of a call does not depend on how many are drawn: `first`
 * is the number to begin with, 0 for the whole, so that a draw made in pieces has the bits of the
 * draw at once. first + n is at most FM_RNG_NUMBERS, of whole numbers half of it. */
#define FM_RNG_NUMBERS ((uint64_t)1 << 34)
void fm_rng_normal(fm_rng *r, uint64_t first, size_t n, real *to); /* mean 0, variance 1, to 6.66 sigma: Box and Muller 1958 */
void fm_rng_uniform(fm_rng *r, uint64_t first, size_t n, real low, real high,
                    real *to); /* low <= value < high, in steps of (high - low) / 2^24, or 2^32 for doubles */
void fm_rng_integers(fm_rng *r, uint64_t first, size_t n, int64_t low, int64_t high, real *to);
void fm_rng_permutation(fm_rng *r, size_t n, real *to); /* 1..n in random order: Fisher and Yates */
double fm_rng_number(fm_rng *r);                        /* one uniform number of 53 bits */

/* A batch in shares: the same work is done once for each share of its rows, a pass each, and draws
 * in every pass what it would draw once for the whole batch. So each stream begins every pass with
 * the calls that it had at the first, and a draw of as many rows as the share has is that part of
 * the draw of all rows.
 *   fm_passes_begin  a batch: its first pass
 *   fm_passes_next   its next pass
 *   fm_passes_rows   this pass is for `count` rows of the batch from `first` on (0-based)
 *   fm_passes_end    draws are as ever */
void fm_passes_begin(void);
void fm_passes_next(void);
void fm_passes_rows(uint64_t first, uint64_t count);
void fm_passes_end(void);
uint64_t fm_passes_place(void); /* another number for each pass, in its upper half another for each batch; 0 outside */
/* Of a draw of `rows` rows of `width` numbers: where it begins in the draw of the whole batch. */
uint64_t fm_passes_first(uint64_t rows, uint64_t width);
uint32_t fm_rng_calls(fm_rng *r);                 /* draws made at this step, in this pass */
void fm_rng_pass_over(fm_rng *r, uint32_t calls); /* in this pass it has made so many */

#endif
