/* The canvas: what each shape covers, the clip, numbers that are not finite, and that bytes
 * repeat. */
#include "picture.h"
#include "png_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static double ink_in(const fm_picture *p, size_t left, size_t top, size_t right, size_t bottom) {
    double sum = 0;
    for (size_t y = top; y < bottom; y++)
        for (size_t x = left; x < right; x++) sum += ink_at(p, x, y);
    return sum;
}

static double ink(const fm_picture *p) {
    return ink_in(p, 0, 0, p->width, p->height);
}

static void near(double found, double wanted, double tolerance) {
    if (!(fabs(found - wanted) <= tolerance)) fail_msg("found %g, expected %g within %g", found, wanted, tolerance);
}

static void test_rectangle_covers_its_area(void **state) {
    (void)state;
    fm_picture *p = canvas(20, 20);
    fm_picture_rectangle(p, 2.25, 3.5, 4.5, 6, black);
    near(ink(p), 4.5 * 6, 1e-4);
    near(ink_at(p, 2, 5), 0.75, 1e-6);
    near(ink_at(p, 4, 3), 0.5, 1e-6);
    near(ink_at(p, 4, 5), 1, 0);
    fm_picture_rectangle(p, 5, 5, -3, 2, black);
    fm_picture_rectangle(p, 5, 5, NAN, 2, black);
    fm_picture_rectangle(p, NAN, 5, 2, 2, black);
    near(ink(p), 4.5 * 6, 1e-4);
    fm_picture_release(p);
}

static void test_disc_has_its_area_and_place(void **state) {
    (void)state;
    for (double radius = 0.25; radius < 9; radius *= 1.5) {
        fm_picture *p = canvas(30, 30);
        const real at[2] = {3, 4};
        fm_picture_discs(p, 1, at, (fm_map){9, 2, 27, -3}, radius, black); /* (15, 15) */
        double area = 3.14159265358979 * radius * radius;
        near(ink(p), area, 0.45 * (area < 1 ? 1 : sqrt(area)));
        near(ink_in(p, 0, 0, 15, 30), ink(p) / 2, 1e-3);
        near(ink_in(p, 0, 0, 30, 15), ink(p) / 2, 1e-3);
        fm_picture_release(p);
    }
}

static void test_faint_layers_add_up(void **state) { /* 8 bits would stop at some gray */
    (void)state;
    fm_picture *p = canvas(5, 5);
    for (int i = 0; i < 2000; i++) fm_picture_rectangle(p, 0, 0, 5, 5, (fm_paint){{0, 0, 0}, 0.001f});
    near(ink_at(p, 2, 2), 1 - pow(0.999, 2000), 1e-4);
    fm_picture_release(p);
}

static void test_line_is_painted_once_where_it_crosses(void **state) {
    (void)state;
    fm_picture *p = canvas(40, 40);
    const real cross[10] = {5, 20, 35, 20, 20, 5, 20, 35, 5, 20};
    fm_picture_line(p, 5, cross, same, 4, (fm_paint){{0, 0, 0}, 0.5f});
    for (size_t i = 0; i < 40 * 40; i++) assert_true(ink_at(p, i % 40, i / 40) <= 0.5 + 1e-6);
    near(ink_at(p, 20, 20), 0.5, 1e-6);
    for (size_t i = 0; i < 40 * 40; i++) assert_true(p->cover[i] == 0);
    fm_picture_release(p);
}

static void test_line_has_width_and_length_in_every_direction(void **state) {
    (void)state;
    for (int i = 0; i < 24; i++) {
        fm_picture *p = canvas(80, 80);
        double turn = i * 0.2618, dx = 30 * cos(turn), dy = 30 * sin(turn);
        const real ends[4] = {(real)(40 - dx), (real)(40 - dy), (real)(40 + dx), (real)(40 + dy)};
        fm_picture_line(p, 2, ends, same, 3, black);
        near(ink(p), 60 * 3 + 3.14159 * 1.5 * 1.5, 4);
        fm_picture_release(p);
    }
    fm_picture *p = canvas(80, 80);
    const real level[4] = {10, (real)40.5, 70, (real)40.5};
    fm_picture_line(p, 2, level, same, 0.25, black); /* thinner than a pixel: fainter */
    near(ink_at(p, 40, 40), 0.25, 1e-6);
    near(ink_at(p, 40, 41), 0, 1e-6);
    fm_picture_release(p);
}

