-- sgd(model or parameters, {lr, momentum, nesterov, weight_decay}). Sutskever et al. 2013.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local optimizer <const> = require "fm.optim.parts.optimizer"

local function pass(self, lr, scale)
  self.set.flat:sgd(self.vectors.velocity, self.settings, lr, scale)
end

--- The velocity stays below `reach`; Nesterov's step adds one gradient.
local function bound(self, lr, peak)
  self.reach = self.settings.momentum * self.reach + peak
  return math.max(lr, 1) * 2 * self.reach
end

return function(model, given, ...)
  options.no_more("sgd", 2, ...)
  local o = options.read("sgd", given, { lr = 1e-2, momentum = 0, nesterov = false, weight_decay = 0 })
  options.below_one("sgd: momentum", o.momentum)
  options.number("sgd: weight_decay", o.weight_decay, 0, 1e30)
  options.boolean("sgd: nesterov", o.nesterov)
  if o.nesterov and o.momentum == 0 then fm.fail "sgd: nesterov needs a momentum" end
  return optimizer("sgd", model, o, { vectors = o.momentum > 0 and { "velocity" } or {}, pass = pass, bound = bound })
end
