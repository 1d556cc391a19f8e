/* Eigenvalues of a small symmetric matrix, in double: the cyclic Jacobi method. */
#ifndef FM_EIGEN_H
#define FM_EIGEN_H

#include <stddef.h>

/* a is [n, n], symmetric, and is overwritten. values get the eigenvalues, largest first; vectors
 * [n, n] their unit vectors in its columns. */
void fm_eigen_symmetric(size_t n, double *a, double *values, double *vectors);

#endif
