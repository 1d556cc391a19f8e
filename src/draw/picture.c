#include "picture.h"

#include "png_file.h"

#include <stdlib.h>
#include <string.h>

/* NaN becomes `low`: a pixel within the picture, even after numbers that are too large. */
static double limit(double v, double low, double high) {
    return v > low ? (v < high ? v : high) : low;
}

/* Whole pixels that a range of coordinates touches, within first..end; none when an end of it is no
 * number. */
static size_t first_pixel(double from, size_t first, size_t end) {
    return (size_t)limit(floor(from), (double)first, (double)end);
}
static size_t end_pixel(double to, size_t first, size_t end) {
    return (size_t)limit(ceil(to), (double)first, (double)end);
}
static fm_box pixels_of(const fm_picture *p, double left, double top, double right, double bottom) {
    const fm_box *c = &p->clip;
    return (fm_box){first_pixel(left, c->left, c->right), first_pixel(top, c->top, c->bottom), end_pixel(right, c->left, c->right),
                    end_pixel(bottom, c->top, c->bottom)};
}

static void blend(float *pixel, const float color[3], float part) {
    for (int k = 0; k < 3; k++) pixel[k] += (color[k] - pixel[k]) * part;
}

/* ---- the canvas ---- */

fm_picture *fm_picture_new(size_t width, size_t height, const float background[3], fm_error *err) {
    if (width < 1 || height < 1 || width > FM_PNG_MAX_SIDE || height > FM_PNG_MAX_SIDE || width * height > FM_PICTURE_MAX_PIXELS) {
        fm_fail(err, "a picture of %zux%zu pixels is out of range (sides 1..%d, together at most %d)", width, height, FM_PNG_MAX_SIDE,
                FM_PICTURE_MAX_PIXELS);
        return NULL;
    }
    fm_picture *p = calloc(1, sizeof *p);
    if (p) *p = (fm_picture){.width = width, .height = height, .clip = {0, 0, width, height}};
    if (p) p->pixels = malloc(width * height * 3 * sizeof *p->pixels);
    if (p) p->cover = calloc(width * height, sizeof *p->cover);
    if (!p || !p->pixels || !p->cover) {
        fm_fail(err, "no memory for a picture of %zux%zu pixels", width, height);
        fm_picture_release(p);
        return NULL;
    }
    for (size_t i = 0; i < width * height * 3; i++) p->pixels[i] = background[i % 3];
    return p;
}

void fm_picture_release(fm_picture *p) {
    if (!p) return;
    free(p->pixels);
    free(p->cover);
    free(p);
}

void fm_picture_clip(fm_picture *p, double x, double y, double width, double height) {
    double w = (double)p->width, h = (double)p->height;
    p->clip.left = (size_t)limit(round(x), 0, w);
    p->clip.top = (size_t)limit(round(y), 0, h);
    p->clip.right = (size_t)limit(round(x + width), (double)p->clip.left, w);
    p->clip.bottom = (size_t)limit(round(y + height), (double)p->clip.top, h);
}

uint8_t *fm_picture_bytes(const fm_picture *p, fm_error *err) {
    size_t count = p->width * p->height * 3;
    uint8_t *bytes = malloc(count);
    if (!bytes) fm_fail(err, "no memory for a picture of %zux%zu pixels", p->width, p->height);
    for (size_t i = 0; bytes && i < count; i++) bytes[i] = (uint8_t)(p->pixels[i] * 255 + 0.5f);
    return bytes;
}

bool fm_picture_save(const fm_picture *p, const char *path, fm_error *err) {
    uint8_t *bytes = fm_picture_bytes(p, err);
    bool ok = bytes && fm_png_write(path, p->width, p->height, 3, bytes, err);
    free(bytes);
    return ok;
}

/* ---- filled shapes ---- */

/* The part of pixel i that lies within from..to. */
static double overlap(size_t i, double from, double to) {
    double low = from > (double)i ? from : (double)i, high = to < (double)i + 1 ? to : (double)i + 1;
    return high > low ? high - low : 0;
}

void fm_picture_rectangle(fm_picture *p, double x, double y, double width, double height, fm_paint paint) {
    fm_box b = pixels_of(p, x, y, x + width, y + height);
    for (size_t j = b.top; j < b.bottom; j++) {
        double row = overlap(j, y, y + height) * (double)paint.alpha;
        for (size_t i = b.left; i < b.right; i++)
            blend(p->pixels + 3 * (j * p->width + i), paint.color, (float)(row * overlap(i, x, x + width)));
    }
}

/* How much of a pixel is covered follows from its centre's distance to the edge; exact where the
 * edge is straight, and close for discs of a pixel or more. */
static void draw_disc(fm_picture *p, double x, double y, double radius, fm_paint paint) {
    double reach = radius + 0.5;
    fm_box b = pixels_of(p, x - reach, y - reach, x + reach, y + reach);
    for (size_t j = b.top; j < b.bottom; j++) {
        double dy = (double)j + 0.5 - y;
        for (size_t i = b.left; i < b.right; i++) {
            double dx = (double)i + 0.5 - x, part = reach - sqrt(dx * dx + dy * dy);
            if (part > 0) blend(p->pixels + 3 * (j * p->width + i), paint.color, paint.alpha * (float)(part > 1 ? 1 : part));
        }
    }
}

