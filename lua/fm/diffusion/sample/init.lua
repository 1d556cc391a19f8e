-- sample(model, noise, { method = "ancestral", schedule, rng | draws, cond, save, clip, ... }) ->
-- x, info: from noise, a unit normal [B, ...], to data. Methods are found by name:
-- diffusion.sample.ddim is sample/ddim.lua, or ddim.lua beside the script. A file returns a table:
--
--   options          the method's own options with their defaults
--   chain(o, where)  how to step, as a table (o has the options of all methods too, clip for one):
--     times          t at each point between steps, the last is 1: one more than there are steps
--     scale          if there: the chain starts at scale times the noise
--     step(model, x, i, draw)   x after step i; model(x, t) is one evaluation, draw() a unit
--                    normal shaped as x
--     draws          if true, some step may call draw
--
-- Steps run in ode.solve's loop: tensors of a step go back to the pool when it ends, and a tape
-- records them. info is that of ode.solve with fixed steps; its times are the model's.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"
local solve <const> = require "fm.ode.parts.solve"

local where <const> = "diffusion.sample"
local none <const> = options.none
local common <const> = { method = "ancestral", rng = none, draws = none, cond = none, save = none, clip = none }

local function is_method(value)
  return type(value) == "table" and options.callable(value.chain)
end
local methods <const> = by_name.choice("fm.diffusion.sample", { is = is_method, expected = "a table { chain = }" })

-- The method and all options that were read.
local function read(given)
  if given ~= nil and type(given) ~= "table" then options.read(where, given, common) end
  local name = given and given.method
  local method = methods.of("diffusion.sample: method", name == nil and common.method or name)
  local defaults = {}
  if method.options ~= nil and type(method.options) ~= "table" then
    fm.fail(("%s: the method's options: expected a table of defaults, found %s"):format(where, options.shown(method.options)))
  end
  for key, value in next, method.options or {} do defaults[key] = value end
  for key, value in next, common do defaults[key] = value end
  return method, options.read(where, given, defaults)
end

local function same_numbers(a, b)
  return table.concat(a, ", ") == table.concat(b, ", ")
end

-- draw(i) -> the noise of step i. A stream may be given to a chain that adds none, so that a script
-- need not know which do; draws has a shape of its own for each chain, and is refused there.
local function noise_of(o, chain, noise, steps)
  if o.rng ~= nil then options.rng(where, o.rng) end
  if o.draws ~= nil then
    if o.rng ~= nil then fm.fail(where .. ": give rng or draws, not both") end
    if not chain.draws then fm.fail(where .. ": draws: with these options the chain adds no noise") end
    local expected = { steps, table.unpack(noise:shape()) }
    if not fm.is_tensor(o.draws) or not same_numbers(o.draws:shape(), expected) then
      fm.fail(("%s: draws: expected a tensor [%s], found %s"):format(where, table.concat(expected, ", "), options.shown(o.draws)))
    end
    return function(i) return o.draws[{ i, i }]:reshape(noise:shape()) end
  end
  if chain.draws and o.rng == nil then fm.fail(where .. ": rng is missing (or give draws): this chain adds noise") end
  return function()
    if o.rng == nil then fm.fail(where .. ": the method's step draws noise, but its chain has no draws = true") end
    return o.rng:normal(noise:shape())
  end
end

-- The solver counts steps; a script sees the model's times.
local function in_times(info, times)
  info.t = times[info.steps + 1]
  for i, at in ipairs(info.times or {}) do info.times[i] = times[math.tointeger(at) + 1] end
  return info
end

-- The chain that a method makes, with what it must have.
local function chain_of(method, o)
  local chain = method.chain(o, where)
  if type(chain) ~= "table" then fm.fail(("%s: the method's chain returned %s, expected a table"):format(where, options.shown(chain))) end
  if not options.callable(chain.step) then fm.fail(("%s: the method's step: expected a function, found %s"):format(where, options.shown(chain.step))) end
  local times = chain.times
  if type(times) ~= "table" or #times < 2 then fm.fail(where .. ": the method's times: expected a list, one more than there are steps") end
  for i, t in ipairs(times) do options.number(("%s: the method's times[%d]"):format(where, i), t, 0, 1) end
  return chain
end

local function sample(model, noise, given, ...)
  options.no_more(where, 3, ...)
  arguments.model(where, model)
  arguments.batch(where, "noise", noise)
  local method, o = read(given)
  local chain = chain_of(method, o)
  local times <const>, step <const> = chain.times, chain.step
  local steps <const> = #times - 1
  local draw = noise_of(o, chain, noise, steps)

  local current -- the field of the step under way, which counts its calls
  local i
  local function predict(x, t) return current(x, t) end
  local function drawn() return draw(i) end
  local function advance(counted, at, x)
    current, i = counted, math.floor(at + 1.5)
    return step(predict, x, i, drawn)
  end
  local start = chain.scale and noise * chain.scale or noise
  local x, info = solve(where, model, start, { method = advance, t0 = 0, t1 = steps, steps = steps, save = o.save, cond = o.cond })
  return x, in_times(info, times)
end

return by_name.room("fm.diffusion.sample", { of = methods.of }, { call = sample })
