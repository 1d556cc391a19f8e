#include "level.h"

#include <string.h>

typedef struct open_level {
    uint64_t id, inside; /* inside: its rules see the levels below this one */
} open_level;

static open_level open_levels[FM_MOST_LEVELS]; /* oldest first */
static int n_open;
static uint64_t newest;
static uint64_t limit = UINT64_MAX;

static int place_of(uint64_t level) { /* n_open: not open */
    int i = 0;
    while (i < n_open && open_levels[i].id != level) i++;
    return i;
}

uint64_t fm_level_open(uint64_t beside, fm_error *err) {
    if (n_open == FM_MOST_LEVELS) {
        fm_fail(err, "jvp: more than %d derivatives inside one another", FM_MOST_LEVELS);
        return 0;
    }
    int i = place_of(beside);
    newest++;
    open_levels[n_open] = (open_level){newest, i < n_open ? open_levels[i].inside : newest};
    n_open++;
    return newest;
}

void fm_level_close(uint64_t level) {
    int i = place_of(level);
    if (i == n_open) return;
    n_open--;
    memmove(open_levels + i, open_levels + i + 1, (size_t)(n_open - i) * sizeof *open_levels);
}

bool fm_level_at_work(uint64_t level) {
    return level < limit && place_of(level) < n_open;
}

uint64_t fm_level_inside(uint64_t level) {
    int i = place_of(level);
    return i < n_open ? open_levels[i].inside : level;
}

uint64_t fm_level_limit(uint64_t of) {
    uint64_t before = limit;
    limit = of;
    return before;
}

int fm_levels(uint64_t levels[FM_MOST_LEVELS]) {
    int n = 0;
    for (int i = 0; i < n_open; i++) {
        if (open_levels[i].id < limit) levels[n++] = open_levels[i].id;
    }
    return n;
}
