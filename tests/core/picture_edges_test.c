/* Pictures against closed forms: each pixel of discs and lines by its distance, letters by their
 * curves worked out another way, turned text by turned pixels, and both sides of each limit. */
#include "font_more.h"
#include "picture.h"
#include "png_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const float white[3] = {1, 1, 1};
static const fm_paint black = {{0, 0, 0}, 1};
static const fm_map same = {0, 1, 0, 1};

static fm_picture *canvas(size_t width, size_t height) {
    fm_error err;
    fm_picture *p = fm_picture_new(width, height, white, &err);
    assert_non_null(p);
    return p;
}

static double ink_at(const fm_picture *p, size_t x, size_t y) { /* 0 white, 1 black */
    return 1 - (double)p->pixels[3 * (y * p->width + x)];
}

static double between(double low, double v, double high) {
    return v < low ? low : v > high ? high : v;
}

static void same_ink(const fm_picture *p, const fm_picture *q, const char *what) {
    for (size_t y = 0; y < p->height; y++) {
        for (size_t x = 0; x < p->width; x++) {
            if (fabs(ink_at(p, x, y) - ink_at(q, x, y)) > 1e-5) fail_msg("%s: pixel %zu, %zu", what, x, y);
        }
    }
}

/* ---- shapes ---- */

static void test_discs_by_distance(void **state) {
    (void)state;
    static const struct {
        double x, y, radius, alpha, radius_drawn, alpha_drawn;
    } rows[] = {{10.25, 9.5, 4.5, 1, 4.5, 1}, {10, 10, 0.5, 0.75, 0.5, 0.75}, {10.5, 10.5, 0.25, 0.5, 0.5, 0.125}, {0, 19, 6, 0.5, 6, 0.5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fm_picture *p = canvas(22, 20);
        const real at[2] = {(real)rows[i].x, (real)rows[i].y};
        fm_picture_discs(p, 1, at, same, rows[i].radius, (fm_paint){{0, 0, 0}, (float)rows[i].alpha});
        for (size_t y = 0; y < 20; y++) {
            for (size_t x = 0; x < 22; x++) {
                double away = hypot((double)x + 0.5 - rows[i].x, (double)y + 0.5 - rows[i].y);
                double want = rows[i].alpha_drawn * between(0, rows[i].radius_drawn + 0.5 - away, 1);
                if (fabs(ink_at(p, x, y) - want) > 1e-5) fail_msg("disc %zu: pixel %zu, %zu: %g, not %g", i, x, y, ink_at(p, x, y), want);
            }
        }
        fm_picture_release(p);
    }
    fm_picture *p = canvas(22, 20); /* the map: x + dx u, y + dy v */
    const real two[4] = {1, 2, 3, (real)-1};
    fm_picture_discs(p, 2, two, (fm_map){1.5, 5, 8.5, 4}, 1, black);
    assert_true(ink_at(p, 6, 16) > 0.99 && ink_at(p, 16, 4) > 0.99 && ink_at(p, 16, 16) < 0.01);
    fm_picture_release(p);
}

static double distance_to(const double a[2], const double b[2], double x, double y) {
    double d[2] = {b[0] - a[0], b[1] - a[1]}, length = d[0] * d[0] + d[1] * d[1];
    double at = length > 0 ? between(0, ((x - a[0]) * d[0] + (y - a[1]) * d[1]) / length, 1) : 0;
    return hypot(x - a[0] - at * d[0], y - a[1] - at * d[1]);
}

static void test_lines_by_distance(void **state) {
    (void)state;
    static const double ends[][4] = {{3, 4, 24, 15},        {24, 15, 3, 4}, {3, 15.25, 24, 4},  {5, 10.5, 22, 10.5},
                                     {11.25, 3, 11.25, 17}, {12, 9, 12, 9}, {-40, -13, 60, 37}, {15, -30, 15, 60},
                                     {2, 30, 40, -8},       {-5, 3, 3, -5}, {26, 19, 40, 30}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        for (int k = 0; k < 3; k++) {
            const double width = k == 0 ? 0.5 : k == 1 ? 1 : 5, half = width < 1 ? 0.5 : width / 2, strength = width < 1 ? width : 1;
            fm_picture *p = canvas(27, 20);
            const double *e = ends[i];
            const real points[4] = {(real)e[0], (real)e[1], (real)e[2], (real)e[3]};
            fm_picture_line(p, 2, points, same, width, (fm_paint){{0, 0, 0}, 0.75f});
            for (size_t y = 0; y < 20; y++) {
                for (size_t x = 0; x < 27; x++) {
                    double want = 0.75 * strength * between(0, half + 0.5 - distance_to(e, e + 2, (double)x + 0.5, (double)y + 0.5), 1);
                    if (fabs(ink_at(p, x, y) - want) > 1e-5)
                        fail_msg("line %zu, width %g: pixel %zu, %zu: %g, not %g", i, width, x, y, ink_at(p, x, y), want);
                }
            }
            fm_picture_release(p);
        }
    }
}

static void test_clip_is_whole_pixels(void **state) {
    (void)state;
    static const double boxes[][4] = {{3.4, 2.6, 5, 4}, {-2, -3, 5.6, 5.4}, {8, 9, 100, 100}, {2, 2, 0.4, 3}, {5, 5, -3, 2}, {30, 3, 4, 4}};
    static const size_t want[][4] = {{3, 3, 8, 7}, {0, 0, 4, 2}, {8, 9, 12, 10}, {2, 2, 2, 5}, {5, 5, 5, 7}, {12, 3, 12, 7}};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        fm_picture *p = canvas(12, 10);
        fm_picture_clip(p, boxes[i][0], boxes[i][1], boxes[i][2], boxes[i][3]);
        const fm_box *c = &p->clip;
        const size_t found[4] = {c->left, c->top, c->right, c->bottom};
        assert_memory_equal(found, want[i], sizeof found);
        fm_picture_rectangle(p, -5, -5, 50, 50, black);
        for (size_t y = 0; y < 10; y++) {
            for (size_t x = 0; x < 12; x++) {
                double inside = x >= want[i][0] && x < want[i][2] && y >= want[i][1] && y < want[i][3];
                assert_true(ink_at(p, x, y) == inside);
            }
        }
        fm_picture_release(p);
    }
}

