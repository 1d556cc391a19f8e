#include "op.h"

const fm_op index_ops[] = {
    {0},
};
