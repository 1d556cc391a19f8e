-- inpaint(model, known, mask, {x0 | rng, path, cond, resample, ...}) -> x1, info: samples whose
-- numbers are those of `known` where mask is 1. During the solve these follow their path a known +
-- s x0 with the x0 of the start, and the model moves the others; at t = 1 they are known exactly.
--   known     [B, ...]; its other numbers do not matter. One that broadcasts to x0, if x0 is given
--   mask      1 where known holds, 0 elsewhere; it broadcasts to the shape of x
--   x0        the start of the flow, [B, ...]; or it is drawn from the path's source by rng
--   path      of the flow ("linear")
--   cond      goes to the model; a guided model is passed as flow.guidance(model, ...)
--   resample  how often each step is taken (1); between two times noise is put back, from rng
-- and the options of ode.solve but t0, t1, events. With resample > 1 the method is a fixed one
-- (euler) with `steps` (50). info is that of ode.solve and x0, the start.
--
-- With resample = 1 the early steps see the known numbers under noise only, and nothing corrects
-- them later: the other numbers come out between p(x) and p(x | known). Taken r times, as in
-- RePaint (Lugmayr et al. 2022), each step mixes at its level of noise, and the error falls about
-- as 1 / r. For two normal numbers with correlation 0.9, one of them known to be 1.5, the other has
-- mean 1.35 and variance 0.19; 50 steps of Euler give 0.66 and 0.50 for r = 1, 1.28 and 0.18 for r
-- = 10, 1.32 and 0.17 for r = 20. Between modes that lie apart the shares of samples keep an error,
-- whatever r is: below some level of noise no step leads from one to another.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local broadcasts <const> = require "fm.parts.broadcasts"
local coefficients <const> = require "fm.flow.path.parts.coefficients"
local fields <const> = require "fm.parts.field"
local ode <const> = require "fm.ode"
local options <const> = require "fm.parts.options"
local paths <const> = require "fm.flow.path"
local reverse <const> = require "fm.flow.parts.reverse"
local solve <const> = require "fm.ode.parts.solve"
local sorted_keys <const> = require "fm.parts.sorted_keys"

local where <const> = "inpaint"
local defaults <const> = reverse.options({ "t0", "t1", "events", "rows", "manifold" },
  { x0 = options.none, rng = options.none, path = "linear", resample = 1 })
local with_resample <const> = { method = true, steps = true, t1 = true, gradient = true, memory = true, cond = true }

local function shown(t) return "[" .. table.concat(t:shape(), ", ") .. "]" end

-- `value` in the shape of x.
local function spread(name, value, x)
  if value == nil then fm.fail(("%s: %s is missing: expected a tensor"):format(where, name)) end
  if not fm.is_tensor(value) then fm.fail(("%s: %s is a %s: expected a tensor"):format(where, name, type(value))) end
  if broadcasts(value, x) then return fm.zeros(x:shape()) + value end
  fm.fail(("%s: %s is %s, which does not broadcast to x, %s"):format(where, name, shown(value), shown(x)))
end

