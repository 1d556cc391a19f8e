/* Sinkhorn's iteration as one would write it by hand: in the log domain, a loop over exp for each
 * row and each column. Prints the milliseconds of one iteration, the best of 5 rounds. Usage:
 * sinkhorn N ITERATIONS; build it with gcc -O3 -march=native [-ffast-math] sinkhorn.c -lm */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double normal(void) {
    double u = (rand() + 1.0) / (RAND_MAX + 2.0), v = rand() / (RAND_MAX + 1.0);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static void iterate(int n, double reg, const double *c, double *f, double *g, double *top, double *sum) {
    for (int i = 0; i < n; i++) {
        double most = -INFINITY, total = 0;
        for (int j = 0; j < n; j++) most = fmax(most, g[j] - c[i * n + j]);
        for (int j = 0; j < n; j++) total += exp((g[j] - c[i * n + j] - most) / reg);
        f[i] = -reg * log(n) - most - reg * log(total);
    }
    for (int j = 0; j < n; j++) {
        top[j] = -INFINITY;
        sum[j] = 0;
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) top[j] = fmax(top[j], f[i] - c[i * n + j]);
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) sum[j] += exp((f[i] - c[i * n + j] - top[j]) / reg);
    }
    for (int j = 0; j < n; j++) g[j] = -reg * log(n) - top[j] - reg * log(sum[j]);
}

int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 1024, iterations = argc > 2 ? atoi(argv[2]) : 20;
    size_t size = (size_t)n * sizeof(double);
    double *c = malloc(size * (size_t)n), *f = malloc(size), *g = calloc((size_t)n, sizeof *g), *top = malloc(size), *sum = malloc(size);
    double *x = malloc(4 * size), best = INFINITY;
    for (int i = 0; i < 4 * n; i++) x[i] = normal();
    for (int i = 0; i < n * n; i++) {
        double p = x[2 * (i / n)] - x[2 * n + 2 * (i % n)], q = x[2 * (i / n) + 1] - x[2 * n + 2 * (i % n) + 1];
        c[i] = p * p + q * q;
    }
    for (int round = 0; round < 5; round++) {
        double begun = seconds();
        for (int k = 0; k < iterations; k++) iterate(n, 0.5, c, f, g, top, sum);
        best = fmin(best, (seconds() - begun) / iterations);
    }
    printf("%.4f\n", best * 1000);
    return isfinite(g[0]) ? 0 : 1;
}
