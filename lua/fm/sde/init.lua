-- sde.solve(what, x0, options) -> x, info: dx = drift dt + diffusion dW from t0 to t1, in fixed
-- steps. A method is a file of this folder, or one beside the script. `what` is
--   { drift = f(x, t), diffusion = g }   each shaped as x [B, ...]; g a function of (x, t) or a
--                                        number, or returns one: diagonal noise. In Ito's sense
--                                        for euler_maruyama, in Stratonovich's for heun; they
--                                        agree where g does not depend on x
--   a velocity, v(x, t)                  a flow with noise that keeps its marginals: dx = (v + w
--                                        score) dt + sqrt(2 w) dW
-- Options: method ("euler_maruyama" | "heun" | a name | { step = function(p, t, x, h, dw) }), rng,
-- first_row (1); t0, t1, steps, grid, times, save and cond as in ode.solve (x is the state at t1,
-- whatever the times; a diffusion that is a function gets cond too). info is that of ode.solve; nfe
-- counts calls of the drift or the velocity.
-- For a flow also
--   w      the strength of the noise, a number or a function of t; 0 is the flow itself
--   path   of the flow, for the score (see flow.score), with guard
--   last   the last step, of length h: "tweedie" (the mean of the data given x, E[x1 | x]), "mean"
--          (the drift alone: 2 w h of each variance is left out) or "plain" (like the others). By
--          default "tweedie" where t1 is 1, else "plain"
--
-- Noise is keyed by position: step k reads the k-th call that rng makes from here on, and row r,
-- entry i of [B, n] reads the number (first_row + r - 2) n + i of that call. So equal streams give
-- equal bits, and rows that are solved in parts, each with an equal stream and its first_row, give
-- the bits of the whole. Any table with normal(self, rows, entries) may stand in for the stream. On
-- a tape gradients flow through the steps, with the noise held fixed.
local core <const> = require "fm.core"
local by_name <const> = require "fm.parts.by_name"
local fields <const> = require "fm.parts.field"
local flow_noise <const> = require "fm.sde.parts.flow_noise"
local solve <const> = require "fm.ode.parts.solve"
local options <const> = require "fm.parts.options"

local sde <const> = {}

local none <const> = options.none
local where <const> = "sde.solve"
local common <const> = {
  method = "euler_maruyama", rng = none, first_row = 1, t0 = 0, t1 = none, steps = none, grid = none, times = none, save = none, cond = none,
}
local for_flows <const> = { w = none, path = "linear", last = none, guard = 1e-3 }
for name, value in pairs(common) do for_flows[name] = value end

local function step_of(method)
  local found = method
  if type(method) == "string" then
    found = by_name.find("fm.sde", method)
    if found == nil then by_name.fail("sde.solve: there is no method", "fm.sde", method) end
  end
  local step = type(found) == "table" and found.step
  if type(step) ~= "function" then core.fail(where .. ": method: expected a name, or { step = function(p, t, x, h, dw) }") end
  return step
end

-- The most numbers in one draw, including those of the rows before: for a random stream, and for a
-- table that stands in for it, which draws them all.
local most_noise <const>, most_drawn <const> = 2 ^ 34, 2 ^ 31

-- draw(x) -> standard normal numbers shaped as x0, for the next step.
local function noise_of(o, x0)
  local rng, before = options.rng(where, o.rng), options.integer(where .. ": first_row", o.first_row, 1, 2 ^ 40) - 1
  local is_stream = type(rng) ~= "table"
  local most = is_stream and most_noise or most_drawn
  if before > 0 and (before + #x0) * (x0:count() // math.max(#x0, 1)) > most then
    core.fail(("%s: first_row: a step draws at most %.0f numbers, counting those of the %d rows before"):format(where, most, before))
  end
  local from <const> = { first_row = before + 1 }
  return function(x)
    local rows = #x
    local width = x:count() // math.max(rows, 1)
    if is_stream or before == 0 then return rng:normal(rows, width, is_stream and from or nil):reshape(x:shape()) end
    return rng:normal(before + rows, width)[{ before + 1, before + rows }]:reshape(x:shape())
  end
end

-- { drift, diffusion } of a pair; the drift is the counted field.
local function pair(what, field, cond)
  local g = what.diffusion
  local of_x_and_t = type(g) ~= "number" and fields.of(g, cond)
  return { drift = field, diffusion = function(x, t)
    local value = g
    if of_x_and_t then value = of_x_and_t(x, t) end
    if type(value) ~= "number" and not core.is_tensor(value) then
      core.fail(("%s: the diffusion returned a %s, expected a tensor or a number"):format(where, type(value)))
    end
    return value
  end }
end

local function check_pair(what)
  options.read(where .. ": the equation", what, { drift = none, diffusion = none })
  if not options.callable(what.drift) then core.fail(where .. ": drift: expected a function of x and t, found " .. type(what.drift)) end
  if not options.callable(what.diffusion) and type(what.diffusion) ~= "number" then
    core.fail(where .. ": diffusion: expected a function of x and t, or a number, found " .. type(what.diffusion))
  end
end

-- The end time. Time runs forward; for a flow it stays within 0..1.
local function end_of(o, is_flow)
  local low, high = is_flow and 0 or -1e300, is_flow and 1 or 1e300
  local t0 = options.number(where .. ": t0", o.t0, low, high)
  local t1 = options.number(where .. ": t1", o.t1 == nil and 1 or o.t1, low, high)
  if not (t1 > t0) then core.fail(("%s: t1 = %g does not come after t0 = %g"):format(where, t1, t0)) end
  return t1 + 0.0
end

function sde.solve(what, x0, given, ...)
  options.no_more(where, 3, ...)
  local is_flow = options.callable(what)
  if not is_flow and type(what) ~= "table" then
    core.fail(("%s: the first argument is a %s: expected a velocity, or { drift = , diffusion = }"):format(where, type(what)))
  end
  if not core.is_tensor(x0) or x0:rank() < 1 then core.fail(where .. ": x0: expected a tensor [B, ...], found " .. options.shown(x0)) end
  local o = options.read(where, given, is_flow and for_flows or common)
  if not is_flow then check_pair(what) end
  if is_flow and o.w == nil then core.fail(where .. ": w, the strength of the noise, is missing") end
  local t1, draw, advance = end_of(o, is_flow), noise_of(o, x0), step_of(o.method)
  local current -- the field of the step under way, which counts its calls
  -- t + h may miss t1 by rounding
  local field = fields.new(where, function(x, t) return current(x, t < t1 and t or t1) end)
  local process = is_flow and flow_noise(field, o, t1) or pair(what, field, o.cond)

  local function step(counted, t, x, h)
    current = counted
    local is_last = h == t1 - t
    if is_last and process.ending then return process.ending(process, x, t, h) end
    return advance(process, t, x, h, draw(x) * h ^ 0.5)
  end
  return solve(where, is_flow and what or what.drift, x0,
    { method = step, t0 = o.t0, t1 = t1, steps = o.steps, grid = o.grid, times = o.times, save = o.save, cond = o.cond })
end

return by_name.room("fm.sde", sde)
