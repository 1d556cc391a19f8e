/* The processes of one training, as mpirun started them: messages of bytes between them. MPI itself
 * is in a module of its own (src/mpi), which is loaded only when a process is one of several, so
 * that fmrun needs no MPI.
 *
 * Rank 0 leads: whatever all do together ends with a message from it. It is the one that notices
 * when another process has failed or does something else. The others need not: they wait for rank
 * 0, which ends them (fm_processes_finish). */
#ifndef FM_PROCESSES_H
#define FM_PROCESSES_H

#include "error.h"

#include <stddef.h>

enum { FM_MESSAGE_TEXT = 8192 }; /* bytes of the longest message of a failure, with its 0 */

/* What a message belongs to. Rank 0 refuses one that does not belong to what it does. */
typedef enum fm_message { FM_MESSAGE_PLAN = 1, FM_MESSAGE_STEP, FM_MESSAGE_SUM, FM_MESSAGE_FAILED, FM_MESSAGE_END } fm_message;

/* Of src/mpi: what loading it gives. Where send, size or receive is false, rank 0 has heard what
 * `heard` holds then. */
typedef struct fm_mpi {
    bool (*start)(int *rank, int *size, double *portion);
    bool (*send)(int to, int kind, const void *bytes, size_t size);
    bool (*size)(int from, int kind, size_t *size); /* waits for a message: how many bytes it has */
    bool (*receive)(int from, int kind, void *bytes, size_t size);
    bool (*finish)(double patience); /* seconds that rank 0 waits for the others; true: all have ended */
    void (*abort)(int code);
    char heard[FM_MESSAGE_TEXT];
} fm_mpi;
#define FM_MPI_NAME "fm_mpi_module" /* the fm_mpi that the module exports */

typedef struct fm_processes {
    int rank, size; /* 0 and 1 for a process on its own */
    double portion; /* of the processors that it may use, the part that it need not share with others of these processes */
} fm_processes;
extern fm_processes fm_all;

/* The number of processes that mpirun or another launcher started, and in `rank` which of them this
 * is; 0 when none started it. */
int fm_processes_expected(int *rank);
bool fm_processes_can_start(void); /* whether there is a module */
/* Joins the others. False with `err` filled. On ranks after 0 the standard streams are silent from
 * now on. */
bool fm_processes_start(fm_error *err);

/* The next three wait. False on rank 0 alone: why is in fm_processes_heard. */
bool fm_processes_send(int to, fm_message kind, const void *bytes, size_t size);
bool fm_processes_size(int from, fm_message kind, size_t *size);
bool fm_processes_receive(int from, fm_message kind, void *bytes, size_t size); /* as many as were sent */
const char *fm_processes_heard(void);

/* The end of this process. Rank 0 waits for the others: for ever when all end `well`, else for a
 * moment, and ends those that do not come. */
void fm_processes_finish(int code, bool well);

#endif
