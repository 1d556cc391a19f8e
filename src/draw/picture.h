/* A small canvas: shapes with soft edges over a background, written as PNG. Lengths are pixels in
 * doubles from the top left corner, y down; pixel (i, j) is the square i..i+1, j..j+1. What lies
 * outside the clip (at first the whole canvas) and points that are not finite are not drawn.
 * Nothing here depends on the machine: same calls, same bytes. */
#ifndef FM_PICTURE_H
#define FM_PICTURE_H

#include "atomic_file.h"
#include "tensor.h"

enum { FM_PICTURE_MAX_PIXELS = 1 << 25 };

typedef struct fm_box { /* whole pixels left..right - 1, top..bottom - 1 */
    size_t left, top, right, bottom;
} fm_box;

typedef struct fm_picture {
    size_t width, height;
    float *pixels; /* [height, width, 3], 0..1: finer than 8 bits, so that thousands of faint layers add up right */
    float *cover;  /* [height, width], zero between calls: how much of each pixel the shape at hand covers */
    fm_box clip;
} fm_picture;

typedef struct fm_paint {
    float color[3], alpha; /* 0..1 */
} fm_paint;

/* From the numbers of a tensor to pixels: (x + dx * u, y + dy * v). */
typedef struct fm_map {
    double x, dx, y, dy;
} fm_map;

/* One color all over; NULL with `err` filled. */
fm_picture *fm_picture_new(size_t width, size_t height, const float background[3], fm_error *err);
void fm_picture_release(fm_picture *p);                                               /* NULL is fine */
void fm_picture_clip(fm_picture *p, double x, double y, double width, double height); /* rounded to whole pixels */

void fm_picture_rectangle(fm_picture *p, double x, double y, double width, double height, fm_paint paint);
/* Discs around n points [n, 2]. */
void fm_picture_discs(fm_picture *p, size_t n, const real *points, fm_map map, double radius, fm_paint paint);
/* A line through n points [n, 2] with round ends and joins; where it crosses itself it is painted
 * once. A point that is not finite leaves a gap. */
void fm_picture_line(fm_picture *p, size_t n, const real *points, fm_map map, double width, fm_paint paint);
/* [rows, columns, channels] (1 gray, 2 gray and alpha, 3 color, 4 color and alpha; held within
 * 0..1) stretched over a rectangle, each pixel taking the nearest entry. Entries with a NaN are not
 * drawn. */
void fm_picture_image(fm_picture *p, double x, double y, double width, double height, const size_t shape[3], const real *values);

/* The same numbers as a PNG file in memory with colors and alpha, for pictures in other files. */
bool fm_image_encode(const size_t shape[3], const real *values, fm_file *out, fm_error *err);

/* Text from the baseline's point (x, y) on: ASCII, Latin letters with accents, Greek and signs of
 * formulas; other characters are boxes. `size` is that of a font: capitals are 0.72 of it high.
 * `anchor` is the part of the text that lies before the point: 0, 0.5 or 1. `upwards` turns it by a
 * quarter. */
typedef struct fm_lettering {
    double size, anchor;
    bool upwards;
    fm_paint paint;
} fm_lettering;
void fm_picture_text(fm_picture *p, double x, double y, const char *text, size_t bytes, const fm_lettering *how);
double fm_text_width(const char *text, size_t bytes, double size);

/* For shapes that are made of lines: cover parts of them, then paint what is covered, once. */
void fm_picture_cover(fm_picture *p, const double from[2], const double to[2], double width, fm_box *touched);
void fm_picture_paint(fm_picture *p, const fm_box *touched, fm_paint paint);

uint8_t *fm_picture_bytes(const fm_picture *p, fm_error *err); /* [height, width, 3], malloc'd; NULL with `err` filled */
bool fm_picture_save(const fm_picture *p, const char *path, fm_error *err);

/* What plots need to know about points [n, 2]; those that are not finite do not count. */
typedef struct fm_extent {
    size_t count;                       /* of finite points; 0: the rest is unset */
    double low[2], high[2];             /* of all */
    double inner_low[2], inner_high[2]; /* of the middle 98 % in each coordinate */
} fm_extent;
bool fm_points_extent(size_t n, const real *points, fm_extent *extent, fm_error *err);
/* How many points fall into each cell of [rows, columns] over low..high; the first row is the
 * lowest. Returns how many fell into any. */
size_t fm_points_count(size_t n, const real *points, const double low[2], const double high[2], size_t rows, size_t columns, real *counts);

/* out[i] is the color [3] of values[i] on a scale low..high, mixed from the nearest two of `n` >= 2
 * `colors` [n, 3]; NaN stays NaN. */
void fm_colors_of(size_t count, const real *values, double low, double high, size_t n, const real *colors, real *out);

#endif
