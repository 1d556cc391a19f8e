#include "cifar.h"

#include "atomic_file.h"
#include "bytes.h"

enum { PIXELS = 3072, RECORD = 1 + PIXELS, CIFAR100_RECORD = 2 + PIXELS, CLASSES = 10 };

static bool check(const uint8_t *bytes, size_t size, fm_error *err) {
    if (size == 0) return fm_fail_at(err, "cifar10", 0, "no records");
    if (size % RECORD) {
        const char *seems = fm_sniff(bytes, size);
        if (seems && bytes[0] == 0x80) seems = "is the Python pickle version; use the binary version";
        if (!seems && size % CIFAR100_RECORD == 0) seems = "looks like CIFAR-100";
        return fm_fail_at(err, "cifar10", size - size % RECORD, "not a whole number of %d-byte records (remainder %zu)%s%s", RECORD,
                          size % RECORD, seems ? ": it " : "", seems ? seems : "");
    }
    for (size_t i = 0; i < size; i += RECORD) {
        if (bytes[i] >= CLASSES) return fm_fail_at(err, "cifar10", i, "record %zu has label %d (expected 0..9)", i / RECORD + 1, bytes[i]);
    }
    return true;
}

bool fm_cifar10_parse(const uint8_t *bytes, size_t size, fm_tensor **images, fm_tensor **labels, fm_error *err) {
    *images = *labels = NULL;
    if (!check(bytes, size, err)) return false;
    size_t n = size / RECORD, shape[2] = {n, PIXELS};
    *images = fm_tensor_new(2, shape, err);
    *labels = *images ? fm_tensor_new(1, &n, err) : NULL;
    if (!*labels) {
        fm_tensor_release(*images);
        *images = NULL;
        return false;
    }
    real *x = fm_data(*images), *y = fm_data(*labels);
    for (size_t r = 0; r < n; r++, bytes += RECORD) {
        *y++ = (real)(bytes[0] + 1);
        for (size_t i = 0; i < PIXELS; i++) *x++ = (real)bytes[1 + i] / 255;
    }
    return true;
}

bool fm_cifar10_load(const char *path, fm_tensor **images, fm_tensor **labels, fm_error *err) {
    fm_file file;
    if (!fm_file_read(path, &file, err)) return false;
    bool ok = fm_cifar10_parse(file.bytes, file.size, images, labels, err);
    fm_file_release(&file);
    return ok || fm_fail_in(err, path);
}
