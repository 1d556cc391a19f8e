#include "op.h"

const fm_op reduce_ops[] = {
    {0},
};
