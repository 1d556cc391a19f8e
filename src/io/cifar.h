/* CIFAR-10, binary version (A. Krizhevsky): records of a label byte and 3 x 32 x 32 pixels, planes
 * red, green, blue. */
#ifndef FM_CIFAR_H
#define FM_CIFAR_H

#include "tensor.h"

/* images [N, 3072] in 0..1, planes as in the file; labels [N], 1..10. Both are the caller's, or
 * NULL with `err` filled. */
bool fm_cifar10_parse(const uint8_t *bytes, size_t size, fm_tensor **images, fm_tensor **labels, fm_error *err);
bool fm_cifar10_load(const char *path, fm_tensor **images, fm_tensor **labels, fm_error *err);

#endif