static void test_gaps_and_far_ends(void **state) {
    (void)state;
    fm_picture *p = canvas(60, 20);
    const real gap[10] = {5, 10, 15, 10, NAN, 10, 45, 10, 55, 10};
    fm_picture_line(p, 5, gap, same, 2, black);
    near(ink_in(p, 20, 0, 40, 20), 0, 0);
    near(ink_at(p, 10, 10), 1, 1e-6);
    near(ink_at(p, 50, 10), 1, 1e-6);
    fm_picture_release(p);

    p = canvas(60, 20); /* a line from far away passes where it should, and what cannot be a place is not drawn */
    const real far[4] = {(real)-3e7, 10, (real)3e7, 10};
    fm_picture_line(p, 2, far, same, 2, black);
    for (size_t x = 0; x < 60; x++) near(ink_at(p, x, 10), 1, 1e-6);
    const real odd[12] = {INFINITY, 5, -INFINITY, 5, NAN, NAN, (real)1e30, 5, (real)-1e30, (real)1e30, 5, NAN};
    double before = ink_in(p, 0, 12, 60, 20);
    fm_picture_discs(p, 6, odd, same, 2, black);
    fm_picture_discs(p, 1, far, same, NAN, black);
    fm_picture_discs(p, 1, far, same, INFINITY, (fm_paint){{1, 1, 1}, 0});
    fm_picture_line(p, 2, far, same, NAN, black);
    fm_picture_image(p, NAN, 0, 5, 5, (size_t[3]){1, 1, 1}, odd);
    near(ink_in(p, 0, 12, 60, 20), before, 0);
    fm_picture_release(p);
}

static void test_nothing_leaves_the_clip(void **state) {
    (void)state;
    fm_picture *p = canvas(30, 30);
    fm_picture_clip(p, 10, 12, 8, 6);
    const real points[4] = {-50, -40, 80, 90};
    const real one[1] = {0};
    fm_picture_rectangle(p, -5, -5, 100, 100, black);
    fm_picture_discs(p, 2, points, (fm_map){15, 0.1, 15, 0.1}, 8, black);
    fm_picture_line(p, 2, points, same, 12, black);
    fm_picture_image(p, -3, -3, 50, 50, (size_t[3]){1, 1, 1}, one);
    fm_picture_text(p, 0, 20, "WWWWWWWW", 8, &(fm_lettering){.size = 20, .paint = black});
    near(ink(p), 8 * 6, 1e-6);
    fm_picture_clip(p, -10, -10, 5, 5); /* nothing is left of it */
    fm_picture_rectangle(p, -5, -5, 100, 100, (fm_paint){{1, 1, 1}, 1});
    near(ink(p), 8 * 6, 1e-6);
    fm_picture_release(p);
}

static void test_image_pixels_and_colors(void **state) {
    (void)state;
    fm_picture *p = canvas(12, 8);
    const real gray[4] = {0, 1, NAN, 2}; /* a NaN shows what is below; 2 is held at 1 */
    fm_picture_rectangle(p, 0, 0, 12, 8, (fm_paint){{0.25f, 0.25f, 0.25f}, 1});
    fm_picture_image(p, 2, 0, 8, 8, (size_t[3]){2, 2, 1}, gray);
    near(ink_at(p, 2, 0), 1, 0);
    near(ink_at(p, 5, 3), 1, 0);
    near(ink_at(p, 6, 3), 0, 0);
    near(ink_at(p, 5, 4), 0.75, 1e-6);
    near(ink_at(p, 9, 7), 0, 0);
    near(ink_at(p, 1, 7), 0.75, 1e-6);
    near(ink_at(p, 10, 7), 0.75, 1e-6);
    const real color[4] = {1, (real)0.5, 0, (real)0.5};
    fm_picture_image(p, 2, 0, 4, 4, (size_t[3]){1, 1, 4}, color);
    near((double)p->pixels[3 * 2], 0.5, 1e-6);
    near((double)p->pixels[3 * 2 + 1], 0.25, 1e-6);
    near((double)p->pixels[3 * 2 + 2], 0, 1e-6);
    fm_picture_release(p);

    const real values[5] = {0, 1, (real)0.25, -7, NAN}, ramp[9] = {0, 0, 0, (real)0.5, 1, 0, 1, 1, 1};
    real out[15];
    fm_colors_of(5, values, 0, 1, 3, ramp, out);
    const double want[12] = {0, 0, 0, 1, 1, 1, 0.25, 0.5, 0, 0, 0, 0};
    for (int i = 0; i < 12; i++) near((double)out[i], want[i], 1e-6);
    assert_true(isnan(out[12]));
}

static void test_every_letter_is_drawn_and_differs(void **state) {
    (void)state;
    double seen[256] = {0};
    for (char c = ' '; c <= '~'; c++) {
        fm_picture *p = canvas(40, 50);
        fm_picture_text(p, 5, 30, &c, 1, &(fm_lettering){.size = 25, .paint = black});
        double mark = 0; /* a sum that another drawing will hardly share */
        for (size_t i = 0; i < 40 * 50; i++) mark += ink_at(p, i % 40, i / 40) * (1 + (double)(i * 7919 % 1009));
        assert_true((mark > 0) == (c != ' '));
        for (char other = ' '; other < c; other++)
            if (fabs(seen[(int)other] - mark) < 1e-6) fail_msg("%c looks like %c", c, other);
        seen[(int)c] = mark;
        near(ink_in(p, 0, 0, 40, 8) + ink_in(p, 0, 40, 40, 50), 0, 0); /* within a line's height */
        fm_picture_release(p);
    }
}