/* What of a line lies outside takes no part: a far one costs as much as a near one. */
static void test_far_ends_touch_nothing(void **state) {
    (void)state;
    static const struct {
        double from[2], to[2];
        size_t box[4]; /* left, top, right, bottom */
    } lines[] = {
        {{-1000, 0}, {20, 40}, {0, 38, 21, 40}},                                           /* enters at the left, low */
        {{20, 40}, {-1000, 0}, {0, 38, 21, 40}},   {{10, 10}, {30, 5010}, {9, 9, 12, 40}}, /* leaves below, soon */
        {{-100, 39}, {100, 1000}, {40, 40, 0, 0}},                                         /* passes below */
        {{5, -9}, {5, -3}, {40, 40, 0, 0}},        {{10, 20}, {12, 20}, {9, 19, 13, 21}},
    };
    fm_picture *p = canvas(40, 40);
    for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
        fm_box touched = {40, 40, 0, 0};
        fm_picture_cover(p, lines[k].from, lines[k].to, 1, &touched);
        const size_t found[4] = {touched.left, touched.top, touched.right, touched.bottom};
        for (int i = 0; i < 4; i++) {
            if (found[i] != lines[k].box[i]) fail_msg("line %zu: edge %d is %zu", k, i, found[i]);
        }
    }
    fm_picture_release(p);
}

