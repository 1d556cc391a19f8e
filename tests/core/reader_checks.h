/* What the tests of readers share: bytes to damage, a folder to write in, one signature for all. */
#ifndef READER_CHECKS_H
#define READER_CHECKS_H

#include "atomic_file.h"
#include "cifar.h"
#include "idx.h"
#include "npy.h"
#include "png_file.h"
#include "safetensors.h"
#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

typedef struct bytes {
    uint8_t at[16384];
    size_t size;
} bytes;

static char folder[64];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/fm-io-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static const char *in_folder(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* ---- one face for all readers: the text of the error, or "" ---- */

typedef enum format { SAFETENSORS, NPY, IDX, CIFAR, PNG, VECTORS } format;

static fm_tensor *taken; /* the first tensor of the last good read */

static void drop_taken(void) {
    fm_tensor_release(taken);
    taken = NULL;
}

static bool read_as(format f, const uint8_t *at, size_t size, fm_error *err) {
    fm_safetensors s;
    fm_vectors v;
    fm_tensor *labels;
    bool ok = false;
    drop_taken();
    switch (f) {
    case NPY:
        return fm_npy_parse(at, size, &taken, err);
    case IDX:
        return fm_idx_parse(at, size, &taken, err);
    case PNG:
        return fm_png_parse(at, size, &taken, err);
    case CIFAR:
        ok = fm_cifar10_parse(at, size, &taken, &labels, err);
        if (ok) fm_tensor_release(labels);
        return ok;
    case SAFETENSORS:
        ok = fm_safetensors_parse(at, size, &s, err);
        if (ok && s.n) taken = fm_tensor_retain(s.tensors[0].tensor);
        if (ok) fm_safetensors_release(&s);
        return ok;
    case VECTORS:
        ok = fm_vectors_parse(at, size, &v, err);
        if (ok) taken = fm_tensor_retain(v.vectors);
        if (ok) fm_vectors_release(&v);
        return ok;
    }
    return false;
}

/* From a block of exactly that size, so that a read beyond it is seen. A failure must leak
 * nothing. */
static const char *error_of(format f, const void *at, size_t size) {
    static fm_error err;
    drop_taken();
    size_t before = fm_live_bytes();
    uint8_t *copy = malloc(size ? size : 1);
    if (size) memcpy(copy, at, size);
    err.text[0] = 0;
    bool ok = read_as(f, copy, size, &err);
    free(copy);
    if (ok) return "";
    assert_int_not_equal(err.text[0], 0);
    assert_int_equal(fm_live_bytes(), before);
    return err.text;
}

static void expect_error(format f, const void *at, size_t size, const char *part) {
    const char *text = error_of(f, at, size);
    if (!strstr(text, part)) fail_msg("expected \"%s\", found \"%s\"", part, text);
}

static void expect_good(format f, const void *at, size_t size) {
    const char *text = error_of(f, at, size);
    if (*text) fail_msg("expected no error, found \"%s\"", text);
}

static void expect_cuts_fail(format f, const bytes *b) {
    expect_good(f, b->at, b->size);
    for (size_t n = 0; n < b->size; n++) {
        if (!*error_of(f, b->at, n)) fail_msg("cut at %zu of %zu was accepted", n, b->size);
    }
}

static bytes file_bytes(const char *path) {
    bytes b = {.size = 0};
    fm_file file;
    fm_error err;
    assert_true(fm_file_read(path, &file, &err));
    assert_true(file.size <= sizeof b.at);
    memcpy(b.at, file.bytes, b.size = file.size);
    fm_file_release(&file);
    unlink(path);
    return b;
}

static fm_tensor *numbers(int rank, size_t a, size_t b, size_t c) {
    fm_error err;
    size_t shape[3] = {a, b, c};
    fm_tensor *t = fm_tensor_new(rank, shape, &err);
    for (size_t i = 0; i < t->count; i++) fm_data(t)[i] = (real)i / 3 - 1;
    return t;
}

static bytes bytes_of(const char *text, size_t size) {
    bytes b = {.size = size};
    memcpy(b.at, text, size);
    return b;
}

static int nothing_left(void **state) {
    (void)state;
    drop_taken();
    return fm_live_bytes() ? -1 : 0;
}

#endif
