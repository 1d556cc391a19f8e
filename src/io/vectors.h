/* Word vectors as text, one word a line, followed by its numbers: GloVe, and word2vec with its
 * first line "count dim". */
#ifndef FM_VECTORS_H
#define FM_VECTORS_H

#include "atomic_file.h"
#include "tensor.h"

typedef struct fm_word { /* any bytes but NUL and newline; may hold blanks; not terminated */
    const char *at;
    size_t size;
} fm_word;

typedef struct fm_vectors {
    fm_tensor *vectors; /* [n, D] */
    size_t n;
    fm_word *words; /* into the file's bytes */
    fm_file file;   /* of fm_vectors_load only */
} fm_vectors;

/* The words borrow `bytes`. A line is cut into numbers from its right end at single blanks, so a
 * word may hold blanks. False with "vectors: line N: problem": no vectors, not D numbers, a number
 * that is not finite, an empty or repeated word, a NUL byte. */
bool fm_vectors_parse(const uint8_t *bytes, size_t size, fm_vectors *out, fm_error *err);
bool fm_vectors_load(const char *path, fm_vectors *out, fm_error *err);
void fm_vectors_release(fm_vectors *v); /* twice is fine */

#endif