static void test_images_stretch(void **state) {
    (void)state;
    fm_picture *p = canvas(14, 9);
    const real six[6] = {0, (real)0.2, (real)0.4, (real)0.6, (real)0.8, 1}; /* 2 rows, 3 columns */
    fm_picture_image(p, 1.4, 0.6, 12, 6, (size_t[3]){2, 3, 1}, six);        /* pixels 1..12, 1..6 */
    for (size_t y = 0; y < 9; y++) {
        for (size_t x = 0; x < 14; x++) {
            bool inside = x >= 1 && x < 13 && y >= 1 && y < 7;
            double column = floor(between(0, ((double)x + 0.5 - 1.4) / 4, 2)), row = floor(between(0, ((double)y + 0.5 - 0.6) / 3, 1));
            double want = inside ? 1 - (row * 3 + column) / 5 : 0;
            if (fabs(ink_at(p, x, y) - want) > 1e-5) fail_msg("pixel %zu, %zu: %g, not %g", x, y, ink_at(p, x, y), want);
        }
    }
    static const struct {
        real v[4];
        size_t channels;
        float color[3];
    } rows[] = {{{(real)0.5, (real)0.25}, 2, {0.875f, 0.875f, 0.875f}}, /* gray and alpha, over white */
                {{(real)0.25, (real)0.5, 2}, 3, {0.25f, 0.5f, 1}},
                {{-1, (real)0.5, 1, (real)0.5}, 4, {0.5f, 0.75f, 1}},
                {{0, 0, 0, NAN}, 4, {1, 1, 1}},
                {{0, NAN}, 2, {1, 1, 1}},
                {{0, 7}, 2, {0, 0, 0}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fm_picture *q = canvas(1, 1);
        fm_picture_image(q, 0, 0, 1, 1, (size_t[3]){1, 1, rows[i].channels}, rows[i].v);
        for (int k = 0; k < 3; k++) assert_true(fabsf(q->pixels[k] - rows[i].color[k]) < 1e-6f);
        fm_picture_release(q);
    }
    fm_picture_release(p);
    fm_error err;
    fm_file file;
    fm_tensor *back;
    const real values[12] = {0, (real)0.5, 1, (real)0.25, (real)0.25, 2, -1, 1, NAN, 0, 0, 0}; /* 1 row of 3, colors and alpha */
    assert_true(fm_image_encode((size_t[3]){1, 3, 4}, values, &file, &err));
    assert_true(fm_png_parse(file.bytes, file.size, &back, &err));
    const double want[12] = {0, 128, 255, 64, 64, 255, 0, 255, 255, 255, 255, 0};
    assert_int_equal(back->shape[0] * 100 + back->shape[1] * 10 + back->shape[2], 134);
    for (size_t i = 0; i < 12; i++) assert_true(fabs((double)fm_data(back)[i] * 255 - want[i]) < 1e-6);
    fm_tensor_release(back);
    fm_file_release(&file);
}

static void test_nowhere(void **state) {
    (void)state;
    static const double odd[][4] = {{NAN, 1, 4, 4}, {1, NAN, 4, 4}, {INFINITY, 1, 4, 4}, {1, -INFINITY, 4, 4}, {1, 1, 0, 4},
                                    {1, 1, 4, 0},   {4, 4, -2, 2},  {4, 4, 2, -2},       {1, 1, NAN, 4},       {1, 1, 4, NAN}};
    const real dark[1] = {0};
    fm_picture *p = canvas(8, 8), *q = canvas(8, 8);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        fm_picture_image(p, odd[i][0], odd[i][1], odd[i][2], odd[i][3], (size_t[3]){1, 1, 1}, dark);
        fm_picture_rectangle(p, odd[i][0], odd[i][1], odd[i][2], odd[i][3], black);
        const real points[4] = {(real)odd[i][0], (real)odd[i][1], 3, 3};
        if (i < 4) fm_picture_line(p, 2, points, same, 2, black), fm_picture_discs(p, 1, points, same, 2, black);
    }
    const real inside[4] = {4, 4, 5, 5};
    fm_picture_line(p, 2, inside, same, 0, black);
    fm_picture_line(p, 2, inside, same, -1, black);
    fm_picture_discs(p, 2, inside, same, 0, black);
    fm_picture_discs(p, 2, inside, same, -1, black);
    same_ink(p, q, "nowhere");
    fm_picture_release(p);
    fm_picture_release(q);
}

/* ---- text ---- */

static const double step_of = 0.06, thickness_of = 0.105;

typedef struct pen {
    fm_picture *p;
    fm_box touched;
    double x, y, size; /* where the baseline of the letter begins */
} pen;