void fm_picture_discs(fm_picture *p, size_t n, const real *points, fm_map map, double radius, fm_paint paint) {
    if (!(radius > 0)) return;
    if (radius < 0.5) { /* smaller than a pixel: fainter instead */
        paint.alpha *= (float)(4 * radius * radius);
        radius = 0.5;
    }
    for (size_t i = 0; i < n; i++) {
        double x = map.x + map.dx * (double)points[2 * i], y = map.y + map.dy * (double)points[2 * i + 1];
        if (isfinite(x) && isfinite(y)) draw_disc(p, x, y, radius, paint);
    }
}

static bool read_entry(const real *v, size_t channels, fm_paint *paint) {
    bool colored = channels >= 3;
    for (size_t k = 0; k < channels; k++)
        if (isnan(v[k])) return false;
    for (size_t k = 0; k < 3; k++) paint->color[k] = (float)limit((double)v[colored ? k : 0], 0, 1);
    paint->alpha = channels % 2 ? 1 : (float)limit((double)v[channels - 1], 0, 1);
    return true;
}

void fm_picture_image(fm_picture *p, double x, double y, double width, double height, const size_t shape[3], const real *values) {
    size_t rows = shape[0], columns = shape[1], channels = shape[2];
    fm_box b = pixels_of(p, round(x), round(y), round(x + width), round(y + height));
    for (size_t j = b.top; j < b.bottom; j++) {
        size_t row = (size_t)limit(((double)j + 0.5 - y) / height * (double)rows, 0, (double)rows - 1);
        for (size_t i = b.left; i < b.right; i++) {
            size_t column = (size_t)limit(((double)i + 0.5 - x) / width * (double)columns, 0, (double)columns - 1);
            fm_paint paint;
            if (read_entry(values + (row * columns + column) * channels, channels, &paint))
                blend(p->pixels + 3 * (j * p->width + i), paint.color, paint.alpha);
        }
    }
}

bool fm_image_encode(const size_t shape[3], const real *values, fm_file *out, fm_error *err) {
    size_t count = shape[0] * shape[1];
    uint8_t *bytes = malloc(4 * count + 1);
    if (!bytes) return fm_fail(err, "no memory for an image of %zux%zu", shape[1], shape[0]);
    for (size_t i = 0; i < count; i++) {
        fm_paint paint;
        if (!read_entry(values + i * shape[2], shape[2], &paint)) paint = (fm_paint){{1, 1, 1}, 0};
        for (size_t k = 0; k < 3; k++) bytes[4 * i + k] = (uint8_t)(paint.color[k] * 255 + 0.5f);
        bytes[4 * i + 3] = (uint8_t)(paint.alpha * 255 + 0.5f);
    }
    bool ok = fm_png_encode(shape[1], shape[0], 4, bytes, out, err);
    free(bytes);
    return ok;
}

/* ---- lines ---- */

static void widen(fm_box *box, const fm_box *b) {
    if (b->left < box->left) box->left = b->left;
    if (b->top < box->top) box->top = b->top;
    if (b->right > box->right) box->right = b->right;
    if (b->bottom > box->bottom) box->bottom = b->bottom;
}

/* One row of a segment: only the pixels near the part of it that lies within reach of the row. */
static void cover_row(fm_picture *p, size_t j, const double from[2], const double d[2], double half, double strength) {
    double y = (double)j + 0.5 - from[1], length2 = d[0] * d[0] + d[1] * d[1], reach = half + 0.5, first = 0, last = 1;
    if (fabs(d[1]) > 1e-9) {
        double a = (y - reach) / d[1], b = (y + reach) / d[1];
        first = limit(a < b ? a : b, 0, 1);
        last = limit(a < b ? b : a, 0, 1);
    }
    double a = from[0] + first * d[0], b = from[0] + last * d[0];
    size_t i = first_pixel((a < b ? a : b) - reach, p->clip.left, p->clip.right);
    size_t end = end_pixel((a < b ? b : a) + reach, p->clip.left, p->clip.right);
    for (float *cover = p->cover + j * p->width; i < end; i++) {
        double x = (double)i + 0.5 - from[0];
        double at = length2 > 0 ? limit((x * d[0] + y * d[1]) / length2, 0, 1) : 0;
        double ex = x - at * d[0], ey = y - at * d[1], part = reach - sqrt(ex * ex + ey * ey);
        float c = (float)(strength * limit(part, 0, 1));
        if (c > cover[i]) cover[i] = c;
    }
}

/* The part of from..to that lies in the clip widened by `reach`, by Liang and Barsky; so a far end
 * costs nothing and loses no digits. */
