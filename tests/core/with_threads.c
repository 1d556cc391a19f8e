/* Part of every C test: FM_TEST_THREADS=N in the environment runs it with N threads. */
#include "threads.h"

#include <stdlib.h>

__attribute__((constructor)) static void start_threads(void) {
    const char *n = getenv("FM_TEST_THREADS");
    fm_error err;
    if (n && !fm_set_threads(atoi(n), &err)) abort();
}
