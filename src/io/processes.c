#define _GNU_SOURCE /* dladdr */
#include "processes.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

fm_processes fm_all = {.size = 1, .portion = 1};
static fm_mpi *mpi; /* once started */

static int number_of(const char *name, int fallback) {
    const char *text = getenv(name);
    return text && *text ? atoi(text) : fallback;
}

int fm_processes_expected(int *rank) {
    static const char *const names[][2] = {{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"}, {"PMI_SIZE", "PMI_RANK"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int size = number_of(names[i][0], 0);
        *rank = number_of(names[i][1], 0);
        /* srun sets PMI_SIZE = 1 for any program; mpirun -n 1 means what it says */
        if (size > 1 || (size == 1 && i == 0)) return size;
    }
    *rank = 0;
    return 0;
}

/* ---- loading ---- */

/* The module beside the program or fm/core.so, as it is built and as it is installed. False when it
 * is in neither place. */
static bool find_module(char path[4096]) {
    static const char *const places[] = {"fm/mpi.so", "mpi.so", "../lib/fmrun/mpi.so", "../../../fmrun/mpi.so"};
    char own[4096];
    Dl_info about;
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    for (int from_module = 0; from_module < 2; from_module++) {
        if (from_module) {
            if (!dladdr((void *)&fm_all, &about) || !about.dli_fname) return false;
            n = snprintf(own, sizeof own, "%s", about.dli_fname);
        }
        if (n <= 0 || (size_t)n >= sizeof own) continue;
        own[n] = 0;
        char *slash = strrchr(own, '/');
        if (!slash) continue;
        *slash = 0;
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            int size = snprintf(path, 4096, "%s/%s", own, places[i]);
            if (size > 0 && size < 4096 && access(path, R_OK) == 0) return true;
        }
    }
    return false;
}

bool fm_processes_can_start(void) {
    char path[4096];
    return find_module(path);
}

static bool load(fm_error *err) {
    char path[4096];
    if (!find_module(path)) return fm_fail(err, "there is no module fm/mpi.so");
#ifdef FM_MPI_FILE
    /* Its parts look for its names among all, so it must be global. */
    if (!dlopen(FM_MPI_LIBRARY, RTLD_NOW | RTLD_GLOBAL) && !dlopen(FM_MPI_FILE, RTLD_NOW | RTLD_GLOBAL))
        return fm_fail(err, "MPI does not load: %s", dlerror());
#endif
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    mpi = module ? dlsym(module, FM_MPI_NAME) : NULL;
    return mpi ? true : fm_fail(err, "%s does not load: %s", path, dlerror());
}

static void silence(int descriptor) {
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing < 0) return;
    dup2(nothing, descriptor);
    close(nothing);
}

bool fm_processes_start(fm_error *err) {
    if (mpi) return true;
    int rank, expected = fm_processes_expected(&rank);
    if (!load(err)) return false;
    if (!mpi->start(&fm_all.rank, &fm_all.size, &fm_all.portion)) return fm_fail(err, "MPI does not start");
    if (expected && fm_all.size != expected) {
        int found = fm_all.size;
        fm_all = (fm_processes){.rank = rank, .size = 1, .portion = 1};
        return fm_fail(err, "%d processes were started, and MPI knows of %d: fmrun was built with another MPI than the one that started it",
                       expected, found);
    }
    if (fm_all.rank > 0) {
        fflush(stdout);
        fflush(stderr);
        silence(STDOUT_FILENO);
        silence(STDERR_FILENO);
    }
    return true;
}

/* ---- messages ---- */

bool fm_processes_send(int to, fm_message kind, const void *bytes, size_t size) {
    return mpi->send(to, kind, bytes, size);
}

bool fm_processes_size(int from, fm_message kind, size_t *size) {
    return mpi->size(from, kind, size);
}

bool fm_processes_receive(int from, fm_message kind, void *bytes, size_t size) {
    return mpi->receive(from, kind, bytes, size);
}

const char *fm_processes_heard(void) {
    return mpi->heard;
}

void fm_processes_finish(int code, bool well) {
    if (!mpi) return;
    if (!mpi->finish(well ? -1 : 1)) mpi->abort(code);
}
