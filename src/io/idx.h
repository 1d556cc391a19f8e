/* IDX, the format of MNIST (Y. LeCun): a type, sizes, the numbers, all big-endian. Plain or
 * gzip. */
#ifndef FM_IDX_H
#define FM_IDX_H

#include "tensor.h"

/* The numbers as they are (pixels 0..255, labels from 0), in the file's shape. */
bool fm_idx_parse(const uint8_t *bytes, size_t size, fm_tensor **out, fm_error *err);
bool fm_idx_load(const char *path, fm_tensor **out, fm_error *err);

#endif