static bool shorten(const fm_box *clip, double reach, double from[2], double to[2]) {
    double low[2] = {(double)clip->left - reach, (double)clip->top - reach};
    double high[2] = {(double)clip->right + reach, (double)clip->bottom + reach};
    double first = 0, last = 1, d[2] = {to[0] - from[0], to[1] - from[1]};
    for (int k = 0; k < 2; k++) {
        if (d[k] == 0) continue;
        double a = (low[k] - from[k]) / d[k], b = (high[k] - from[k]) / d[k];
        first = fmax(first, fmin(a, b));
        last = fmin(last, fmax(a, b));
    }
    if (first > last) return false;
    for (int k = 0; k < 2; k++) {
        if (last < 1) to[k] = from[k] + last * d[k];
        if (first > 0) from[k] += first * d[k];
    }
    return true;
}

void fm_picture_cover(fm_picture *p, const double from[2], const double to[2], double width, fm_box *touched) {
    double strength = width < 1 ? width : 1, half = width < 1 ? 0.5 : width / 2; /* thinner than a pixel: fainter instead */
    double a[2] = {from[0], from[1]}, b[2] = {to[0], to[1]}, reach = half + 0.5;
    if (!(width > 0) || !shorten(&p->clip, reach + 1, a, b)) return;
    fm_box box = pixels_of(p, fmin(a[0], b[0]) - reach, fmin(a[1], b[1]) - reach, fmax(a[0], b[0]) + reach, fmax(a[1], b[1]) + reach);
    double d[2] = {b[0] - a[0], b[1] - a[1]};
    for (size_t j = box.top; j < box.bottom; j++) cover_row(p, j, a, d, half, strength);
    widen(touched, &box);
}

void fm_picture_paint(fm_picture *p, const fm_box *touched, fm_paint paint) {
    for (size_t j = touched->top; j < touched->bottom; j++) {
        for (size_t i = touched->left; i < touched->right; i++) {
            float *cover = p->cover + j * p->width + i;
            if (*cover > 0) blend(p->pixels + 3 * (j * p->width + i), paint.color, paint.alpha * *cover);
            *cover = 0;
        }
    }
}

void fm_picture_line(fm_picture *p, size_t n, const real *points, fm_map map, double width, fm_paint paint) {
    fm_box touched = {p->width, p->height, 0, 0};
    double last[2] = {NAN, NAN};
    for (size_t i = 0; i < n; i++) {
        double to[2] = {map.x + map.dx * (double)points[2 * i], map.y + map.dy * (double)points[2 * i + 1]};
        if (isfinite(last[0] + last[1]) && isfinite(to[0] + to[1])) fm_picture_cover(p, last, to, width, &touched);
        last[0] = to[0];
        last[1] = to[1];
    }
    fm_picture_paint(p, &touched, paint);
}

/* ---- points ---- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool fm_points_extent(size_t n, const real *points, fm_extent *extent, fm_error *err) {
    double *sorted = malloc((n + 1) * sizeof *sorted);
    if (!sorted) return fm_fail(err, "no memory to sort %zu points", n);
    extent->count = 0;
    for (int k = 0; k < 2; k++) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++)
            if (isfinite(points[2 * i]) && isfinite(points[2 * i + 1])) sorted[count++] = (double)points[2 * i + (size_t)k];
        extent->count = count;
        if (!count) break;
        qsort(sorted, count, sizeof *sorted, ascending);
        extent->low[k] = sorted[0];
        extent->high[k] = sorted[count - 1];
        extent->inner_low[k] = sorted[count / 100];
        extent->inner_high[k] = sorted[count - 1 - count / 100];
    }
    free(sorted);
    return true;
}

size_t fm_points_count(size_t n, const real *points, const double low[2], const double high[2], size_t rows, size_t columns, real *counts) {
    size_t inside = 0;
    memset(counts, 0, rows * columns * sizeof *counts);
    for (size_t i = 0; i < n; i++) {
        double u = ((double)points[2 * i] - low[0]) / (high[0] - low[0]) * (double)columns;
        double v = ((double)points[2 * i + 1] - low[1]) / (high[1] - low[1]) * (double)rows;
        if (!(u >= 0 && u < (double)columns && v >= 0 && v < (double)rows)) continue;
        counts[(size_t)v * columns + (size_t)u]++;
        inside++;
    }
    return inside;
}

void fm_colors_of(size_t count, const real *values, double low, double high, size_t n, const real *colors, real *out) {
    for (size_t i = 0; i < count; i++) {
        double at = ((double)values[i] - low) / (high - low);
        if (isnan(at)) {
            for (size_t k = 0; k < 3; k++) out[3 * i + k] = NAN;
            continue;
        }
        at = limit(at, 0, 1) * (double)(n - 1);
        size_t j = at < (double)(n - 2) ? (size_t)at : n - 2;
        real part = (real)(at - (double)j);
        for (size_t k = 0; k < 3; k++) out[3 * i + k] = colors[3 * j + k] + part * (colors[3 * j + 3 + k] - colors[3 * j + k]);
    }
}