static void test_text_lies_where_it_is_anchored(void **state) {
    (void)state;
    const char *text = "HEH";
    double width = fm_text_width(text, 3, 25);
    for (int turned = 0; turned < 2; turned++) {
        for (int i = 0; i < 3; i++) {
            fm_picture *p = canvas(200, 200);
            fm_picture_text(p, 100, 100, text, 3, &(fm_lettering){.size = 25, .anchor = i / 2.0, .upwards = turned, .paint = black});
            double first = 200, last = 0;
            for (size_t k = 0; k < 200; k++) {
                if (turned ? ink_in(p, 0, k, 200, k + 1) : ink_in(p, k, 0, k + 1, 200)) {
                    last = (double)k + 1;
                    if (first == 200) first = (double)k;
                }
            }
            double start = turned ? 100 + width * i / 2 - width : 100 - width * i / 2;
            near(first, start, 2.5);
            near(last, start + width, 2.5);
            fm_picture_release(p);
        }
    }
    near(fm_text_width("", 0, 25), 0, 0);
    near(fm_text_width("\xe4\xbd\xa0", 3, 25), fm_text_width("\xff", 1, 25), 0); /* one box per character, also when it is broken */
    assert_true(fm_text_width("\xe2\x82", 2, 25) > 0);
}

/* A letter on a canvas of 50 x 60, as a sum that other drawings hardly share; within a line. */
static double mark_of(const char *text, size_t bytes) {
    fm_picture *p = canvas(50, 60);
    fm_picture_text(p, 10, 40, text, bytes, &(fm_lettering){.size = 25, .paint = black});
    double mark = 0;
    for (size_t i = 0; i < 50 * 60; i++) mark += ink_at(p, i % 50, i / 50) * (1 + (double)(i * 7919 % 1009));
    near(ink_in(p, 0, 0, 50, 13) + ink_in(p, 0, 49, 50, 60) + ink_in(p, 0, 0, 4, 60) + ink_in(p, 46, 0, 50, 60), 0, 0);
    fm_picture_release(p);
    return mark;
}

static size_t utf8_of(uint32_t code, char text[3]) { /* of two or three bytes */
    if (code < 0x800) {
        text[0] = (char)(0xC0 | code >> 6);
        text[1] = (char)(0x80 | (code & 63));
        return 2;
    }
    text[0] = (char)(0xE0 | code >> 12);
    text[1] = (char)(0x80 | (code >> 6 & 63));
    text[2] = (char)(0x80 | (code & 63));
    return 3;
}

static void test_letters_beyond_ascii(void **state) {
    (void)state;
    double box = mark_of("\xff", 1);
    int known = 0;
    for (uint32_t code = 0x80; code < 0x2300; code++) {
        char text[3];
        size_t bytes = utf8_of(code, text);
        bool is_box = fabs(mark_of(text, bytes) - box) < 1e-6;
        known += !is_box;
        if ((code < 0xA0 || (code > 0x21B && code < 0x393)) && !is_box) fail_msg("U+%04X has a shape", code);
    }
    assert_int_equal(known, 241);
    double marks[0x180];
    for (uint32_t code = 'A'; code < 0x180; code++) { /* an accent is seen, and each is another */
        char text[3] = {(char)code};
        marks[code] = mark_of(text, code < 0x80 ? 1 : utf8_of(code, text));
        for (uint32_t earlier = 'A'; earlier < code; earlier++)
            if (fabs(marks[code] - box) > 1e-6 && fabs(marks[earlier] - marks[code]) < 1e-6) fail_msg("U+%04X is U+%04X", code, earlier);
    }
    near(fm_text_width("\xc3\xa9", 2, 25), fm_text_width("e", 1, 25), 0);
    near(mark_of("\xc8\x99", 2), mark_of("\xc5\x9f", 2), 0); /* with a comma as with a cedilla */
}

