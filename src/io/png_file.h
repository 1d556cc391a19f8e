/* PNG pictures in and out. Same pixels, same bytes: compression is fixed and no time is written. */
#ifndef FM_PNG_FILE_H
#define FM_PNG_FILE_H

#include "atomic_file.h"
#include "tensor.h"

enum { FM_PNG_MAX_SIDE = 16384 };

/* [height, width, channels] with values 0..1; channels: 1 gray, 2 gray and alpha, 3 colour, 4
 * colour and alpha. Palettes and 1, 2, 4 bit depths are expanded, 16 bits keep their precision,
 * transparency becomes alpha; colour profiles and gamma are ignored. */
bool fm_png_parse(const uint8_t *bytes, size_t size, fm_tensor **out, fm_error *err);
bool fm_png_load(const char *path, fm_tensor **out, fm_error *err);

/* 8 bits a channel, rows from the top; `pixels` holds height * width * channels (as above)
 * bytes. */
bool fm_png_write(const char *path, size_t width, size_t height, int channels, const uint8_t *pixels, fm_error *err);
/* The same into memory, which fm_file_release gives back. */
bool fm_png_encode(size_t width, size_t height, int channels, const uint8_t *pixels, fm_file *out, fm_error *err);
/* [H, W] or [H, W, C]: values are held within 0..1 and rounded to 8 bits; NaN is an error. */
bool fm_png_fits(const fm_tensor *t); /* the shape is one of these */
bool fm_png_save(const char *path, const fm_tensor *t, fm_error *err);

#endif
