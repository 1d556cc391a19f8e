/* safetensors: named tensors and a map of strings in one file. Format: 8 bytes header length
 * (little-endian), a JSON header, the numbers without gaps. Stricter than its reference reader:
 * whatever is unclear is an error. */
#ifndef FM_SAFETENSORS_H
#define FM_SAFETENSORS_H

#include "tensor.h"

enum { FM_SAFETENSORS_HEADER = 100000000 }; /* bytes, at most */

typedef struct fm_text { /* may hold any byte; not terminated */
    const char *at;
    size_t size;
} fm_text;

typedef struct fm_named_tensor {
    fm_text name;
    fm_tensor *tensor;
} fm_named_tensor;

typedef struct fm_text_pair {
    fm_text key, value;
} fm_text_pair;

typedef struct fm_safetensors {
    size_t n, n_metadata;
    fm_named_tensor *tensors; /* in the order of the header; one reference each */
    fm_text_pair *metadata;
    char *texts; /* what all fm_text above point into */
} fm_safetensors;

/* Any of F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL becomes real. False with "safetensors:
 * byte N: problem". */
bool fm_safetensors_parse(const uint8_t *bytes, size_t size, fm_safetensors *out, fm_error *err);
bool fm_safetensors_load(const char *path, fm_safetensors *out, fm_error *err);
void fm_safetensors_release(fm_safetensors *s); /* twice is fine */

/* Writes atomically, as F32 or F64, names and keys sorted: same content, same bytes. `what` is read
 * only. False with a message when a name is not UTF-8 or twice there, or the file cannot be
 * written; then an old file stays. */
bool fm_safetensors_save(const char *path, const fm_safetensors *what, fm_error *err);

#endif