static void test_extent_and_counts(void **state) {
    (void)state;
    fm_error err;
    fm_extent e;
    real points[2 * 202];
    for (int i = 0; i < 200; i++) {
        points[2 * i] = (real)(i % 2 ? i : 199 - i);
        points[2 * i + 1] = (real)-i;
    }
    points[400] = (real)1e6;
    points[401] = 5;
    points[402] = NAN;
    points[403] = (real)1e9; /* does not count at all */
    assert_true(fm_points_extent(202, points, &e, &err));
    assert_int_equal(e.count, 201);
    near(e.high[0], 1e6, 0);
    near(e.high[1], 5, 0);
    near(e.low[1], -199, 0);
    near(e.inner_low[1], -197, 0);
    assert_true(e.inner_high[0] <= 199);
    assert_true(fm_points_extent(1, points + 402, &e, &err));
    assert_int_equal(e.count, 0);

    const real few[10] = {0, 0, (real)0.99, (real)0.49, 1, 0, (real)0.5, (real)0.75, NAN, 0};
    real counts[4];
    const double low[2] = {0, 0}, high[2] = {1, 1};
    assert_int_equal(fm_points_count(5, few, low, high, 2, 2, counts), 3);
    const double want[4] = {1, 1, 0, 1};
    for (int i = 0; i < 4; i++) near((double)counts[i], want[i], 0);
}

static void test_limits_of_size(void **state) {
    (void)state;
    fm_error err;
    assert_null(fm_picture_new(0, 5, white, &err));
    assert_null(fm_picture_new(5, 100000, white, &err));
    assert_null(fm_picture_new(16384, 16384, white, &err));
    assert_non_null(strstr(err.text, "16384x16384"));
    fm_picture_release(NULL);
}

static void draw_all(fm_picture *p) {
    real points[600];
    uint32_t seed = 1;
    for (int i = 0; i < 600; i++) points[i] = (real)((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 24);
    fm_picture_discs(p, 300, points, (fm_map){0, 90, 0, 60}, 2.5, (fm_paint){{0.1f, 0.4f, 0.8f}, 0.4f});
    fm_picture_line(p, 300, points, (fm_map){0, 90, 0, 60}, 1.3, (fm_paint){{0.8f, 0.4f, 0.1f}, 0.4f});
    fm_picture_text(p, 5, 30, "same", 4, &(fm_lettering){.size = 20, .paint = black});
}

static void test_same_calls_same_file(void **state) {
    (void)state;
    char folder[] = "/tmp/fm-picture-XXXXXX", path[64], missing[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/p.png", folder);
    snprintf(missing, sizeof missing, "%s/no/p.png", folder);
    fm_error err;
    fm_file files[2];
    for (int i = 0; i < 2; i++) {
        fm_picture *p = canvas(90, 60);
        draw_all(p);
        assert_true(fm_picture_save(p, path, &err));
        assert_true(fm_file_read(path, &files[i], &err));
        fm_tensor *back;
        assert_true(fm_png_load(path, &back, &err));
        for (size_t k = 0; k < back->count; k++) near((double)fm_data(back)[k], (double)p->pixels[k], 0.5 / 255 + 1e-6);
        fm_tensor_release(back);
        assert_false(fm_picture_save(p, missing, &err));
        assert_non_null(strstr(err.text, "no/p.png"));
        fm_picture_release(p);
    }
    assert_int_equal(files[0].size, files[1].size);
    assert_memory_equal(files[0].bytes, files[1].bytes, files[0].size);
    for (int i = 0; i < 2; i++) fm_file_release(&files[i]);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* no temporary file was left behind */
}

static void test_image_in_memory(void **state) {
    (void)state;
    fm_error err;
    fm_file file;
    const real values[4] = {0, (real)0.5, NAN, 1};
    assert_true(fm_image_encode((size_t[3]){2, 2, 1}, values, &file, &err));
    fm_tensor *back;
    assert_true(fm_png_parse(file.bytes, file.size, &back, &err));
    assert_int_equal(back->shape[2], 4);
    const double alpha[4] = {1, 1, 0, 1};
    for (size_t i = 0; i < 4; i++) near((double)fm_data(back)[4 * i + 3], alpha[i], 0);
    near((double)fm_data(back)[4], 0.5, 0.5 / 255 + 1e-6);
    fm_tensor_release(back);
    fm_file_release(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rectangle_covers_its_area),
        cmocka_unit_test(test_disc_has_its_area_and_place),
        cmocka_unit_test(test_faint_layers_add_up),
        cmocka_unit_test(test_line_is_painted_once_where_it_crosses),
        cmocka_unit_test(test_line_has_width_and_length_in_every_direction),
        cmocka_unit_test(test_gaps_and_far_ends),
        cmocka_unit_test(test_nothing_leaves_the_clip),
        cmocka_unit_test(test_image_pixels_and_colors),
        cmocka_unit_test(test_every_letter_is_drawn_and_differs),
        cmocka_unit_test(test_text_lies_where_it_is_anchored),
        cmocka_unit_test(test_letters_beyond_ascii),
        cmocka_unit_test(test_extent_and_counts),
        cmocka_unit_test(test_limits_of_size),
        cmocka_unit_test(test_same_calls_same_file),
        cmocka_unit_test(test_image_in_memory),
    };
    return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
