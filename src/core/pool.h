/* Blocks of memory that are used again. A step asks for the same sizes as the step before it, so
 * the pool hands out the blocks that came back and, after warm-up, nothing calls malloc. Small
 * blocks (structs, Lua values) have classes of 16 bytes, larger ones four classes per power of
 * two, aligned to 64 bytes. One thread only. */
#ifndef FM_POOL_H
#define FM_POOL_H

#include <stddef.h>

void *fm_pool_take(size_t bytes);             /* NULL when the system has no more; contents are not cleared */
void fm_pool_give(void *block, size_t bytes); /* `bytes` as asked for; NULL is fine */
void fm_pool_trim(void);                      /* large free blocks go back to the system */
size_t fm_pool_mallocs(void);                 /* how often the system was asked: constant in a warm loop */

#endif
