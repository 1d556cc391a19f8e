/* A storage is a refcounted block of numbers. Its bytes may be dropped early (data == NULL) when
 * the scope that made them closes; the struct lives until the last holder lets go. Who does what,
 * and when: lifetimes.h. */
#ifndef FM_STORAGE_H
#define FM_STORAGE_H

#include "error.h"
#include "real.h"

typedef struct fm_storage {
    int holders;
    int pins;  /* records of open tapes that read or wrote it */
    bool kept; /* detached: no scope drops its bytes */
    size_t count;
    uint64_t written; /* fm_clock at the last write an optimizer made: a tape older than it cannot go backward */
    real *data;
} fm_storage;

/* Returns a storage of `count` numbers with one holder (the caller), or NULL with `err` filled.
 * Contents are not set. */
fm_storage *fm_storage_new(size_t count, fm_error *err);
fm_storage *fm_storage_retain(fm_storage *s);
void fm_storage_release(fm_storage *s); /* NULL is fine */
void fm_storage_drop(fm_storage *s);    /* the bytes go back to the pool now; holders see data == NULL */

/* Called when an allocation would fail: frees what can no longer be reached, and tells whether it
 * freed anything. */
void fm_set_reclaim(bool (*reclaim)(void));

size_t fm_live_bytes(void); /* bytes held by storages now */
size_t fm_peak_bytes(void); /* the most since fm_peak_begin, or the start */
void fm_peak_begin(void);
void fm_set_memory_limit(size_t bytes); /* fm_storage_new fails beyond it; 0: no limit */
size_t fm_memory_limit(void);

uint64_t fm_clock(void); /* a counter that orders records and writes */
uint64_t fm_clock_next(void);

#endif
