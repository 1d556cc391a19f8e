/* The threads: every tile once, whatever the number of threads, the length of a tile and the time
 * since the last job; and signals for the main thread only. */
#define _GNU_SOURCE /* sigset_t, usleep */
#include "threads.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 256, PATIENCE = 120 }; /* seconds after which a job that never ends is ended */

static fm_error err;

static void set_threads(int n) {
    if (!fm_set_threads(n, &err)) fail_msg("%s", err.text);
    assert_int_equal(fm_threads(), n);
}

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void spin(double time) {
    double end = seconds(CLOCK_MONOTONIC) + time;
    while (seconds(CLOCK_MONOTONIC) < end) {
    }
}

/* ---- every tile once ---- */

typedef struct marks {
    size_t count, tile;
    unsigned char *times; /* how often each number was in a range; plain, so that a race is seen */
    atomic_int calls, wrong;
    double delay; /* seconds that some tiles take longer than others */
} marks;

static void mark(void *context, size_t first, size_t last) {
    marks *m = context;
    size_t expected = m->count - first > m->tile ? first + m->tile : m->count;
    if (first >= m->count || first % m->tile || last != expected) {
        atomic_fetch_add(&m->wrong, 1);
        return;
    }
    atomic_fetch_add(&m->calls, 1);
    for (size_t i = first; i < last; i++) m->times[i]++;
    if (m->delay > 0) spin(m->delay * (double)(first / m->tile * 7 % 11));
}

static void check_job(size_t count, size_t tile, double delay) {
    marks m = {.count = count, .tile = tile, .times = calloc(count + 1, 1), .delay = delay};
    assert_non_null(m.times);
    fm_parallel(count, tile, mark, &m);
    assert_int_equal(m.wrong, 0);
    assert_int_equal(m.calls, count / tile + (count % tile > 0));
    for (size_t i = 0; i < count; i++) {
        if (m.times[i] != 1)
            fail_msg("%d threads, %zu in tiles of %zu: number %zu was done %d times", fm_threads(), count, tile, i, m.times[i]);
    }
    assert_int_equal(m.times[count], 0);
    free(m.times);
}

static void around_the_ends_of_tiles(void) {
    static const size_t tiles[] = {1, 2, 7, 64, 1000};
    for (size_t k = 0; k < sizeof tiles / sizeof *tiles; k++) {
        check_job(0, tiles[k], 0);
        for (size_t n = 1; n < 12; n++) {
            for (size_t near = 0; near < 3; near++) check_job(n * tiles[k] + near - 1, tiles[k], 0);
        }
    }
    check_job(FM_TILE, FM_TILE, 0);
    check_job(FM_TILE + 1, FM_TILE, 0);
    check_job(9 * FM_TILE - 1, FM_TILE, 0);
    check_job(10, SIZE_MAX, 0);
}

static void each_tile_once(void **unused) {
    (void)unused;
    static const int numbers[] = {1, 2, 3, 4, 8, MOST, 5};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        set_threads(numbers[k]);
        around_the_ends_of_tiles();
    }
}

static void tiles_of_very_different_length(void **unused) {
    (void)unused;
    for (int n = 1; n <= 8; n *= 2) {
        set_threads(n);
        for (size_t count = 1; count < 40; count++) check_job(count, 1, 20e-6);
    }
}

/* ---- many jobs ---- */

typedef struct addition {
    const uint64_t *from;
    uint64_t *to;
} addition;

static void add_one(void *context, size_t first, size_t last) {
    const addition *a = context;
    for (size_t i = first; i < last; i++) a->to[i] = a->from[i] + 1;
}

/* Each job reads what the one before it wrote, in tiles that most likely other threads wrote. */
static void jobs_in_sequence(int jobs, useconds_t pause) {
    enum { COUNT = 24 };
    uint64_t numbers[2][COUNT] = {{0}, {0}};
    for (int job = 0; job < jobs; job++) {
        addition a = {numbers[job & 1], numbers[~job & 1]};
        fm_parallel(COUNT, (size_t)(job % 5 + 1), add_one, &a);
        if (pause) usleep((useconds_t)job * 37 % pause);
    }
    for (int i = 0; i < COUNT; i++) assert_int_equal(numbers[jobs & 1][i], jobs);
}

