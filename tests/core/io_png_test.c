/* PNG: round trips, kinds of pixels, and the message for each damaged file. */
#include "reader_checks.h"

static void put_chunk(bytes *b, const char *type, const void *data, size_t n) {
    uint8_t *at = b->at + b->size;
    for (size_t i = 0; i < 4; i++) at[i] = (uint8_t)(n >> (24 - 8 * i));
    memcpy(at + 4, type, 4);
    if (n) memcpy(at + 8, data, n);
    uint32_t crc = (uint32_t)crc32(0, at + 4, (uInt)n + 4);
    for (size_t i = 0; i < 4; i++) at[8 + n + i] = (uint8_t)(crc >> (24 - 8 * i));
    b->size += 12 + n;
}

static bytes png_start(uint32_t width, uint32_t height, int depth, int type) {
    bytes b = bytes_of("\x89PNG\r\n\x1A\n", 8);
    uint8_t header[13] = {0};
    for (size_t i = 0; i < 4; i++) {
        header[i] = (uint8_t)(width >> (24 - 8 * i));
        header[4 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    header[8] = (uint8_t)depth;
    header[9] = (uint8_t)type;
    put_chunk(&b, "IHDR", header, 13);
    return b;
}

static void set_interlaced(bytes *b) {
    uint8_t header[13];
    memcpy(header, b->at + 16, 13);
    header[12] = 1;
    b->size = 8;
    put_chunk(b, "IHDR", header, 13);
}

static void png_end(bytes *b, const void *rows, size_t n) {
    uint8_t packed[1024];
    uLongf size = sizeof packed;
    assert_int_equal(compress2(packed, &size, rows, n, 9), Z_OK);
    put_chunk(b, "IDAT", packed, size);
    put_chunk(b, "IEND", NULL, 0);
}

static void expect_pixels(const bytes *b, size_t channels, const double *want) {
    expect_good(PNG, b->at, b->size);
    assert_int_equal(taken->rank, 3);
    assert_int_equal(taken->shape[2], channels);
    for (size_t i = 0; i < taken->count; i++) {
        if (fabs((double)fm_data(taken)[i] - want[i]) > 1e-6)
            fail_msg("pixel value %zu is %g, not %g", i, (double)fm_data(taken)[i], want[i]);
    }
}

static void test_png_round_trip(void **state) {
    (void)state;
    fm_error err;
    for (size_t channels = 1; channels <= 4; channels++) {
        fm_tensor *t = numbers(3, 5, 7, channels);
        for (size_t i = 0; i < t->count; i++) fm_data(t)[i] = (real)(i * 37 % 256) / 255;
        assert_true(fm_png_save(in_folder("a.png"), t, &err));
        bytes b = file_bytes(in_folder("a.png"));
        assert_true(fm_png_save(in_folder("a.png"), t, &err));
        bytes again = file_bytes(in_folder("a.png"));
        assert_memory_equal(b.at, again.at, b.size);
        expect_cuts_fail(PNG, &b);
        expect_good(PNG, b.at, b.size);
        assert_true(fm_same_shape(t, taken));
        assert_memory_equal(fm_data(t), fm_data(taken), t->count * sizeof(real));
        for (size_t i = 8; i < b.size; i++) { /* every chunk has a checksum: no changed byte may pass */
            b.at[i] ^= 1;
            if (!*error_of(PNG, b.at, b.size)) fail_msg("a change at byte %zu was accepted", i);
            b.at[i] ^= 1;
        }
        fm_tensor_release(t);
    }
}

static void test_png_kinds(void **state) {
    (void)state;
    bytes b = png_start(3, 1, 2, 0); /* gray, two bits a pixel: 0, 1, 3 */
    png_end(&b, "\0\x1C", 2);
    expect_pixels(&b, 1, (const double[]){0, 1 / 3.0, 1});
    b = png_start(1, 1, 16, 2);
    png_end(&b, "\0\xFF\xFF\x80\x00\x00\x01", 7);
    expect_pixels(&b, 3, (const double[]){1, 32768 / 65535.0, 1 / 65535.0});
    b = png_start(2, 1, 8, 3); /* a palette with transparency */
    put_chunk(&b, "PLTE", "\xFF\0\0\0\xFF\0", 6);
    put_chunk(&b, "tRNS", "\x33", 1);
    png_end(&b, "\0\1\0", 3);
    expect_pixels(&b, 4, (const double[]){0, 1, 0, 1, 1, 0, 0, 0.2});
    b = png_start(2, 1, 8, 0); /* gray 7 is transparent */
    put_chunk(&b, "tRNS", "\0\7", 2);
    png_end(&b, "\0\7\xFF", 3);
    expect_pixels(&b, 2, (const double[]){7 / 255.0, 0, 1, 1});
    b = png_start(2, 1, 1, 3);
    put_chunk(&b, "gAMA", "\0\0\0\1", 4); /* not applied */
    put_chunk(&b, "PLTE", "\xFF\0\0\0\0\xFF", 6);
    png_end(&b, "\0\x40", 2);
    expect_pixels(&b, 3, (const double[]){1, 0, 0, 0, 0, 1});
}

static void test_png_interlaced(void **state) {
    (void)state;
    bytes b = png_start(2, 2, 8, 0);
    set_interlaced(&b);
    png_end(&b, "\0\x33\0\x66\0\x99\xCC", 7); /* passes 1, 6 and 7 of Adam7 */
    expect_pixels(&b, 1, (const double[]){0.2, 0.4, 0.6, 0.8});
    b = png_start(2, 2, 8, 0);
    set_interlaced(&b);
    png_end(&b, "\0\x33\0\x66", 4);
    expect_error(PNG, b.at, b.size, "libpng: ");
}

static void test_png_hostile(void **state) {
    (void)state;
    bytes b = png_start(2, 1, 8, 3);
    put_chunk(&b, "PLTE", "\xFF\0\0", 3);
    bytes palette = b;
    png_end(&b, "\0\0\1", 3);
    expect_error(PNG, b.at, b.size, "palette index"); /* said by us, or by a libpng that looks for itself */
    b = palette;
    png_end(&b, "\0\0", 2);
    expect_error(PNG, b.at, b.size, "libpng: ");
    b = png_start(1000000, 1000000, 16, 6);
    expect_error(PNG, b.at, b.size, "image 1000000x1000000 is over the limit 16384x16384");
    b = png_start(16384, 16384, 16, 6);
    put_chunk(&b, "IDAT", "x", 1);
    expect_error(PNG, b.at, b.size, "needs 2147483648 bytes");
    b = png_start(8192, 8192, 8, 0);
    put_chunk(&b, "IDAT", "x", 1);
    expect_error(PNG, b.at, b.size, "cannot come from a file of 46 bytes");
    static const int bad[][2] = {{3, 0}, {7, 0}, {16, 3}, {4, 2}, {8, 1}, {8, 5}, {8, 7}, {32, 2}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        b = png_start(1, 1, bad[i][0], bad[i][1]);
        png_end(&b, "\0\0\0\0\0\0\0", 7);
        expect_error(PNG, b.at, b.size, "Invalid IHDR data");
    }
    b = png_start(0, 1, 8, 0);
    png_end(&b, "\0", 1);
    expect_error(PNG, b.at, b.size, "Invalid IHDR data");
    b = png_start(1, 1, 8, 3);
    png_end(&b, "\0\0", 2);
    expect_error(PNG, b.at, b.size, "Missing PLTE");
    b = png_start(1, 1, 8, 0);
    png_end(&b, "\5\0", 2);
    expect_error(PNG, b.at, b.size, "bad adaptive filter value");
    b = png_start(1, 1, 8, 0);
    put_chunk(&b, "ABCD", "x", 1);
    png_end(&b, "\0\0", 2);
    expect_error(PNG, b.at, b.size, "unhandled critical chunk");
    b = png_start(1, 1, 8, 0);
    put_chunk(&b, "zTXt", "k\0\0not deflate at all", 22); /* skipped unread */
    png_end(&b, "\0\0", 2);
    expect_good(PNG, b.at, b.size);
    expect_error(PNG, "\xFF\xD8\xFF\xE0", 4, "byte 0: not a PNG file: it is a JPEG file");
    expect_error(PNG, "\x89PNG\r\n\x1A\x0B", 8, "byte 7: not a PNG file");
}

static void test_png_refuses_to_write(void **state) {
    (void)state;
    fm_error err;
    fm_tensor *t = numbers(2, 2, 2, 0);
    fm_data(t)[2] = NAN;
    assert_false(fm_png_save(in_folder("a.png"), t, &err));
    assert_non_null(strstr(err.text, "value 3 of 4 is not a number"));
    fm_data(t)[2] = INFINITY;
    assert_true(fm_png_save(in_folder("a.png"), t, &err));
    unlink(in_folder("a.png"));
    fm_tensor_release(t);
    t = numbers(3, 2, 2, 5);
    assert_false(fm_png_save(in_folder("a.png"), t, &err));
    fm_tensor_release(t);
    assert_false(fm_png_write(in_folder("a.png"), 0, 1, 3, (const uint8_t *)"", &err));
    assert_false(fm_png_write(in_folder("no/a.png"), 1, 1, 1, (const uint8_t *)"", &err));
    assert_non_null(strstr(err.text, "no/a.png: cannot write: No such file"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_png_round_trip, nothing_left),       cmocka_unit_test_teardown(test_png_kinds, nothing_left),
        cmocka_unit_test_teardown(test_png_interlaced, nothing_left),       cmocka_unit_test_teardown(test_png_hostile, nothing_left),
        cmocka_unit_test_teardown(test_png_refuses_to_write, nothing_left),
    };
    return cmocka_run_group_tests_name("io_png", tests, make_folder, remove_folder);
}
