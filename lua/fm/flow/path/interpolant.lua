-- interpolant{line = "linear", gamma = "sqrt", guard}: noise around a path without noise: xt = a x1
-- + s x0 + gamma(t) z, with a and s those of `line`, u = da x1 + ds x0 + dgamma z. `line` is what
-- flow.path takes, gamma what flow.gamma takes; where the slope of gamma has no bound, at an end,
-- it is read `guard` (1e-5) away from it. Albergo, Boffi and Vanden-Eijnden 2023.
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"

return function(given)
  local where <const> = "path interpolant"
  local o = options.read(where, given, { line = "linear", gamma = "sqrt", guard = options.none })
  local line = paths.line_of(where .. ": line", o.line)
  return { a = line.a, s = line.s, da = line.da, ds = line.ds, gamma = o.gamma, guard = o.guard, source = line.own.source,
    source_log_prob = line.own.source_log_prob }
end
