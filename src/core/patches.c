#include "patches.h"

size_t fm_segments_of(const fm_patches *p, size_t first, size_t end, fm_segment *list) {
    size_t n = 0, area = fm_grid_size(p);
    for (size_t i = first; i < end; i += list[n++].count) {
        size_t picture = i / area, cell = i % area, x = cell % p->ow, count = p->ow - x < end - i ? p->ow - x : end - i;
        fm_segment g = {.count = count, .at = i - first, .reach = (count - 1) * p->stride, .picture = picture, .cell = cell};
        g.y = (ptrdiff_t)(cell / p->ow * p->stride) - (ptrdiff_t)p->padding;
        g.x = (ptrdiff_t)(x * p->stride) - (ptrdiff_t)p->padding;
        g.from = ((ptrdiff_t)(picture * p->channels * p->h) + g.y) * (ptrdiff_t)p->w + g.x;
        list[n] = g;
    }
    return n;
}

/* The ends of a segment, low and count - high numbers, become 0. They are so short that a call of
 * memset or a loop of vectors would cost more: the empty instruction keeps the compiler from it. */
FM_INLINE void clear_ends(size_t low, size_t high, size_t count, real *to) {
    for (size_t x = 0; x < low; x++) {
        to[x] = 0;
        __asm__("");
    }
    for (size_t x = high; x < count; x++) {
        to[x] = 0;
        __asm__("");
    }
}

/* One entry of several channels: lines of a picture, and rows of columns, each so far apart. Next
 * comes another channel, since lines that overlap would wait for each other. */
typedef struct lines {
    size_t channels, picture_step, column_step, count, low, high; /* numbers low..high-1 lie in the picture */
} lines;

FM_INLINE void clear_all_ends(const lines *l, real *rows) {
    if (l->low == 0 && l->high == l->count) return;
    for (size_t c = 0; c < l->channels; c++) clear_ends(l->low, l->high, l->count, rows + c * l->column_step);
}

/* rows = the lines; with `near`, neighbours in memory are read and become 0. */
FM_INLINE void lay(const lines *l, size_t stride, bool near, const real *restrict from, real *restrict to) {
#define COPY(n)                                                                                                                            \
    for (size_t c = 0; c < l->channels; c++) fm_copy_cells(n, from + c * l->picture_step, to + c * l->column_step);
#define COPY_SECOND(n)                                                                                                                     \
    for (size_t c = 0; c < l->channels; c++) {                                                                                             \
        for (size_t x = 0; x < (n); x++) to[c * l->column_step + x] = from[c * l->picture_step + 2 * x];                                   \
    }
    if (near && stride == 1) {
        FM_WITH_COUNT(l->count, COPY);
    } else if (near && stride == 2) {
        FM_WITH_COUNT(l->count, COPY_SECOND);
    } else {
        for (size_t c = 0; c < l->channels; c++) {
            for (size_t x = l->low; x < l->high; x++) to[c * l->column_step + x] = from[c * l->picture_step + x * stride];
        }
    }
    clear_all_ends(l, to);
}

/* lines += the rows; with `near`, 0 is added to neighbours in memory. */
FM_INLINE void add(const lines *l, size_t stride, bool near, real *restrict from, real *restrict to) {
#define ADD(n)                                                                                                                             \
    for (size_t c = 0; c < l->channels; c++) {                                                                                             \
        for (size_t x = 0; x < (n); x++) to[c * l->picture_step + x] += from[c * l->column_step + x];                                      \
    }
#define ADD_SECOND(n) /* 0 to the others: whole vectors */                                                                                 \
    for (size_t c = 0; c < l->channels; c++) {                                                                                             \
        real *restrict line = to + c * l->picture_step, *restrict row = from + c * l->column_step;                                         \
        for (size_t x = 0; x < (n); x++) line[2 * x] += row[x], line[2 * x + 1] += 0;                                                      \
    }
    if (near && stride <= 2) {
        clear_all_ends(l, from);
        if (stride == 1) FM_WITH_COUNT(l->count, ADD);
        else FM_WITH_COUNT(l->count, ADD_SECOND);
    } else {
        for (size_t c = 0; c < l->channels; c++) {
            for (size_t x = l->low; x < l->high; x++) to[c * l->picture_step + x * stride] += from[c * l->column_step + x];
        }
    }
}

/* One entry (ky, kx) of the patches, in channels c, c + 1 ..; entry k is the first of them. */
typedef struct entries {
    size_t c, channels, ky, kx, k;
    size_t block, end; /* channels are taken TOGETHER from `block` on, up to `end` */
} entries;

