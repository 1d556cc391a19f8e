/* Eigenvalues of a symmetric matrix, in double: Householder's reflections and the QL method. */
#ifndef FM_EIGEN_H
#define FM_EIGEN_H

#include <stddef.h>

enum { FM_EIGEN_MOST = 1024 };

/* a is [n, n], symmetric, n <= FM_EIGEN_MOST, and is overwritten. values get the eigenvalues,
 * largest first; vectors [n, n] their unit vectors in its columns. All are NaN when an entry of a
 * is not finite. */
void fm_eigen_symmetric(size_t n, double *a, double *values, double *vectors);

#endif
