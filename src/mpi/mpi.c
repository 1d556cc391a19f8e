/* The module fm/mpi.so: messages by MPI. It knows nothing of Lua or of tensors. */
#define _GNU_SOURCE /* cpu_set_t */
#include "processes.h"

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

extern fm_mpi fm_mpi_module;
static int own_rank, all;
static int ended; /* on rank 0: how many have ended */

/* ---- start ---- */

/* Of the processors that this process may use, the part that is its own when those that its node
 * has for all are shared evenly. */
static double portion_of_processors(void) {
    MPI_Comm node;
    cpu_set_t own, together;
    int here;
    CPU_ZERO(&own);
    CPU_ZERO(&together);
    if (sched_getaffinity(0, sizeof own, &own)) return 1;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &here);
    MPI_Allreduce(&own, &together, (int)sizeof own, MPI_BYTE, MPI_BOR, node);
    MPI_Comm_free(&node);
    double portion = (double)CPU_COUNT(&together) / ((double)here * CPU_COUNT(&own));
    return portion < 1 ? portion : 1;
}

static bool start(int *rank, int *size, double *portion) {
    if (MPI_Init(NULL, NULL) != MPI_SUCCESS) return false;
    MPI_Comm_rank(MPI_COMM_WORLD, rank);
    MPI_Comm_size(MPI_COMM_WORLD, size);
    own_rank = *rank;
    all = *size;
    *portion = portion_of_processors();
    return true;
}

/* ---- waiting ---- */

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Between two looks: at once, then after other processes had a turn, then with pauses. */
static void relax(unsigned looks) {
    enum { SPIN = 500, YIELD = 100000, PAUSE = 50 }; /* looks, looks, microseconds */
    if (looks > YIELD) usleep(PAUSE);
    else if (looks > SPIN) sched_yield();
}

static bool hear(int from, const char *what) {
    snprintf(fm_mpi_module.heard, sizeof fm_mpi_module.heard, "rank %d: %s", from, what);
    return false;
}

static const char parted[] =
    "it is at another place of the script than rank 0, which waits for it: the processes took different decisions. "
    "One that depends on the clock, on chance or on the machine must be the same for all: see run:agreed";

/* On rank 0: false when a process has failed, or sends what does not belong to this kind. */
static bool all_well(int kind) {
    MPI_Status status;
    int there;
    MPI_Iprobe(MPI_ANY_SOURCE, FM_MESSAGE_FAILED, MPI_COMM_WORLD, &there, &status);
    if (there) {
        char text[FM_MESSAGE_TEXT - 32];
        int size;
        MPI_Get_count(&status, MPI_BYTE, &size);
        size = size < (int)sizeof text ? size : (int)sizeof text - 1;
        MPI_Recv(text, size, MPI_BYTE, status.MPI_SOURCE, FM_MESSAGE_FAILED, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        text[size] = 0;
        return hear(status.MPI_SOURCE, text);
    }
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &status);
    if (there && status.MPI_TAG != kind && status.MPI_TAG != FM_MESSAGE_FAILED) return hear(status.MPI_SOURCE, parted);
    return true;
}

static bool wait_for(MPI_Request *request, int kind, bool receives) {
    int done = 0;
    for (unsigned looks = 0;; looks += looks < UINT_MAX) {
        MPI_Test(request, &done, MPI_STATUS_IGNORE);
        if (done) return true;
        if (own_rank == 0 && receives && looks % 64 == 63 && !all_well(kind)) {
            MPI_Cancel(request);
            MPI_Wait(request, MPI_STATUS_IGNORE);
            return false;
        }
        relax(looks);
    }
}

/* ---- messages ---- */

enum { PIECE = 1 << 30 }; /* bytes: MPI counts by int */

static int piece_of(size_t left) {
    return left > PIECE ? PIECE : (int)left;
}

static bool send_bytes(int to, int kind, const void *bytes, size_t size) {
    const char *p = bytes;
    do {
        MPI_Request request;
        int piece = piece_of(size);
        MPI_Isend(p, piece, MPI_BYTE, to, kind, MPI_COMM_WORLD, &request);
        if (!wait_for(&request, kind, false)) return false;
        p += piece;
        size -= (size_t)piece;
    } while (size);
    return true;
}

static bool receive_bytes(int from, int kind, void *bytes, size_t size) {
    char *p = bytes;
    do {
        MPI_Request request;
        int piece = piece_of(size);
        MPI_Irecv(p, piece, MPI_BYTE, from, kind, MPI_COMM_WORLD, &request);
        if (!wait_for(&request, kind, true)) return false;
        p += piece;
        size -= (size_t)piece;
    } while (size);
    return true;
}

static bool size_of_message(int from, int kind, size_t *size) {
    MPI_Status status;
    int there = 0, count;
    for (unsigned looks = 0; !there; looks += looks < UINT_MAX) {
        MPI_Iprobe(from, kind, MPI_COMM_WORLD, &there, &status);
        if (there) break;
        if (own_rank == 0 && looks % 64 == 63 && !all_well(kind)) return false;
        relax(looks);
    }
    MPI_Get_count(&status, MPI_BYTE, &count);
    *size = (size_t)count;
    return true;
}

/* ---- the end ---- */

static bool finish_rank_0(double patience) {
    double until = seconds() + patience;
    for (unsigned looks = 0; ended < all - 1; looks += looks < UINT_MAX) {
        MPI_Status status;
        int there;
        MPI_Iprobe(MPI_ANY_SOURCE, FM_MESSAGE_END, MPI_COMM_WORLD, &there, &status);
        if (there) {
            MPI_Recv(NULL, 0, MPI_BYTE, status.MPI_SOURCE, FM_MESSAGE_END, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            ended++;
        } else if (patience >= 0 && seconds() > until) {
            return false;
        } else {
            relax(looks);
        }
    }
    for (int r = 1; r < all; r++) MPI_Send(NULL, 0, MPI_BYTE, r, FM_MESSAGE_END, MPI_COMM_WORLD);
    return true;
}

static bool finish(double patience) {
    if (own_rank == 0) {
        if (!finish_rank_0(patience)) return false;
    } else {
        char nothing = 0;
        send_bytes(0, FM_MESSAGE_END, &nothing, 0);
        receive_bytes(0, FM_MESSAGE_END, &nothing, 0);
    }
    MPI_Finalize();
    return true;
}

static void end_all(int code) {
    MPI_Abort(MPI_COMM_WORLD, code);
}

fm_mpi fm_mpi_module = {
    .start = start, .send = send_bytes, .size = size_of_message, .receive = receive_bytes, .finish = finish, .abort = end_all};