/* Lines of channels, often a power of two apart, share few places in the cache. */
enum { TOGETHER = 8 };

/* Before the first of entries k0..k1-1. */
static entries entries_from(const fm_patches *p, size_t k0, size_t k1) {
    size_t each = p->kh * p->kw;
    return (entries){.kx = SIZE_MAX, .block = k0 / each, .end = fm_blocks(k1, each)};
}

static inline bool next_entries(const fm_patches *p, size_t k0, size_t k1, entries *e) {
    size_t each = p->kh * p->kw, end;
    do {
        if (++e->kx == p->kw) e->kx = 0, e->ky++;
        if (e->ky == p->kh) e->ky = 0, e->block += TOGETHER;
        if (e->block >= e->end) return false;
        size_t at = e->ky * p->kw + e->kx;
        end = fm_least(e->block + TOGETHER, e->end);
        if ((end - 1) * each + at >= k1) end--;
        e->c = e->block * each + at < k0 ? e->block + 1 : e->block;
        e->k = e->c * each + at;
    } while (e->c >= end);
    e->channels = end - e->c;
    return true;
}

/* The cells low..high-1 of a segment whose entry e lies inside the picture. */
static inline void meets(const fm_patches *p, const fm_segment *g, const entries *e, size_t *low, size_t *high) {
    ptrdiff_t y = g->y + (ptrdiff_t)e->ky, x = g->x + (ptrdiff_t)e->kx, w = (ptrdiff_t)p->w, stride = (ptrdiff_t)p->stride;
    *low = 0;
    *high = g->count;
    if (y < 0 || y >= (ptrdiff_t)p->h || x >= w || x + (ptrdiff_t)g->reach < 0) {
        *high = 0;
        return;
    }
    if (x < 0) *low = (size_t)((stride - 1 - x) / stride);
    if (x + (ptrdiff_t)g->reach >= w) *high = (size_t)((w - 1 - x) / stride) + 1;
    if (*low > *high) *low = *high;
}

/* The lines of a segment; `from` is where they begin in all pictures. */
static inline lines lines_of(const fm_patches *p, const fm_segment *g, const entries *e, size_t wide, ptrdiff_t *from) {
    lines l = {.channels = e->channels, .picture_step = p->h * p->w, .column_step = p->kh * p->kw * wide, .count = g->count};
    *from = g->from + (ptrdiff_t)((e->c * p->h + e->ky) * p->w + e->kx);
    meets(p, g, e, &l.low, &l.high);
    return l;
}

/* Whether neighbours of the lines in memory, too, are within numbers first..end-1. */
static inline bool is_within(const fm_patches *p, const lines *l, ptrdiff_t from, ptrdiff_t first, ptrdiff_t end) {
    return from >= first && from + (ptrdiff_t)((l->channels - 1) * l->picture_step + l->count * p->stride) <= end;
}

FM_CLONES void fm_to_columns(const fm_patches *p, const real *pictures, size_t size, size_t k0, size_t k1, const fm_segment *list, size_t n,
                             size_t wide, real *columns) {
    size_t used = list[n - 1].at + list[n - 1].count;
    for (entries e = entries_from(p, k0, k1); next_entries(p, k0, k1, &e);) {
        for (size_t i = 0; i < n; i++) {
            ptrdiff_t from;
            lines l = lines_of(p, list + i, &e, wide, &from);
            bool near = l.low < l.high && is_within(p, &l, from, 0, (ptrdiff_t)size);
            lay(&l, p->stride, near, pictures + from, columns + (e.k - k0) * wide + list[i].at);
        }
    }
    for (size_t k = k0; used < wide && k < k1; k++, columns += wide) {
        for (size_t x = used; x < wide; x++) columns[x] = 0;
    }
}

FM_CLONES void fm_add_columns(const fm_patches *p, real *restrict columns, size_t k0, size_t k1, const fm_segment *list, size_t n,
                              ptrdiff_t first, ptrdiff_t end, real *restrict pictures) {
    for (entries e = entries_from(p, k0, k1); next_entries(p, k0, k1, &e);) {
        for (size_t i = 0; i < n; i++) {
            ptrdiff_t at;
            lines l = lines_of(p, list + i, &e, FM_PANEL, &at);
            if (l.low == l.high) continue;
            add(&l, p->stride, is_within(p, &l, at, first, end), columns + (e.k - k0) * FM_PANEL + list[i].at, pictures + at);
        }
    }
}
