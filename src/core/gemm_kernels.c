#include "gemm_kernels.h"

/* The multiply-adds are written out: whether a compiler makes them of x * y + z depends on how it
 * is called. Other compilers and processors leave the work to OpenBLAS. */
#if defined __GNUC__ && !defined __clang__ && (defined __x86_64__ || defined __aarch64__)

enum { AHEAD = 16 }; /* rows of B that are on their way from memory while one is packed */

#ifdef FM_DOUBLE
typedef int64_t index_of_real;
#else
typedef int32_t index_of_real;
#endif

#ifdef __x86_64__
#include <immintrin.h>
#ifdef FM_DOUBLE
#define MULTIPLY_ADD_512 _mm512_fmadd_pd
#define MULTIPLY_ADD_256 _mm256_fmadd_pd
#else
#define MULTIPLY_ADD_512 _mm512_fmadd_ps
#define MULTIPLY_ADD_256 _mm256_fmadd_ps
#endif

#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,fma")
#define VECTOR 64
#define MULTIPLY_ADD MULTIPLY_ADD_512
#define ROWS 14
#define NAME(x) x##_avx512
#define KIND with_avx512
#include "gemm_block.h"
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define VECTOR 32
#define MULTIPLY_ADD MULTIPLY_ADD_256
#define ROWS 6
#define NAME(x) x##_avx2
#define KIND with_avx2
#include "gemm_block.h"
#pragma GCC pop_options

const fm_gemm_kernels *fm_gemm_kernels_here(void) {
    if (__builtin_cpu_supports("x86-64-v4")) return &with_avx512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &with_avx2 : NULL;
}
#else
#include <arm_neon.h>
#ifdef FM_DOUBLE
#define MULTIPLY_ADD(x, y, z) vfmaq_f64(z, x, y)
#else
#define MULTIPLY_ADD(x, y, z) vfmaq_f32(z, x, y)
#endif
#define VECTOR 16
#define ROWS 14
#define NAME(x) x##_neon
#define KIND with_neon
#include "gemm_block.h"

const fm_gemm_kernels *fm_gemm_kernels_here(void) {
    return &with_neon;
}
#endif

#else
const fm_gemm_kernels *fm_gemm_kernels_here(void) {
    return NULL;
}
#endif