static void thousands_of_small_jobs(void **unused) {
    (void)unused;
    for (int n = 1; n <= 4; n++) {
        set_threads(n);
        jobs_in_sequence(20000, 0);
    }
    set_threads(16);
    jobs_in_sequence(2000, 0);
}

/* A worker that is just falling asleep must not miss the job that comes. */
static void jobs_after_pauses(void **unused) {
    (void)unused;
    static const useconds_t pauses[] = {2, 20, 200, 1000, 4000};
    for (int n = 2; n <= 4; n++) {
        set_threads(n);
        for (size_t k = 0; k < sizeof pauses / sizeof *pauses; k++) jobs_in_sequence(pauses[k] > 500 ? 100 : 400, pauses[k]);
    }
}

static void other_numbers_of_threads_between_jobs(void **unused) {
    (void)unused;
    for (int round = 0; round < 60; round++) {
        set_threads(1 + round * 5 % 9);
        if (round % 3) jobs_in_sequence(round % 3 * 4 - 3, 0); /* also none: workers that never saw a job */
        check_job(50, 3, 0);
    }
    for (int n = 1; n <= 12; n++) set_threads(n);
    for (int n = 12; n >= 1; n--) set_threads(n);
    check_job(50, 3, 0);
}

/* ---- who works ---- */

static pthread_t main_thread;

static void on_main_thread(void *context, size_t first, size_t last) {
    (void)first;
    (void)last;
    if (!pthread_equal(pthread_self(), main_thread)) atomic_fetch_add((atomic_int *)context, 1);
}

static void alone_before_any_thread_was_started(void **unused) {
    (void)unused;
    atomic_int elsewhere = 0;
    fm_parallel(100, 1, on_main_thread, &elsewhere);
    if (fm_threads() == 1) assert_int_equal(elsewhere, 0); /* FM_TEST_THREADS starts some before */
    check_job(1000, 7, 0);
}

static void one_tile_stays_with_the_caller(void **unused) {
    (void)unused;
    set_threads(4);
    atomic_int elsewhere = 0;
    for (int i = 0; i < 1000; i++) fm_parallel(100, (size_t)(100 + i), on_main_thread, &elsewhere);
    assert_int_equal(elsewhere, 0);
}

static int roll; /* the number of the roll call */
static _Thread_local int answered;
static atomic_int present;

static void answer(void *context, size_t first, size_t last) {
    (void)context;
    (void)first;
    (void)last;
    if (answered != roll) atomic_fetch_add(&present, 1);
    answered = roll;
    usleep(1000); /* long enough that nobody does the work of all */
}

static void every_thread_takes_part(void **unused) {
    (void)unused;
    static const int numbers[] = {1, 2, 3, 4, 8, 32, MOST};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        set_threads(numbers[k]);
        for (int round = 0; round < 3; round++) {
            roll++;
            atomic_store(&present, 0);
            double end = seconds(CLOCK_MONOTONIC) + 30;
            do fm_parallel(4 * (size_t)numbers[k], 1, answer, NULL);
            while (atomic_load(&present) < numbers[k] && seconds(CLOCK_MONOTONIC) < end);
            if (present != numbers[k]) fail_msg("of %d threads %d work", numbers[k], present);
            if (round) usleep(20000); /* the next one finds them asleep */
        }
    }
}

static void numbers_that_cannot_be(void **unused) {
    (void)unused;
    set_threads(3);
    static const int wrong[] = {0, -1, MOST + 1, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        assert_false(fm_set_threads(wrong[k], &err));
        assert_non_null(strstr(err.text, "threads: expected 1..256, found "));
        assert_int_equal(fm_threads(), 3);
    }
    check_job(100, 7, 0);
}

