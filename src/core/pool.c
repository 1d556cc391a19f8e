#include "pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { SMALL = 512, GRAIN = 16, SLAB = 64 * 1024, LARGE_CLASSES = 4 * 64, KEEP_FREE = 8 << 20, MISSED = 1 << 20 };

typedef struct block {
    struct block *next;
} block;

static struct {
    block *small[SMALL / GRAIN + 1];
    block *large[LARGE_CLASSES];
    char *slab;
    size_t slab_left;
    size_t large_free, large_used; /* bytes */
    size_t missed;                 /* bytes asked of the system since the last trim while much memory was free */
    size_t mallocs;
} pool;

size_t fm_pool_mallocs(void) {
    return pool.mallocs;
}

#ifdef __SANITIZE_ADDRESS__ /* recycled blocks would hide a use after free: let the sanitizer see each one */

void *fm_pool_take(size_t bytes) {
    pool.mallocs++;
    return malloc(bytes ? bytes : 1);
}

void fm_pool_give(void *p, size_t bytes) {
    (void)bytes;
    free(p);
}

void fm_pool_trim(void) {
}

#else

/* Four sizes per power of two: 5/4, 6/4, 7/4, 8/4 of the power below. At most a quarter is
 * wasted. */
static size_t large_class(size_t bytes, size_t *rounded) {
    unsigned top = 63 - (unsigned)__builtin_clzll((unsigned long long)(bytes - 1)); /* 2^top < bytes <= 2^(top + 1) */
    size_t quarter = (size_t)1 << (top - 2), base = (size_t)1 << top;
    size_t step = (bytes - base + quarter - 1) / quarter;
    *rounded = base + step * quarter;
    return (size_t)(top - 2) * 4 + step - 1;
}

void fm_pool_trim(void) {
    for (size_t i = 0; i < LARGE_CLASSES; i++) {
        for (block *b = pool.large[i], *next; b; b = next) {
            next = b->next;
            free(b);
        }
        pool.large[i] = NULL;
    }
    pool.large_free = pool.missed = 0;
}

static void *small_new(size_t size) {
    if (pool.slab_left < size) {
        char *slab = aligned_alloc(64, SLAB);
        if (!slab) return NULL;
        pool.mallocs++;
        pool.slab = slab;
        pool.slab_left = SLAB;
    }
    void *p = pool.slab;
    pool.slab += size;
    pool.slab_left -= size;
    return p;
}

/* With pages of 2 MiB, the processor finds large tensors with fewer walks through the system's
 * tables: a training step with pictures takes 3 % less. The system may say no. */
static void *with_huge_pages(void *p, size_t size) {
#ifdef MADV_HUGEPAGE
    enum { HUGE_PAGE = 2 << 20 };
    uintptr_t page = 4096, first = (uintptr_t)p / page * page, end = ((uintptr_t)p + size + page - 1) / page * page;
    if (p && size >= HUGE_PAGE) madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
    (void)size;
#endif
    return p;
}

static void *large_new(size_t size) {
    /* Shapes changed and the old blocks no longer fit: give them back before asking for more. One
     * block more, such as an object that Lua has not collected yet, does not count as a change:
     * between two steps every block is free, and the next step needs it again. */
    if (pool.large_free > pool.large_used + KEEP_FREE && (pool.missed += size) > MISSED) fm_pool_trim();
    void *p = aligned_alloc(64, (size + 63) & ~(size_t)63);
    if (!p && pool.large_free) {
        fm_pool_trim();
        p = aligned_alloc(64, (size + 63) & ~(size_t)63);
    }
    if (p) pool.mallocs++;
    return with_huge_pages(p, size);
}

void *fm_pool_take(size_t bytes) {
    block **list;
    size_t size;
    bool small = bytes <= SMALL;
    if (small) {
        size_t class = bytes ? (bytes + GRAIN - 1) / GRAIN : 1;
        size = class * GRAIN;
        list = &pool.small[class];
    } else {
        if (bytes > SIZE_MAX / 4) return NULL;
        list = &pool.large[large_class(bytes, &size)];
    }
    block *b = *list;
    if (b) {
        *list = b->next;
        if (!small) pool.large_free -= size, pool.large_used += size;
        return b;
    }
    if (small) return small_new(size);
    void *p = large_new(size);
    if (p) pool.large_used += size;
    return p;
}

void fm_pool_give(void *p, size_t bytes) {
    if (!p) return;
    block *b = p, **list;
    if (bytes <= SMALL) {
        list = &pool.small[bytes ? (bytes + GRAIN - 1) / GRAIN : 1];
    } else {
        size_t size;
        list = &pool.large[large_class(bytes, &size)];
        pool.large_free += size;
        pool.large_used -= size;
    }
    b->next = *list;
    *list = b;
}

#endif
