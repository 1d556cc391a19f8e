#include "op.h"

const fm_op image_ops[] = {
    {0},
};
