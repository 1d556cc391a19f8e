/* NPY, NumPy's file of one array. The header is read by a small fixed grammar and never evaluated.
 * Stricter than NumPy: bytes after the data, double keys, structured and pickled types are
 * errors. */
#ifndef FM_NPY_H
#define FM_NPY_H

#include "tensor.h"

/* Floats f2 f4 f8, whole numbers i1..i8 u1..u8 and b1, either byte order, become real; Fortran
 * order is transposed while reading. */
bool fm_npy_parse(const uint8_t *bytes, size_t size, fm_tensor **out, fm_error *err);
bool fm_npy_load(const char *path, fm_tensor **out, fm_error *err);
bool fm_npy_save(const char *path, const fm_tensor *t, fm_error *err); /* version 1.0, C order, f4 or f8 */

#endif