static void cover(pen *n, const double a[2], const double b[2]) {
    double step = step_of * n->size;
    const double from[2] = {n->x + a[0] * step, n->y + (a[1] - 12) * step}, to[2] = {n->x + b[0] * step, n->y + (b[1] - 12) * step};
    fm_picture_cover(n->p, from, to, thickness_of * n->size, &n->touched);
}

/* A quadratic curve from a to c that b pulls, as six lines, by de Casteljau. */
static void bend(pen *n, const double a[2], const double b[2], const double c[2]) {
    double last[2] = {a[0], a[1]}, next[2];
    for (int i = 1; i <= 6; i++) {
        for (int k = 0; k < 2; k++) {
            double s = i / 6.0, ab = a[k] + s * (b[k] - a[k]), bc = b[k] + s * (c[k] - b[k]);
            next[k] = ab + s * (bc - ab);
        }
        cover(n, last, next);
        memcpy(last, next, sizeof last);
    }
}

static void draw_strokes(pen *n, const char *strokes) {
    while (*strokes) {
        double at[16][2], half[2][2];
        char kind = *strokes++;
        int points = 0;
        for (; *strokes && *strokes != ' '; strokes += 2, points++) at[points][0] = strokes[0] - 'a', at[points][1] = strokes[1] - 'a';
        for (int i = 0; i < points; i++) {
            const double *before = at[(i + points - 1) % points], *after = at[(i + 1) % points];
            for (int k = 0; k < 2; k++) half[0][k] = (before[k] + at[i][k]) / 2, half[1][k] = (at[i][k] + after[k]) / 2;
            if (kind == '/' && i > 0) cover(n, before, at[i]);
            if (kind == '@') bend(n, half[0], at[i], half[1]);
            if (kind == '~' && i > 0 && i + 1 < points) bend(n, i == 1 ? at[0] : half[0], at[i], i + 2 == points ? after : half[1]);
        }
        while (*strokes == ' ') strokes++;
    }
}

static double advance_of(const struct fm_letter *l, double size) {
    return round((l->width + 3) * 0.06 * size);
}

static void test_letters_by_their_curves(void **state) {
    (void)state;
    static const double sizes[] = {25, 40};
    for (size_t k = 0; k < 2; k++) {
        for (char c = ' '; c < '~'; c++) { /* two letters: where the second begins as well */
            const char text[2] = {c, (char)(c + 1)};
            const struct fm_letter *letters[2] = {&fm_letters[c - ' '], &fm_letters[c + 1 - ' ']};
            fm_picture *p = canvas(110, 70), *q = canvas(110, 70);
            fm_picture_text(p, 10.75, 50.25, text, 2, &(fm_lettering){.size = sizes[k], .paint = black});
            pen n = {q, {110, 70, 0, 0}, 10.5, 50.5, sizes[k]};
            draw_strokes(&n, letters[0]->strokes);
            n.x += advance_of(letters[0], sizes[k]);
            draw_strokes(&n, letters[1]->strokes);
            fm_picture_paint(q, &n.touched, black);
            same_ink(p, q, text);
            double width = advance_of(letters[0], sizes[k]) + advance_of(letters[1], sizes[k]) - 3 * 0.06 * sizes[k];
            assert_true(fabs(fm_text_width(text, 2, sizes[k]) - width) < 1e-9);
            fm_picture_release(p);
            fm_picture_release(q);
        }
    }
}

