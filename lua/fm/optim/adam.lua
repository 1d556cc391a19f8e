-- adam(model or parameters, {lr, betas, eps, weight_decay}). Kingma and Ba 2015.
return require "fm.optim.parts.adam"("adam", 0, false)
