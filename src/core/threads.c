#define _GNU_SOURCE /* pthread_sigmask */
#include "threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { MAX_THREADS = 256 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    pthread_t workers[MAX_THREADS];
    int n_workers, busy;
    unsigned long job;
    bool stop;
    void (*work)(void *, size_t, size_t);
    void *context;
    size_t count, tile;
    atomic_size_t next;
} crew = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};

static void take_tiles(void) {
    for (;;) {
        size_t first = atomic_fetch_add(&crew.next, crew.tile);
        if (first >= crew.count) return;
        size_t last = crew.count - first > crew.tile ? first + crew.tile : crew.count;
        crew.work(crew.context, first, last);
    }
}

static void *worker(void *unused) {
    (void)unused;
    unsigned long seen = 0;
    pthread_mutex_lock(&crew.lock);
    for (;;) {
        while (crew.job == seen && !crew.stop) pthread_cond_wait(&crew.wake, &crew.lock);
        if (crew.stop) break;
        seen = crew.job;
        pthread_mutex_unlock(&crew.lock);
        take_tiles();
        pthread_mutex_lock(&crew.lock);
        if (--crew.busy == 0) pthread_cond_signal(&crew.done);
    }
    pthread_mutex_unlock(&crew.lock);
    return NULL;
}

int fm_threads(void) {
    return crew.n_workers + 1;
}

static void join_all(void) {
    pthread_mutex_lock(&crew.lock);
    crew.stop = true;
    pthread_cond_broadcast(&crew.wake);
    pthread_mutex_unlock(&crew.lock);
    for (int i = 0; i < crew.n_workers; i++) pthread_join(crew.workers[i], NULL);
    crew.n_workers = 0;
    crew.stop = false;
    crew.job = 0;
}

bool fm_set_threads(int n, fm_error *err) {
    if (n < 1 || n > MAX_THREADS) return fm_fail(err, "threads: expected 1..%d, found %d", MAX_THREADS, n);
    if (n == fm_threads()) return true;
    join_all();
    sigset_t all, before; /* signals are the main thread's business */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (crew.n_workers < n - 1 && !pthread_create(&crew.workers[crew.n_workers], NULL, worker, NULL)) crew.n_workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (crew.n_workers == n - 1) return true;
    join_all();
    return fm_fail(err, "threads: the system does not start %d threads", n);
}

void fm_parallel(size_t count, size_t tile, void (*work)(void *, size_t, size_t), void *context) {
    if (crew.n_workers == 0 || count <= tile) {
        for (size_t first = 0; first < count; first += tile) {
            work(context, first, count - first > tile ? first + tile : count);
        }
        return;
    }
    pthread_mutex_lock(&crew.lock);
    crew.work = work;
    crew.context = context;
    crew.count = count;
    crew.tile = tile;
    atomic_store(&crew.next, 0);
    crew.busy = crew.n_workers;
    crew.job++;
    pthread_cond_broadcast(&crew.wake);
    pthread_mutex_unlock(&crew.lock);
    take_tiles();
    pthread_mutex_lock(&crew.lock);
    while (crew.busy) pthread_cond_wait(&crew.done, &crew.lock);
    pthread_mutex_unlock(&crew.lock);
}