static void test_accents_lie_over_their_letter(void **state) {
    (void)state;
    for (uint32_t code = FM_ACCENTED_FIRST; code <= FM_ACCENTED_LAST; code++) {
        const char *pair = fm_accented[code - FM_ACCENTED_FIRST];
        if (!*pair) continue;
        const char text[2] = {(char)(0xC0 | code >> 6), (char)(0x80 | (code & 63))};
        const struct fm_accent *accent = fm_accents;
        while (accent->sign != pair[1]) accent++;
        struct fm_letter letter = fm_letters[pair[0] - ' '];
        if (!accent->below && pair[0] == 'i') letter = (struct fm_letter){0, "/aeam"}; /* without its dot */
        if (!accent->below && pair[0] == 'j') letter = (struct fm_letter){2, "~cecicqaq"};
        bool small = strchr("aceginorsuwyjzm", pair[0]) != NULL;
        fm_picture *p = canvas(60, 80), *q = canvas(60, 80);
        fm_picture_text(p, 20, 50, text, 2, &(fm_lettering){.size = 25, .paint = black});
        pen n = {q, {60, 80, 0, 0}, 20.5, 50.5, 25};
        draw_strokes(&n, letter.strokes);
        n.x += (letter.width - accent->shape.width) / 2.0 * 1.5;
        if (!small && !accent->below) n.y -= 4 * 1.5;
        draw_strokes(&n, accent->shape.strokes);
        fm_picture_paint(q, &n.touched, black);
        same_ink(p, q, pair);
        fm_picture_release(p);
        fm_picture_release(q);
    }
}

static void test_turned_text_is_turned_pixels(void **state) {
    (void)state;
    static const char text[] = "Wj\xC3\x81\xC3\xA9%";
    fm_picture *p = canvas(121, 121), *q = canvas(121, 121);
    fm_picture_text(p, 60.3, 60.9, text, sizeof text - 1, &(fm_lettering){.size = 23, .paint = black});
    fm_picture_text(q, 60.3, 60.9, text, sizeof text - 1, &(fm_lettering){.size = 23, .upwards = true, .paint = black});
    double sum = 0;
    for (size_t y = 0; y < 121; y++) {
        for (size_t x = 0; x < 121; x++) {
            sum += ink_at(p, x, y);
            if (fabs(ink_at(p, x, y) - ink_at(q, y, 120 - x)) > 1e-5) fail_msg("pixel %zu, %zu", x, y);
        }
    }
    assert_true(sum > 100);
    fm_picture_release(p);
    fm_picture_release(q);
    static const double anchors[] = {0.25, 1};
    for (size_t k = 0; k < 4; k++) { /* as text that begins so much earlier */
        double anchor = anchors[k / 2], before = anchor * fm_text_width("ab", 2, 20);
        bool up = k % 2;
        p = canvas(90, 90), q = canvas(90, 90);
        fm_picture_text(p, 45, 45, "ab", 2, &(fm_lettering){.size = 20, .anchor = anchor, .upwards = up, .paint = black});
        fm_picture_text(q, up ? 45 : 45 - before, up ? 45 + before : 45, "ab", 2,
                        &(fm_lettering){.size = 20, .upwards = up, .paint = black});
        same_ink(p, q, "anchored");
        fm_picture_release(p);
        fm_picture_release(q);
    }
    p = canvas(9, 9);
    fm_picture_text(p, 1, 5, "x", 1, &(fm_lettering){.size = 0, .paint = black});
    fm_picture_text(p, 1, NAN, "x", 1, &(fm_lettering){.size = 9, .paint = black});
    fm_picture_text(p, INFINITY, 5, "x", 1, &(fm_lettering){.size = 9, .paint = black});
    q = canvas(9, 9);
    same_ink(p, q, "no place or size");
    fm_picture_release(p);
    fm_picture_release(q);
}

/* ---- points, colors, sizes ---- */

