/* Levels: the derivatives along a direction that are being taken now, one for each fm.jvp at work.
 * A newer one lies inside the older ones. */
#ifndef FM_LEVEL_H
#define FM_LEVEL_H

#include "error.h"

#include <stdint.h>

enum { FM_MOST_LEVELS = 16 };

/* A new level, newer than all others; 0 with `err` filled when too many are open. It lies inside
 * the older ones, but beside the open level `beside` and those beside that: a result has a
 * derivative along each of their directions, and no mixed ones. beside = 0: inside all. */
uint64_t fm_level_open(uint64_t beside, fm_error *err);
void fm_level_close(uint64_t level); /* its tangents count no more; 0 is fine */
/* Open, and older than the limit. */
bool fm_level_at_work(uint64_t level);
/* Only levels older than this one are at work from now on. Returns the limit before, to be set
 * again. */
uint64_t fm_level_limit(uint64_t limit);
/* The limit for the rules of an open level: it and those beside it are not at work there. */
uint64_t fm_level_inside(uint64_t level);
/* The levels at work, oldest first; returns their number. */
int fm_levels(uint64_t levels[FM_MOST_LEVELS]);

#endif
