/* Covariances of samples, in double, and what needs them: the Frechet distance between Gaussians,
 * and principal components. */
#ifndef FM_COVARIANCE_H
#define FM_COVARIANCE_H

#include "distance.h"
#include "eigen.h"
#include "error.h"

enum { FM_COVARIANCE_MOST = FM_EIGEN_MOST }; /* dimensions: the matrices are dense and their eigenvalues cost d^3 */

/* The mean [d] and the unbiased covariance [d, d] of x [n, d], n >= 2. */
void fm_covariance(size_t n, size_t d, const real *x, double *mean, double *covariance);
/* |m - m'|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2): the squared Frechet distance (Frechet 1957)
 * between Gaussians with the means and covariances of the two samples; Dowson and Landau 1982. Both
 * have at least 2 rows, and at most FM_COVARIANCE_MOST columns. False with `err`: no memory. */
bool fm_frechet(const fm_samples *s, double *squared, fm_error *err);
/* The mean [d] of x [n, d], n >= 2, and its first k principal components [d, k] in columns, by
 * falling variance. The largest entry of each is positive. d is at most FM_COVARIANCE_MOST, 1 <= k
 * <= d. False with `err`: no memory. */
bool fm_components(size_t n, size_t d, const real *x, size_t k, real *mean, real *components, fm_error *err);

#endif
