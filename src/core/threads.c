#define _GNU_SOURCE /* pthread_sigmask */
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#if defined __x86_64__ || defined __i386__
#define PAUSE() __builtin_ia32_pause()
#elif defined __aarch64__
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() (void)0
#endif

/* A worker that finds no work looks again SPIN times, some tens of microseconds: longer than the
 * calling thread is away between the passes of a step. Then it sleeps. */
enum { SPIN = 2000, LINE = 64 };

/* The ticket is the number of the job and, in its lower bits, of its next tile. A thread takes a
 * tile by counting up the ticket that it read, which fails when the job is over. So the caller
 * waits for tiles that were taken, never for a worker that comes late. */
enum { TILE_BITS = 24 };
#define MOST_TILES (((size_t)1 << TILE_BITS) - 1)
#define TILE_OF(ticket) ((size_t)((ticket)&MOST_TILES))

typedef void work_fn(void *, size_t, size_t);

static struct {
    _Alignas(LINE) _Atomic uint64_t ticket;
    /* The job. It is written while the ticket is closed: a thread that has read a part of another
     * job cannot take a tile of it. */
    _Alignas(LINE) _Atomic(work_fn *) work;
    _Atomic(void *) context;
    atomic_size_t count, tile, tiles;
    _Alignas(LINE) atomic_size_t done; /* tiles */
    _Alignas(LINE) atomic_int sleepers;
    atomic_bool caller_sleeps, stop;
    pthread_mutex_t lock;
    pthread_cond_t wake, finished;
    bool (*ready)(int threads);
    int wanted; /* workers */
    int n_workers, spin;
    pthread_t workers[FM_MOST_THREADS];
} crew = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .finished = PTHREAD_COND_INITIALIZER};

#define READ(field) atomic_load_explicit(&crew.field, memory_order_acquire)
#define WRITE(field, value) atomic_store_explicit(&crew.field, value, memory_order_release)

/* ---- tiles ---- */

/* Works on tiles of the present job until none is left to take. */
static void take_tiles(void) {
    uint64_t ticket = READ(ticket);
    for (;;) {
        work_fn *work = READ(work);
        void *context = READ(context);
        size_t count = READ(count), tile = READ(tile), tiles = READ(tiles), i = TILE_OF(ticket);
        if (i >= tiles) return;
        if (!atomic_compare_exchange_weak(&crew.ticket, &ticket, ticket + 1)) continue;
        ticket++;
        work(context, i * tile, count - i * tile > tile ? (i + 1) * tile : count);
        if (atomic_fetch_add(&crew.done, 1) + 1 == tiles && atomic_load(&crew.caller_sleeps)) {
            pthread_mutex_lock(&crew.lock);
            pthread_cond_signal(&crew.finished);
            pthread_mutex_unlock(&crew.lock);
        }
    }
}

static bool has_work(void) {
    return TILE_OF(atomic_load(&crew.ticket)) < READ(tiles);
}

static bool is_done(size_t tiles) {
    return atomic_load(&crew.done) == tiles;
}

/* ---- workers ---- */

static void sleep_until_called(void) {
    pthread_mutex_lock(&crew.lock);
    atomic_fetch_add(&crew.sleepers, 1);
    while (!has_work() && !atomic_load(&crew.stop)) pthread_cond_wait(&crew.wake, &crew.lock);
    atomic_fetch_sub(&crew.sleepers, 1);
    pthread_mutex_unlock(&crew.lock);
}

static void *worker(void *unused) {
    (void)unused;
    while (!atomic_load(&crew.stop)) {
        take_tiles();
        int left = crew.spin;
        while (left && !has_work() && !atomic_load(&crew.stop)) {
            PAUSE();
            left--;
        }
        if (!left) sleep_until_called();
    }
    return NULL;
}

static int processors(void) {
#ifdef __linux__
    cpu_set_t set;
    if (!sched_getaffinity(0, sizeof set, &set)) return CPU_COUNT(&set);
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* As many as the system gives: the results are the same with fewer. */
static void start_workers(void) {
    if (crew.ready && !crew.ready(crew.wanted + 1)) crew.wanted = 0;
    sigset_t all, before; /* signals are the main thread's business */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    crew.spin = crew.wanted < processors() ? SPIN : 0; /* else who spins keeps another from work */
    while (crew.n_workers < crew.wanted && !pthread_create(&crew.workers[crew.n_workers], NULL, worker, NULL)) crew.n_workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    crew.wanted = crew.n_workers;
}

static void wake_all(void) {
    pthread_mutex_lock(&crew.lock);
    pthread_cond_broadcast(&crew.wake);
    pthread_mutex_unlock(&crew.lock);
}

static void join_workers(void) {
    atomic_store(&crew.stop, true);
    wake_all();
    for (int i = 0; i < crew.n_workers; i++) pthread_join(crew.workers[i], NULL);
    crew.n_workers = 0;
    atomic_store(&crew.stop, false);
}

void fm_before_workers(bool (*ready)(int threads)) {
    crew.ready = ready;
}

int fm_threads(void) {
    return crew.wanted + 1;
}

bool fm_set_threads(int n, fm_error *err) {
    if (n < 1 || n > FM_MOST_THREADS) return fm_fail(err, "threads: expected 1..%d, found %d", FM_MOST_THREADS, n);
    if (n == fm_threads()) return true;
    join_workers();
    crew.wanted = n - 1;
    return true;
}

/* ---- jobs ---- */

static void open_job(size_t count, size_t tile, size_t tiles, work_fn *work, void *context) {
    uint64_t job = atomic_load(&crew.ticket) >> TILE_BITS;
    atomic_store(&crew.ticket, job << TILE_BITS | MOST_TILES); /* closed */
    WRITE(work, work);
    WRITE(context, context);
    WRITE(count, count);
    WRITE(tile, tile);
    WRITE(tiles, tiles);
    WRITE(done, 0);
    atomic_store(&crew.ticket, (job + 1) << TILE_BITS);
    if (atomic_load(&crew.sleepers)) wake_all();
}

static void wait_until_done(size_t tiles) {
    for (int left = crew.spin; left && !is_done(tiles); left--) PAUSE();
    if (is_done(tiles)) return;
    pthread_mutex_lock(&crew.lock);
    atomic_store(&crew.caller_sleeps, true);
    while (!is_done(tiles)) pthread_cond_wait(&crew.finished, &crew.lock);
    atomic_store(&crew.caller_sleeps, false);
    pthread_mutex_unlock(&crew.lock);
}

void fm_parallel(size_t count, size_t tile, void (*work)(void *, size_t, size_t), void *context) {
    size_t tiles = count / tile + (count % tile != 0);
    if (tiles > 1 && tiles < MOST_TILES && crew.n_workers < crew.wanted) start_workers();
    if (tiles < 2 || tiles >= MOST_TILES || crew.n_workers == 0) {
        for (size_t first = 0; first < count; first += tile) work(context, first, count - first > tile ? first + tile : count);
        return;
    }
    open_job(count, tile, tiles, work, context);
    take_tiles();
    wait_until_done(tiles);
}
