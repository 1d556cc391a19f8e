/* The one number type. The same sources compiled with FM_DOUBLE make fmrun64, in which gradients
 * and golden values are checked to 1e-9. */
#ifndef FM_REAL_H
#define FM_REAL_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef FM_DOUBLE
typedef double real;
#define FM_REAL_NAME "double"
#define FM_REAL_MAX DBL_MAX
#define FM_REAL_EPSILON DBL_EPSILON
#define R(x) x /* a literal of type real */
#define r_sqrt sqrt
#define r_atan2 atan2
#define r_fabs fabs
#define r_exp exp
#define r_log log
#define r_log1p log1p
#define r_sin sin
#define r_cos cos
#define r_tanh tanh
#define r_erf erf
#define r_pow pow
#else
typedef float real;
#define FM_REAL_NAME "float"
#define FM_REAL_MAX FLT_MAX
#define FM_REAL_EPSILON FLT_EPSILON
#define R(x) x##f
#define r_sqrt sqrtf
#define r_atan2 atan2f
#define r_fabs fabsf
#define r_exp expf
#define r_log logf
#define r_log1p log1pf
#define r_sin sinf
#define r_cos cosf
#define r_tanh tanhf
#define r_erf erff
#define r_pow powf
#endif

/* One binary runs everywhere and fast: the marked loop is compiled for AVX-512, AVX2 and the
 * baseline, and the loader picks one. Sanitizers and other compilers or machines get the plain
 * loop. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FM_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FM_CLONES
#endif
#define FM_INLINE static inline __attribute__((always_inline, unused))

#endif
