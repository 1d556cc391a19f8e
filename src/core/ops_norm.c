#include "op.h"

const fm_op norm_ops[] = {
    {0},
};
