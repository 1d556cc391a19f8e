#include "storage.h"

#include "pool.h"

static size_t live, peak, limit;
static uint64_t clock_now;
static bool (*reclaim)(void);

size_t fm_live_bytes(void) {
    return live;
}

size_t fm_peak_bytes(void) {
    return peak;
}

void fm_peak_begin(void) {
    peak = live;
}

void fm_set_memory_limit(size_t bytes) {
    limit = bytes;
}

void fm_set_reclaim(bool (*fn)(void)) {
    reclaim = fn;
}

size_t fm_memory_limit(void) {
    return limit;
}

uint64_t fm_clock(void) {
    return clock_now;
}

uint64_t fm_clock_next(void) {
    return ++clock_now;
}

static bool no_memory(size_t bytes, fm_error *err) {
    if (limit) {
        return fm_fail(err, "out of memory: %zu bytes more, %zu are in use, the limit is %zu", bytes, live, limit);
    }
    return fm_fail(err, "out of memory: %zu bytes more, %zu are in use", bytes, live);
}

/* A storage with room for `bytes`, or NULL. */
static fm_storage *take(size_t bytes) {
    if (limit && (bytes > limit || live > limit - bytes)) return NULL;
    fm_storage *s = fm_pool_take(sizeof *s);
    real *data = s ? fm_pool_take(bytes) : NULL;
    if (!data) {
        fm_pool_give(s, sizeof *s);
        return NULL;
    }
    *s = (fm_storage){.holders = 1, .data = data};
    return s;
}

fm_storage *fm_storage_new(size_t count, fm_error *err) {
    if (count > PTRDIFF_MAX / sizeof(real)) {
        fm_fail(err, "out of memory: %zu numbers are more than this machine can address", count);
        return NULL;
    }
    size_t bytes = count * sizeof(real);
    fm_storage *s = take(bytes);
    if (!s && reclaim && reclaim()) s = take(bytes);
    if (!s) {
        no_memory(bytes, err);
        return NULL;
    }
    s->count = count;
    live += bytes;
    if (live > peak) peak = live;
    return s;
}

fm_storage *fm_storage_retain(fm_storage *s) {
    s->holders++;
    return s;
}

void fm_storage_drop(fm_storage *s) {
    if (!s->data) return;
    fm_pool_give(s->data, s->count * sizeof(real));
    live -= s->count * sizeof(real);
    s->data = NULL;
}

void fm_storage_release(fm_storage *s) {
    if (!s || --s->holders > 0) return;
    fm_storage_drop(s);
    fm_pool_give(s, sizeof *s);
}