#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__ /* they need all of the address space */
static void a_system_that_starts_fewer(void **unused) {
    (void)unused;
    set_threads(1);
    struct rlimit before, tight;
    getrlimit(RLIMIT_AS, &before);
    tight = before;
    tight.rlim_cur = (rlim_t)300 << 20; /* 256 stacks of 8 MB need more */
    setrlimit(RLIMIT_AS, &tight);
    set_threads(MOST);
    check_job(1000, 7, 0);
    int started = fm_threads();
    check_job(1000, 7, 0);
    setrlimit(RLIMIT_AS, &before);
    assert_in_range(started, 1, MOST - 1);
    assert_int_equal(fm_threads(), started);
    set_threads(2);
    check_job(100, 7, 0);
}
#endif

/* ---- signals and time ---- */

static atomic_int signals_here, signals_elsewhere;

static void on_signal(int number) {
    (void)number;
    atomic_fetch_add(pthread_equal(pthread_self(), main_thread) ? &signals_here : &signals_elsewhere, 1);
}

static void signal_ourselves(void *context, size_t first, size_t last) {
    (void)context;
    for (size_t i = first; i < last; i++) kill(getpid(), SIGUSR1);
}

static void signals_reach_the_main_thread_only(void **unused) {
    (void)unused;
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
    sigemptyset(&act.sa_mask);
    sigaction(SIGUSR1, &act, &before);
    set_threads(8);
    for (int i = 0; i < 200; i++) fm_parallel(16, 1, signal_ourselves, NULL);
    assert_int_equal(signals_elsewhere, 0);
    assert_true(signals_here > 0);

    sigset_t one, old; /* while the main thread takes none, nobody does */
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &one, &old);
    int here = signals_here;
    for (int i = 0; i < 50; i++) fm_parallel(16, 1, signal_ourselves, NULL);
    usleep(20000);
    assert_int_equal(signals_here + signals_elsewhere, here);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    assert_int_equal(signals_here, here + 1);
    assert_int_equal(signals_elsewhere, 0);
    sigaction(SIGUSR1, &before, NULL);
}

/* The signals that the caller blocks are as they were. */
static void starting_threads_leaves_the_mask(void **unused) {
    (void)unused;
    sigset_t now;
    set_threads(1);
    set_threads(4);
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    assert_false(sigismember(&now, SIGUSR1));
    assert_false(sigismember(&now, SIGINT));
}

/* Processor time, which does not depend on what else the machine does. */
static void threads_that_wait_cost_nothing(void **unused) {
    (void)unused;
    for (int n = 2; n <= 8; n *= 2) {
        set_threads(n);
        check_job(1000, 1, 0);
        double began = seconds(CLOCK_PROCESS_CPUTIME_ID);
        usleep(300000);
        double used = seconds(CLOCK_PROCESS_CPUTIME_ID) - began;
        if (used > 0.1) fail_msg("%d threads used %.3f s of 0.3 s in which there was nothing to do", n, used);
    }
}

int main(void) {
    main_thread = pthread_self();
    alarm(PATIENCE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_before_any_thread_was_started),
        cmocka_unit_test(each_tile_once),
        cmocka_unit_test(tiles_of_very_different_length),
        cmocka_unit_test(thousands_of_small_jobs),
        cmocka_unit_test(jobs_after_pauses),
        cmocka_unit_test(other_numbers_of_threads_between_jobs),
        cmocka_unit_test(one_tile_stays_with_the_caller),
        cmocka_unit_test(every_thread_takes_part),
        cmocka_unit_test(numbers_that_cannot_be),
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
        cmocka_unit_test(a_system_that_starts_fewer),
#endif
        cmocka_unit_test(signals_reach_the_main_thread_only),
        cmocka_unit_test(starting_threads_leaves_the_mask),
        cmocka_unit_test(threads_that_wait_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
