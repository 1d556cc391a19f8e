#include "png_file.h"

#include "bytes.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { LEVEL = 6, BYTE_BUDGET = 1 << 30, INFLATE_RATIO = 1032 };

/* All that libpng's callbacks touch. Nothing of Lua and nothing that must be released lives in a
 * frame that longjmp leaves. */
typedef struct png_work {
    png_structp png;
    png_infop info;
    jmp_buf escape;
    fm_error *err;
    const uint8_t *bytes; /* reading */
    size_t size, at;
    size_t width, height, row_bytes;
    int channels, depth; /* after expansion: depth is 8 or 16 */
    bool palette;
    uint8_t *pixels;   /* malloc'd when reading */
    png_bytep *rows;   /* malloc'd */
    fm_writer *writer; /* or NULL: into memory */
    fm_file *memory;
    bool write_failed;
} png_work;

static void on_error(png_structp png, png_const_charp message) {
    png_work *w = png_get_error_ptr(png);
    if (!w->err->text[0]) fm_fail_at(w->err, "png", w->at, "libpng: %s", message);
    longjmp(w->escape, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

/* ---- reading ---- */

static void give_bytes(png_structp png, png_bytep to, size_t n) {
    png_work *w = png_get_io_ptr(png);
    if (n > w->size - w->at) {
        fm_fail_at(w->err, "png", w->size, "the file ends too early (expected %zu more bytes, found %zu)", n, w->size - w->at);
        png_error(png, "end of file");
    }
    memcpy(to, w->bytes + w->at, n);
    w->at += n;
}

/* Checks the size against limits and against what so many bytes can hold, before it allocates a
 * row. */
static void check_size(png_work *w) {
    png_structp png = w->png;
    size_t raw = (png_get_rowbytes(png, w->info) + 1) * w->height, need = w->row_bytes * w->height;
    if (need > BYTE_BUDGET) {
        fm_fail_at(w->err, "png", 16, "image %zux%zu needs %zu bytes (limit %d)", w->width, w->height, need, BYTE_BUDGET);
        png_error(png, "too large");
    }
    if (raw / INFLATE_RATIO > w->size) {
        fm_fail_at(w->err, "png", 16, "image %zux%zu cannot come from a file of %zu bytes", w->width, w->height, w->size);
        png_error(png, "too short");
    }
}

static void read_header(png_work *w) {
    png_structp png = w->png;
    png_read_info(png, w->info);
    w->width = png_get_image_width(png, w->info);
    w->height = png_get_image_height(png, w->info);
    int type = png_get_color_type(png, w->info), depth = png_get_bit_depth(png, w->info);
    w->palette = type == PNG_COLOR_TYPE_PALETTE; /* expanded here, not by libpng, which takes an index beyond the palette as black */
    if (w->palette) png_set_packing(png);
    if (type == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (!w->palette && png_get_valid(png, w->info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, w->info);
    w->row_bytes = png_get_rowbytes(png, w->info);
    w->channels = png_get_channels(png, w->info);
    w->depth = png_get_bit_depth(png, w->info);
    check_size(w);
}

static void allocate_rows(png_work *w) {
    w->pixels = malloc(w->row_bytes * w->height);
    w->rows = malloc(w->height * sizeof *w->rows);
    if (!w->pixels || !w->rows) {
        fm_fail_at(w->err, "png", 16, "no memory for an image of %zux%zu", w->width, w->height);
        png_error(w->png, "no memory");
    }
    for (size_t y = 0; y < w->height; y++) w->rows[y] = w->pixels + y * w->row_bytes;
}

/* The only frame that longjmp returns to when reading; its one variable does not change. */
static bool read_guarded(png_work *w) {
    if (setjmp(w->escape)) return false;
    png_set_read_fn(w->png, w, give_bytes);
    png_set_user_limits(w->png, FM_PNG_MAX_SIDE, FM_PNG_MAX_SIDE);
    png_set_chunk_cache_max(w->png, 64);
    png_set_chunk_malloc_max(w->png, 1 << 20);
    png_set_crc_action(w->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_keep_unknown_chunks(w->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1); /* profiles and texts stay unread */
    png_set_benign_errors(w->png, 0);
    read_header(w);
    allocate_rows(w);
    png_read_image(w->png, w->rows);
    png_read_end(w->png, NULL);
    return true;
}

static bool fill_from_palette(png_work *w, fm_tensor *t, int channels, fm_error *err) {
    png_colorp colors = NULL;
    png_bytep alpha = NULL;
    int n_colors = 0, n_alpha = 0;
    png_get_PLTE(w->png, w->info, &colors, &n_colors);
    png_get_tRNS(w->png, w->info, &alpha, &n_alpha, NULL);
    real *to = fm_data(t);
    for (size_t i = 0; i < w->width * w->height; i++) {
        int k = w->rows[i / w->width][i % w->width];
        if (k >= n_colors) return fm_fail(err, "png: row %zu: palette index %d in a palette of %d", i / w->width + 1, k, n_colors);
        *to++ = (real)colors[k].red / 255;
        *to++ = (real)colors[k].green / 255;
        *to++ = (real)colors[k].blue / 255;
        if (channels == 4) *to++ = k < n_alpha ? (real)alpha[k] / 255 : 1;
    }
    return true;
}

static void fill_plain(const png_work *w, fm_tensor *t) {
    size_t row = w->width * (size_t)w->channels;
    real *to = fm_data(t);
    for (size_t y = 0; y < w->height; y++) {
        const uint8_t *from = w->rows[y];
        if (w->depth == 16) {
            for (size_t i = 0; i < row; i++) *to++ = (real)fm_load_big(from + 2 * i, 2) / 65535;
        } else {
            for (size_t i = 0; i < row; i++) *to++ = (real)from[i] / 255;
        }
    }
}

static fm_tensor *tensor_from(png_work *w, fm_error *err) {
    int n_alpha = 0, channels = w->channels;
    if (w->palette) channels = png_get_tRNS(w->png, w->info, NULL, &n_alpha, NULL) && n_alpha ? 4 : 3;
    size_t shape[3] = {w->height, w->width, (size_t)channels};
    fm_tensor *t = fm_tensor_new(3, shape, err);
    if (!t) return NULL;
    if (!w->palette) fill_plain(w, t);
    else if (!fill_from_palette(w, t, channels, err)) {
        fm_tensor_release(t);
        return NULL;
    }
    return t;
}

/* libpng would refuse these too, but without saying what it found. */
static bool check_start(const uint8_t *bytes, size_t size, fm_error *err) {
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    size_t good = 0;
    while (good < 8 && good < size && bytes[good] == signature[good]) good++;
    if (good < 8) {
        const char *seems = good < 4 ? fm_sniff(bytes, size) : NULL;
        return fm_fail_at(err, "png", good, "not a PNG file%s%s", seems ? ": it " : "", seems ? seems : "");
    }
    if (size < 24) return fm_fail_at(err, "png", size, "the header is cut (expected 33 bytes, found %zu)", size);
    uint64_t width = fm_load_big(bytes + 16, 4), height = fm_load_big(bytes + 20, 4);
    if (width > FM_PNG_MAX_SIDE || height > FM_PNG_MAX_SIDE) {
        return fm_fail_at(err, "png", 16, "image %llux%llu is over the limit %dx%d", (unsigned long long)width, (unsigned long long)height,
                          FM_PNG_MAX_SIDE, FM_PNG_MAX_SIDE);
    }
    return true;
}

bool fm_png_parse(const uint8_t *bytes, size_t size, fm_tensor **out, fm_error *err) {
    err->text[0] = 0;
    *out = NULL;
    if (!check_start(bytes, size, err)) return false;
    png_work w = {.err = err, .bytes = bytes, .size = size};
    w.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &w, on_error, on_warning);
    w.info = w.png ? png_create_info_struct(w.png) : NULL;
    if (!w.info) fm_fail(err, "png: no memory to read");
    else if (read_guarded(&w)) *out = tensor_from(&w, err);
    png_destroy_read_struct(&w.png, &w.info, NULL);
    free(w.pixels);
    free(w.rows);
    return *out != NULL;
}

bool fm_png_load(const char *path, fm_tensor **out, fm_error *err) {
    fm_file file;
    if (!fm_file_read(path, &file, err)) return false;
    bool ok = fm_png_parse(file.bytes, file.size, out, err);
    fm_file_release(&file);
    return ok || fm_fail_in(err, path);
}

/* ---- writing ---- */

static bool keep_bytes(fm_file *to, const uint8_t *bytes, size_t n, fm_error *err) {
    uint8_t *grown = realloc(to->bytes, to->size + n + 1); /* libpng writes some 8 KB at a time */
    if (!grown) return fm_fail(err, "png: no memory for %zu bytes", to->size + n);
    memcpy(grown + to->size, bytes, n);
    to->bytes = grown;
    to->size += n;
    return true;
}

static void take_bytes(png_structp png, png_bytep bytes, size_t n) {
    png_work *w = png_get_io_ptr(png);
    if (w->writer ? fm_writer_put(w->writer, bytes, n, w->err) : keep_bytes(w->memory, bytes, n, w->err)) return;
    w->write_failed = true;
    png_error(png, "write");
}

static void flush_nothing(png_structp png) {
    (void)png;
}

static bool write_guarded(png_work *w) {
    static const int types[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    if (setjmp(w->escape)) return false;
    png_set_write_fn(w->png, w, take_bytes, flush_nothing);
    png_set_compression_level(w->png, LEVEL);
    png_set_compression_strategy(w->png, 0);
    png_set_filter(w->png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
    png_set_IHDR(w->png, w->info, (png_uint_32)w->width, (png_uint_32)w->height, 8, types[w->channels], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->png, w->info);
    for (size_t y = 0; y < w->height; y++) png_write_row(w->png, w->bytes + y * w->row_bytes);
    png_write_end(w->png, NULL);
    return true;
}

static bool check_sizes(size_t width, size_t height, int channels, fm_error *err) {
    if (width >= 1 && height >= 1 && width <= FM_PNG_MAX_SIDE && height <= FM_PNG_MAX_SIDE && channels >= 1 && channels <= 4) return true;
    return fm_fail(err, "png: cannot write an image of %zux%zu with %d channels (sides 1..%d, channels 1..4)", width, height, channels,
                   FM_PNG_MAX_SIDE);
}

static bool encode(png_work *w, fm_error *err) {
    w->row_bytes = w->width * (size_t)w->channels;
    w->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, w, on_error, on_warning);
    w->info = w->png ? png_create_info_struct(w->png) : NULL;
    bool ok = w->info && write_guarded(w);
    png_destroy_write_struct(&w->png, &w->info);
    if (!ok && !err->text[0]) fm_fail(err, "png: no memory to write");
    return ok;
}

bool fm_png_write(const char *path, size_t width, size_t height, int channels, const uint8_t *pixels, fm_error *err) {
    err->text[0] = 0;
    if (!check_sizes(width, height, channels, err)) return fm_fail_in(err, path);
    png_work w = {.err = err, .bytes = pixels, .width = width, .height = height, .channels = channels};
    w.writer = fm_writer_open(path, err);
    if (!w.writer) return false;
    if (encode(&w, err)) return fm_writer_close(w.writer, err);
    fm_writer_abandon(w.writer);
    return w.write_failed ? false : fm_fail_in(err, path); /* the writer has named the path */
}

bool fm_png_encode(size_t width, size_t height, int channels, const uint8_t *pixels, fm_file *out, fm_error *err) {
    err->text[0] = 0;
    *out = (fm_file){0};
    if (!check_sizes(width, height, channels, err)) return false;
    png_work w = {.err = err, .bytes = pixels, .width = width, .height = height, .channels = channels, .memory = out};
    if (encode(&w, err)) return true;
    fm_file_release(out);
    return false;
}

bool fm_png_fits(const fm_tensor *t) {
    return t->rank >= 2 && t->rank <= 3 && t->count > 0 && (t->rank == 2 || t->shape[2] <= 4);
}

bool fm_png_save(const char *path, const fm_tensor *t, fm_error *err) {
    char text[FM_SHAPE_TEXT];
    if (!fm_png_fits(t)) {
        fm_fail(err, "png: expected a tensor [H, W] or [H, W, 1..4], found %s", fm_shape_text(t, text));
        return fm_fail_in(err, path);
    }
    uint8_t *pixels = malloc(t->count);
    if (!pixels) {
        fm_fail(err, "png: no memory for %zu bytes", t->count);
        return fm_fail_in(err, path);
    }
    const real *x = fm_data(t);
    size_t i = 0;
    for (; i < t->count && !isnan(x[i]); i++) pixels[i] = (uint8_t)((x[i] < 0 ? 0 : x[i] > 1 ? 1 : x[i]) * 255 + (real)0.5);
    bool ok = i == t->count;
    if (!ok) {
        fm_fail(err, "png: value %zu of %zu is not a number", i + 1, t->count);
        fm_fail_in(err, path);
    } else {
        ok = fm_png_write(path, t->shape[1], t->shape[0], t->rank == 3 ? (int)t->shape[2] : 1, pixels, err);
    }
    free(pixels);
    return ok;
}
