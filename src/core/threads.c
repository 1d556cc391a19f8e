#define _GNU_SOURCE /* pthread_sigmask */
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#if defined __x86_64__ || defined __i386__
#define PAUSE() __builtin_ia32_pause()
#elif defined __aarch64__
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() (void)0
#endif

/* A worker that finds no work looks again for SPIN microseconds: longer than the calling thread is
 * away between the passes of a step. Then it sleeps. To wake one costs the caller as much as a tile
 * or two, and the one who wakes comes some tiles late. So a sleeper is called when there was work
 * for it before, ENOUGH tiles in jobs that followed each other within MEMORY microseconds, or when
 * a job has taken LATE microseconds and is not over. */
enum { SPIN = 300, ENOUGH = 24, MEMORY = 2000, LATE = 50, LINE = 64 };

/* Tiles are shared out in one span of neighbours for each thread, so that a thread finds in its
 * cache what it wrote in the pass before. A thread that is done with its span takes tiles of the
 * others. A span's ticket is the number of the job and, in its lower bits, of the next tile. A tile
 * is taken by counting up the ticket that was read, which fails when the job is over. So the caller
 * waits for tiles that were taken, never for a worker that comes late. */
enum { TILE_BITS = 24 };
#define MOST_TILES (((size_t)1 << TILE_BITS) - 1)
#define TILE_OF(ticket) ((size_t)((ticket)&MOST_TILES))

typedef void work_fn(void *, size_t, size_t);

typedef struct span {
    _Alignas(LINE) _Atomic uint64_t ticket;
    atomic_bool asleep;  /* its thread, */
    pthread_cond_t wake; /* until it hears this */
    pthread_t thread;
} span;

/* What is written together lies together. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
static struct {
    /* The job. It is written while all tickets are closed: a thread that has read a part of another
     * job cannot take a tile of it. */
    _Alignas(LINE) _Atomic(work_fn *) work;
    _Atomic(void *) context;
    atomic_size_t count, tile, tiles;
    _Alignas(LINE) atomic_size_t done; /* tiles */
    _Alignas(LINE) atomic_bool caller_sleeps, stop;
    atomic_int members; /* threads that spans are made for: the caller and all workers */
    pthread_mutex_t lock;
    pthread_cond_t finished;
    bool (*ready)(int threads);
    int wanted, workers;         /* that run */
    bool spins;                  /* unless there are more threads than processors */
    uint64_t job, last_call;     /* when a job found sleepers */
    size_t missed;               /* tiles of such jobs since */
    bool uncalled;               /* this job has sleepers */
    span spans[FM_MOST_THREADS]; /* the caller's first */
} crew = {.lock = PTHREAD_MUTEX_INITIALIZER, .finished = PTHREAD_COND_INITIALIZER, .members = 1, .wanted = 1};

#define READ(field) atomic_load_explicit(&crew.field, memory_order_acquire)
#define WRITE(field, value) atomic_store_explicit(&crew.field, value, memory_order_release)

/* ---- tiles ---- */

static size_t first_of(size_t tiles, int of) {
    return tiles * (size_t)of / (size_t)READ(members);
}

static void tile_done(size_t tiles) {
    if (atomic_fetch_add(&crew.done, 1) + 1 != tiles || !atomic_load(&crew.caller_sleeps)) return;
    pthread_mutex_lock(&crew.lock);
    pthread_cond_signal(&crew.finished);
    pthread_mutex_unlock(&crew.lock);
}

static uint64_t microseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void wake(span *s) {
    if (!atomic_load(&s->asleep)) return;
    pthread_mutex_lock(&crew.lock);
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&crew.lock);
}

static void wake_sleepers(size_t tiles) {
    crew.uncalled = false;
    for (int i = 1; i < crew.wanted; i++) {
        if (first_of(tiles, i) < first_of(tiles, i + 1)) wake(&crew.spans[i]);
    }
}

/* Works on tiles of a span of this job until none is left to take. */
static void take_tiles(int own, int of, uint64_t job) {
    uint64_t ticket = READ(spans[of].ticket);
    for (;;) {
        work_fn *work = READ(work);
        void *context = READ(context);
        size_t count = READ(count), tile = READ(tile), tiles = READ(tiles), i = TILE_OF(ticket);
        if (ticket >> TILE_BITS != job || i >= first_of(tiles, of + 1)) return;
        if (!atomic_compare_exchange_weak(&crew.spans[of].ticket, &ticket, ticket + 1)) continue;
        ticket++;
        work(context, i * tile, count - i * tile > tile ? (i + 1) * tile : count);
        tile_done(tiles);
        if (own == 0 && crew.uncalled && microseconds() - crew.last_call > LATE) wake_sleepers(tiles);
    }
}

/* The thread's own span comes first: it takes no tile of a job before that is open to it. */
static void take_all_tiles(int own) {
    uint64_t job = READ(spans[own].ticket) >> TILE_BITS;
    int n = READ(members);
    for (int i = 0; i < n; i++) take_tiles(own, own + i < n ? own + i : own + i - n, job);
}

static bool has_work(int of) {
    uint64_t ticket = atomic_load(&crew.spans[of].ticket);
    return TILE_OF(ticket) < first_of(READ(tiles), of + 1);
}

