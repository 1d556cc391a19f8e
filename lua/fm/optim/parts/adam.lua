-- Adam and AdamW: their options and their pass.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local optimizer <const> = require "fm.optim.parts.optimizer"

local function pass(self, lr, scale)
  self.set.flat:adam(self.vectors.m, self.vectors.v, self.settings, self.steps_taken, lr, scale)
end

--- m is an average of gradients, so it stays below `reach`; it moves a number by m over eps at
--- most.
local function bound(self, lr, peak)
  local o = self.settings
  self.reach = o.beta1 * self.reach + (1 - o.beta1) * peak
  return lr / (1 - o.beta1 ^ self.steps_taken) * self.reach / o.eps
end

local kind <const> = { vectors = { "m", "v" }, pass = pass, bound = bound }
local smallest <const> = 1e-37 -- of eps: 0 divided by 0 where a gradient has always been 0

--- where(model or parameters, {lr, betas, eps, weight_decay}); decay: the default of weight_decay.
return function(where, decay, decoupled)
  return function(model, given, ...)
    options.no_more(where, 2, ...)
    local o = options.read(where, given, { lr = 1e-3, betas = { 0.9, 0.999 }, eps = 1e-8, weight_decay = decay })
    if type(o.betas) ~= "table" or #o.betas ~= 2 then fm.fail(("%s: betas: expected {beta1, beta2}, found %s"):format(where, options.shown(o.betas))) end
    o.beta1 = options.below_one(where .. ": betas[1]", o.betas[1])
    o.beta2 = options.below_one(where .. ": betas[2]", o.betas[2])
    options.number(where .. ": eps", o.eps, smallest, 1)
    options.number(where .. ": weight_decay", o.weight_decay, 0, 1e30)
    o.decoupled = decoupled
    return optimizer(where, model, o, kind)
  end
end
