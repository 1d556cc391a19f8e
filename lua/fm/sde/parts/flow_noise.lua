-- A flow with noise that keeps its marginals: dx = (v + w score) dt + sqrt(2 w) dW has the same
-- density at every time as dx = v dt, for any w(t) >= 0. Song and others 2021, section 4.3; Ma and
-- others 2024 (SiT), equation 4.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local flow_score <const> = require "fm.flow.score"
local flow_posterior <const> = require "fm.flow.posterior"

-- w as a function of t that checks its value.
local function schedule(w)
  if type(w) == "number" then
    options.number("sde.solve: w", w, 0, 1e300)
    return function() return w end
  end
  if type(w) ~= "function" then fm.fail("sde.solve: w: expected a number or a function of t, found " .. type(w)) end
  return function(t) return options.number(("sde.solve: w(%g)"):format(t), w(t), 0, 1e300) end
end

-- How the last step ends: a function(process, x, t, h) that replaces it, or false for a step like
-- the others.
local endings <const> = {
  plain = false,
  mean = function(process, x, t, h) return x + process.drift(x, t) * h end,
  tweedie = function(process, x, t) return (process.posterior(x, t)) end,
}

--- { drift, diffusion, ending } around the velocity `field`, by the options w, path, last and
--- guard; t1 is the end of the solve.
return function(field, o, t1)
  local w = schedule(o.w)
  local path = paths.of("sde.solve", o.path)
  local how = { path = path, guard = options.number("sde.solve: guard", o.guard, 1e-9, 0.1) }
  local score = flow_score(field, how)
  local process = { posterior = flow_posterior(field, how) }

  function process.drift(x, t)
    local weight = w(t)
    if weight == 0 then return field(x, t) end
    local s, v = score(x, t)
    return v + s * weight
  end

  function process.diffusion(_, t) return (2 * w(t)) ^ 0.5 end

  local last = o.last
  if last == nil then last = t1 == 1 and "tweedie" or "plain" end
  process.ending = options.choose("sde.solve: last", last, endings)
  if last == "tweedie" and t1 ~= 1 then fm.fail(('sde.solve: last = "tweedie" ends at t = 1, and t1 is %g'):format(t1)) end
  return process
end