static bool is_done(size_t tiles) {
    return atomic_load(&crew.done) == tiles;
}

/* ---- workers ---- */

static void sleep_until_called(int own) {
    span *s = &crew.spans[own];
    pthread_mutex_lock(&crew.lock);
    atomic_store(&s->asleep, true);
    if (!has_work(own) && !atomic_load(&crew.stop)) pthread_cond_wait(&s->wake, &crew.lock);
    atomic_store(&s->asleep, false);
    pthread_mutex_unlock(&crew.lock);
}

/* Until there is something to do. False after a while. */
static bool spin_until_called(int own) {
    enum { BETWEEN = 64 }; /* looks between two at the clock */
    for (uint64_t end = microseconds() + SPIN; crew.spins && microseconds() < end;) {
        for (int i = 0; i < BETWEEN; i++) {
            if (has_work(own) || atomic_load(&crew.stop)) return true;
            PAUSE();
        }
    }
    return false;
}

static void *worker(void *span_of) {
    int own = (int)((span *)span_of - crew.spans);
    while (!atomic_load(&crew.stop)) {
        take_all_tiles(own);
        if (!spin_until_called(own)) sleep_until_called(own);
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

/* Nobody can take a tile. */
static void close_tickets(void) {
    for (int i = 0; i < crew.wanted; i++) WRITE(spans[i].ticket, crew.job << TILE_BITS | MOST_TILES);
}

/* As many as the system gives: the results are the same with fewer. */
static void start_workers(void) {
    if (crew.ready && !crew.ready(crew.wanted)) {
        crew.wanted = 1;
        return;
    }
    sigset_t all, before; /* signals are the main thread's business */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    crew.spins = crew.wanted <= processors(); /* else who spins keeps another from work */
    close_tickets();
    WRITE(members, crew.wanted);
    for (int i = 1; i < crew.wanted; i++) {
        span *s = &crew.spans[i];
        atomic_store(&s->asleep, false);
        pthread_cond_init(&s->wake, NULL);
        if (pthread_create(&s->thread, NULL, worker, s)) break;
        crew.workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    crew.wanted = crew.workers + 1;
    WRITE(members, crew.wanted);
}

static void join_workers(void) {
    atomic_store(&crew.stop, true);
    for (; crew.workers; crew.workers--) {
        span *s = &crew.spans[crew.workers];
        wake(s);
        pthread_join(s->thread, NULL);
        pthread_cond_destroy(&s->wake);
    }
    atomic_store(&crew.stop, false);
}

void fm_before_workers(bool (*ready)(int threads)) {
    crew.ready = ready;
}

int fm_threads(void) {
    return crew.wanted;
}

bool fm_set_threads(int n, fm_error *err) {
    if (n < 1 || n > FM_MOST_THREADS) return fm_fail(err, "threads: expected 1..%d, found %d", FM_MOST_THREADS, n);
    if (n == fm_threads()) return true;
    join_workers();
    crew.wanted = n;
    return true;
}

/* ---- jobs ---- */

/* Whether sleepers are called for so many tiles. */
static bool is_worth_a_call(size_t tiles) {
    uint64_t now = microseconds();
    if (now - crew.last_call > MEMORY) crew.missed = 0;
    crew.last_call = now;
    crew.missed += tiles;
    if (crew.missed < ENOUGH && crew.spins) return false;
    crew.missed = 0;
    return true;
}

static void open_job(size_t count, size_t tile, size_t tiles, work_fn *work, void *context) {
    close_tickets();
    WRITE(work, work);
    WRITE(context, context);
    WRITE(count, count);
    WRITE(tile, tile);
    WRITE(tiles, tiles);
    WRITE(done, 0);
    crew.job++;
    bool sleepers = false;
    for (int i = crew.wanted - 1; i >= 0; i--) {
        size_t first = first_of(tiles, i);
        atomic_store(&crew.spans[i].ticket, crew.job << TILE_BITS | first);
        if (i && first < first_of(tiles, i + 1) && atomic_load(&crew.spans[i].asleep)) sleepers = true;
    }
    crew.uncalled = sleepers;
    if (sleepers && is_worth_a_call(tiles)) wake_sleepers(tiles);
}

static void wait_until_done(size_t tiles) {
    for (int left = crew.spins ? 2000 : 0; left && !is_done(tiles); left--) PAUSE();
    if (is_done(tiles)) return;
    pthread_mutex_lock(&crew.lock);
    atomic_store(&crew.caller_sleeps, true);
    while (!is_done(tiles)) pthread_cond_wait(&crew.finished, &crew.lock);
    atomic_store(&crew.caller_sleeps, false);
    pthread_mutex_unlock(&crew.lock);
}

void fm_parallel(size_t count, size_t tile, void (*work)(void *, size_t, size_t), void *context) {
    size_t tiles = count / tile + (count % tile != 0);
    if (tiles > 1 && tiles < MOST_TILES && crew.wanted > 1 && !crew.workers) start_workers();
    if (tiles < 2 || tiles >= MOST_TILES || crew.wanted == 1) {
        for (size_t first = 0; first < count; first += tile) work(context, first, count - first > tile ? first + tile : count);
        return;
    }
    open_job(count, tile, tiles, work, context);
    take_all_tiles(0);
    wait_until_done(tiles);
}
