/* What it costs to give work to other threads: tests/bench/dispatch builds and runs this. Workers
 * spin when a job follows another at once, and sleep 20 ms later. Microseconds by the wall clock,
 * medians: what the caller pays for a job that does nothing, and how long it takes until another
 * thread has begun, in a job of 64 tiles of 5 us. Then a job of two equal tiles on one thread and
 * on two. */
#define _GNU_SOURCE /* usleep */
#include "threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 5000, FEW = 100, SLEEP = 20000, TILE = 5, TILES = 64 };

static pthread_t caller;
static _Atomic double begun; /* when another thread began; 0: not yet */

static double microseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void nothing(void *context, size_t first, size_t last) {
    (void)context;
    (void)first;
    (void)last;
}

/* A tile of some microseconds. */
static void last_a_while(void *context, size_t first, size_t last) {
    (void)context;
    (void)first;
    (void)last;
    double now = microseconds();
    if (begun == 0 && !pthread_equal(pthread_self(), caller)) begun = now;
    while (microseconds() < now + TILE) {
    }
}

static double empty_job(size_t tiles) {
    double start = microseconds();
    fm_parallel(tiles, 1, nothing, NULL);
    return microseconds() - start;
}

/* The whole job when no other begins. */
static double another_begins(size_t tiles) {
    begun = 0;
    double start = microseconds();
    fm_parallel(tiles, 1, last_a_while, NULL);
    return (begun == 0 ? microseconds() : begun) - start;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double (*measure)(size_t), size_t tiles, int n, useconds_t pause) {
    static double times[MANY];
    for (int i = 0; i < n; i++) {
        if (pause) usleep(pause);
        times[i] = measure(tiles);
    }
    qsort(times, (size_t)n, sizeof *times, by_size);
    return times[n / 2];
}

static volatile double sink; /* of the last tile; a race that does not matter */

static void turn(void *context, size_t first, size_t last) {
    (void)context;
    double x = 1;
    for (size_t i = first; i < last; i++) x = x * 1.0000001 + 1e-9;
    sink = x;
}

static size_t tile;

static double two_tiles(size_t tiles) {
    double start = microseconds();
    fm_parallel(tiles * tile, tile, turn, NULL);
    return microseconds() - start;
}

int main(void) {
    fm_error err;
    caller = pthread_self();
    printf("%d processors\n%-8s %22s %26s\n", (int)sysconf(_SC_NPROCESSORS_ONLN), "", "an empty job", "until another begins");
    printf("%-8s %12s %12s %12s %12s\n", "threads", "spinning", "sleeping", "spinning", "sleeping");
    for (int threads = 1; threads <= 4; threads *= 2) {
        fm_set_threads(threads, &err);
        size_t tiles = 2 * (size_t)threads;
        median(empty_job, tiles, MANY, 0);
        printf("%-8d %12.2f %12.2f", threads, median(empty_job, tiles, MANY, 0), median(empty_job, tiles, FEW, SLEEP));
        if (threads > 1) printf(" %12.2f %12.2f", median(another_begins, TILES, MANY / 5, 0), median(another_begins, TILES, FEW, SLEEP));
        puts("");
    }
    printf("\n%-10s %12s %12s %12s   two equal tiles\n", "a tile", "1 thread", "2 threads", "times as fast");
    for (tile = 125; tile <= 32000; tile *= 2) {
        fm_set_threads(1, &err);
        double one = median(two_tiles, 2, MANY / 5, 0);
        fm_set_threads(2, &err);
        median(two_tiles, 2, FEW, 0);
        double two = median(two_tiles, 2, MANY / 5, 0);
        printf("%-10.2f %12.2f %12.2f %12.2f\n", one / 2, one, two, one / two);
    }
    return 0;
}
