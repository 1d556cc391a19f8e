-- ode.solve(field, x0, options) -> x, info: dx/dt = field(x, t) from t0 to t1. The engine is in C;
-- a method is a file of this folder, or one beside the script.
--
-- field(x, t) may be a function, which gets t as a number, or a layer, which gets it as [B]: see
-- fm.parts.field. Its x is lent: clone what you keep. When no tape records, the tensors of a call
-- go back to the pool when the call ends. On a tape a solve is recorded like other ops: see
-- parts/gradient.lua. A state or a first slope that is not finite raises. Under error control, a
-- field that stops being finite later ends the solve with status "step_too_small" at the last good
-- point, and info.reason says why.
local options <const> = require "fm.parts.options"
local plans <const> = require "fm.ode.parts.plan"
local solve <const> = require "fm.ode.parts.solve"

-- the names that solve takes, for functions that pass options on to it
local ode <const> = { options = plans.options }

--- Solves dx/dt = field(x, t). The manual's page on sampling and fm.SolveOptions describe the
--- options; info has nfe, accepted, rejected, steps, status, t, and with `times` or `save` also
--- times and states [times, ...] (those that were reached), with `events` for each a list t and a
--- list x.
---
--- With control = "sample" the field gets t as a tensor [A], one time for each row of x that is
--- still on its way; info.nfe counts calls, info.evaluations rows, and info.rows has nfe, accepted,
--- rejected and t of each row. With rows = true the field is called field(x, t, rows), with the
--- numbers that the rows of x have in x0; with `cond`, field(x, t, cond), with the rows of cond
--- that belong to those of x.
---
--- While a tape records, gradients flow through the solve unless gradient = false; memory =
--- "segments" computes the steps again in the backward pass instead of keeping every call of the
--- field.
function ode.solve(field, x0, given, ...)
  options.no_more("ode.solve", 3, ...)
  return solve("ode.solve", field, x0, given)
end

return require("fm.parts.by_name").room("fm.ode", ode)
