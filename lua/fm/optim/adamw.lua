-- adamw(model or parameters, {lr, betas, eps, weight_decay}): Adam with the weight decay apart from
-- the gradient. Loshchilov and Hutter 2019.
return require "fm.optim.parts.adam"("adamw", 0.01, true)
