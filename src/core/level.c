#include "level.h"

#include <string.h>

static uint64_t open_levels[FM_MOST_LEVELS]; /* oldest first */
static int n_open;
static uint64_t newest;
static uint64_t limit = UINT64_MAX;

uint64_t fm_level_open(fm_error *err) {
    if (n_open == FM_MOST_LEVELS) {
        fm_fail(err, "jvp: more than %d derivatives inside one another", FM_MOST_LEVELS);
        return 0;
    }
    return open_levels[n_open++] = ++newest;
}

void fm_level_close(uint64_t level) {
    int i = 0;
    while (i < n_open && open_levels[i] != level) i++;
    if (i == n_open) return;
    n_open--;
    memmove(open_levels + i, open_levels + i + 1, (size_t)(n_open - i) * sizeof *open_levels);
}

bool fm_level_at_work(uint64_t level) {
    if (level >= limit) return false;
    for (int i = 0; i < n_open; i++) {
        if (open_levels[i] == level) return true;
    }
    return false;
}

uint64_t fm_level_limit(uint64_t of) {
    uint64_t before = limit;
    limit = of;
    return before;
}

int fm_levels(uint64_t levels[FM_MOST_LEVELS]) {
    int n = 0;
    for (int i = 0; i < n_open; i++) {
        if (open_levels[i] < limit) levels[n++] = open_levels[i];
    }
    return n;
}