-- The start, x0: given or drawn.
local function start_of(o, known, path)
  if o.x0 ~= nil then
    arguments.batch(where, "x0", o.x0)
    return o.x0
  end
  if o.rng == nil then fm.fail(where .. ": rng is missing (or give x0)") end
  arguments.batch(where, "known", known)
  return path:source(#known, { table.unpack(known:shape(), 2) }, options.rng(where, o.rng))
end

local function check_mask(mask)
  local other = mask:count() > 0 and (fm.ne(mask, 0) * fm.ne(mask, 1)):sum():item() or 0
  if other > 0 then fm.fail(("%s: mask: expected numbers 0 and 1, found %d others"):format(where, other)) end
end

-- { known, mask, noise }, tensors shaped as x: the part that is given.
local function given_part(known, mask, x0, path)
  local self = { mask = spread("mask", mask, x0):detach() }
  check_mask(self.mask)
  self.known = fm.where(self.mask, spread("known", known, x0), 0)
  local s0 = path.s(0.0)
  if not (s0 > 0) then fm.fail(where .. ": path: s(0) is 0: it does not start at its source") end
  self.noise = s0 == 1 and x0 or x0 / s0
  return self
end

-- The model moves what is not known, at a point whose known part is on its path.
local function field_of(part, model, cond, path)
  local call = fields.of(model, cond)
  return fields.new("inpaint: field", function(x, t, pick)
    local mask, known, noise = part.mask, part.known, part.noise
    if pick then mask, known, noise = pick(mask), pick(known), pick(noise) end
    local a, s = coefficients.columns(x, path.a(t), path.s(t))
    local v = call(fm.where(mask, known * a + noise * s, x), t, pick)
    arguments.batch(where, "what the model returned", v, x)
    return fm.where(mask, 0, v)
  end)
end

-- x, a point of the solve at time t, with the known part on its path.
local function placed(part, x, t, path)
  if t == 1 then return fm.where(part.mask, part.known, x) end
  return fm.where(part.mask, part.known * path.a(t) + part.noise * path.s(t), x)
end

local function placed_states(part, states, times, path)
  local rows = {}
  for i, t in ipairs(times) do rows[i] = placed(part, states[i], t, path):reshape(1, table.unpack(states:shape(), 2)) end
  return #rows > 0 and fm.cat(rows, 1) or states
end

-- From t to an earlier time, by noise: x_t = a x1 + s x0 -> a' x1 + s' x0', with x0' a new normal.
local function back(x, t, earlier, path, noise)
  local share = path.a(earlier) / path.a(t)
  return x * share + noise * math.max(0, path.s(earlier) ^ 2 - (share * path.s(t)) ^ 2) ^ 0.5
end

local function resampled(o, part, field, x, path)
  local rng, n, times, nfe = options.rng(where, o.rng), o.steps or 50, o.resample, 0
  if path.own.source then fm.fail(where .. ": resample: this path has a source of its own: what is put back is normal noise") end
  options.turns(where .. ": steps", n)
  local how = { method = o.method, steps = 1, gradient = o.gradient, memory = o.memory }
  for i = 1, n do
    how.t0, how.t1 = (i - 1) / n, i / n
    for k = 1, times do
      local y, info = solve(where, field, x, how)
      nfe, x = nfe + info.nfe, y
      if k < times then
        part.noise = rng:normal(x:shape())
        x = back(x, how.t1, how.t0, path, part.noise)
      end
    end
  end
  return x, { status = "finished", t = 1.0, nfe = nfe, steps = n * times, accepted = n * times, rejected = 0 }
end

local function read(given)
  local o = options.read(where, given, defaults)
  options.integer(where .. ": resample", o.resample, 1, 1e6)
  if o.resample == 1 then return o end
  for _, name in ipairs(sorted_keys(ode.options)) do
    if o[name] ~= ode.options[name] and o[name] ~= nil and not with_resample[name] then
      fm.fail(("%s: %s does not go with resample"):format(where, name))
    end
  end
  if given.method == nil then o.method = "euler" end
  return o
end

return function(model, known, mask, given, ...)
  options.no_more(where, 4, ...)
  arguments.model(where, model)
  local o = read(given)
  local path = paths.of(where, o.path)
  if path.noisy then fm.fail(where .. ": path: it has noise around its line") end
  local x0 = start_of(o, known, path)
  local part = given_part(known, mask, x0, path)
  local field = field_of(part, model, o.cond, path)
  local x, info
  if o.resample > 1 then x, info = resampled(o, part, field, x0, path)
  else
    local plan = reverse.plan(o)
    plan.t0, plan.t1, plan.cond = 0, 1, nil
    x, info = reverse.finished(where, solve(where, field, x0, plan))
  end
  if info.states then info.states = placed_states(part, info.states, info.times, path) end
  info.x0 = x0
  return placed(part, x, 1, path), info
end
