-- one_sided{line = "linear"}: the one-sided interpolant xt = a(t) x1 + s(t) z, whose only noise is
-- the normal that it starts from: so it is the path `line` itself, and z is x0. line = "cosine" is
-- the trigonometric one. Albergo, Boffi and Vanden-Eijnden 2023.
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"

return function(given)
  local where <const> = "path one_sided"
  local line = paths.line_of(where .. ": line", options.read(where, given, { line = "linear" }).line)
  if line.own.source or line.own.source_log_prob then require "fm".fail(where .. ": line: it has a source of its own, and x0 is to be normal") end
  return { a = line.a, s = line.s, da = line.da, ds = line.ds, time = line.time }
end
