#include "gemm_kernels.h"

/* This file is compiled with -ffp-contract=fast: x * y + z is one instruction. The vectors are
 * GCC's; other compilers and processors leave the work to OpenBLAS. */
#if defined __GNUC__ && !defined __clang__ && (defined __x86_64__ || defined __aarch64__)

enum { AHEAD = 16 }; /* rows of B that are on their way from memory while one is packed */

#ifdef FM_DOUBLE
typedef int64_t index_of_real;
#else
typedef int32_t index_of_real;
#endif

#ifdef __x86_64__
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,fma")
#define VECTOR 64
#define ROWS 14
#define NAME(x) x##_avx512
#define KIND with_avx512
#include "gemm_block.h"
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define VECTOR 32
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