static void test_extent_of_the_middle(void **state) {
    (void)state;
    real points[2 * 250];
    fm_error err;
    fm_extent e;
    for (size_t i = 0; i < 250; i++) {
        points[2 * i] = (real)(i * 101 % 250);
        points[2 * i + 1] = -(real)(i * 101 % 250);
    }
    static const struct { size_t n, cut; } rows[] = {{1, 0}, {99, 0}, {100, 1}, {199, 1}, {200, 2}, {250, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double sorted[250];
        size_t n = 0;
        for (size_t v = 0; v < 250; v++)
            for (size_t j = 0; j < rows[i].n; j++)
                if (points[2 * j] == (real)v) sorted[n++] = (double)v;
        assert_true(fm_points_extent(n, points, &e, &err));
        size_t cut = rows[i].cut;
        assert_int_equal(e.count, n);
        assert_true(e.low[0] == sorted[0] && e.high[0] == sorted[n - 1] && e.low[1] == -sorted[n - 1] && e.high[1] == -sorted[0]);
        assert_true(e.inner_low[0] == sorted[cut] && e.inner_high[0] == sorted[n - 1 - cut]);
        assert_true(e.inner_low[1] == -sorted[n - 1 - cut] && e.inner_high[1] == -sorted[cut]);
    }
}

static void test_counts_in_cells(void **state) {
    (void)state;
    const double low[2] = {-1, 2}, high[2] = {2, 4}; /* cells of 1 x 1: 3 columns, 2 rows */
    const real points[18] = {-1, 2, (real)1.9, (real)3.9, 2, 3, 0, 4, 0, 3, 1, 2, (real)-1.1, 3, 0, (real)1.9, (real)0.5, (real)3.5};
    real counts[6];
    assert_int_equal(fm_points_count(9, points, low, high, 2, 3, counts), 5);
    const real want[6] = {1, 0, 1, 0, 2, 1};
    assert_memory_equal(counts, want, sizeof want);
}

static void test_colors_on_a_scale(void **state) {
    (void)state;
    const real values[6] = {10, 11, (real)12.5, 14, 9, 15}, ends[6] = {0, 1, (real)0.5, 1, 0, (real)0.5};
    real out[18];
    fm_colors_of(6, values, 10, 14, 2, ends, out);
    static const double at[6] = {0, 0.25, 0.625, 1, 0, 1};
    for (size_t i = 0; i < 6; i++) {
        assert_true(fabs((double)out[3 * i] - at[i]) < 1e-6 && fabs((double)out[3 * i + 1] - (1 - at[i])) < 1e-6 &&
                    out[3 * i + 2] == (real)0.5);
    }
    const real four[12] = {0, 0, 0, 3, 0, 0, 3, 6, 0, 3, 6, 9};
    fm_colors_of(6, values, 10, 14, 4, four, out);
    static const double want[18] = {0, 0, 0, 2.25, 0, 0, 3, 5.25, 0, 3, 6, 9, 0, 0, 0, 3, 6, 9};
    for (size_t i = 0; i < 18; i++) assert_true(fabs((double)out[i] - want[i]) < 1e-5);
}

static void test_sizes(void **state) {
    (void)state;
    static const struct {
        size_t width, height;
        bool good;
    } rows[] = {{1, 1, true},         {16384, 1, true},     {1, 16384, true}, {16385, 1, false}, {1, 16385, false},
                {16384, 2049, false}, {2049, 16384, false}, {0, 1, false},    {1, 0, false}};
    fm_error err;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fm_picture *p = fm_picture_new(rows[i].width, rows[i].height, white, &err);
        assert_int_equal(p != NULL, rows[i].good);
        fm_picture_release(p);
    }
    assert_string_equal(err.text, "a picture of 1x0 pixels is out of range (sides 1..16384, together at most 33554432)");
    const float colors[3] = {0, 0.4999f / 255, 254.5001f / 255}; /* a byte is the nearest one */
    fm_picture *p = fm_picture_new(2, 3, colors, &err);
    uint8_t *bytes = fm_picture_bytes(p, &err);
    for (size_t i = 0; i < 18; i++) assert_int_equal(bytes[i], i % 3 == 2 ? 255 : 0);
    free(bytes);
    fm_picture_release(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_discs_by_distance),
        cmocka_unit_test(test_lines_by_distance),
        cmocka_unit_test(test_nowhere),
        cmocka_unit_test(test_clip_is_whole_pixels),
        cmocka_unit_test(test_far_ends_touch_nothing),
        cmocka_unit_test(test_images_stretch),
        cmocka_unit_test(test_letters_by_their_curves),
        cmocka_unit_test(test_accents_lie_over_their_letter),
        cmocka_unit_test(test_turned_text_is_turned_pixels),
        cmocka_unit_test(test_extent_of_the_middle),
        cmocka_unit_test(test_counts_in_cells),
        cmocka_unit_test(test_colors_on_a_scale),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests_name("picture_edges", tests, NULL, NULL);
}
