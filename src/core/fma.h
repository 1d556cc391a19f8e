/* a b + c in float, rounded once, for processors that have no instruction for it (vmath.h). */
#ifndef FM_FMA_H
#define FM_FMA_H

float fm_fma(float a, float b, float c);

#endif
