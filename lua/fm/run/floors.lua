-- The floors of a run: the values below which its metrics cannot fall, as the experiment says them.
-- From then on they are in run.json: the progress line, `show` and the report read them there. A
-- run that goes on says them again: what comes before its loops is executed again.
local fm <const> = require "fm"
local given <const> = require "fm.run.given"
local options <const> = require "fm.parts.options"
local utf8_text <const> = require "fm.parts.utf8_text"

local floors <const> = { methods = {} }

local smallest_share <const> = 0.01 -- of a logged value in the mean of the last ones: a batch alone says little

local function checked(what)
  if math.type(what) or fm.is_tensor(what) then what = { loss = what } end
  if type(what) ~= "table" then fm.fail("floor: expected a number, the floor of the loss, or numbers by name, found " .. options.shown(what)) end
  local values, count = {}, 0
  for name, value in next, what do
    if type(name) ~= "string" then fm.fail(("floor: names are strings, found %s"):format(options.shown(name))) end
    utf8_text.check("floor: a name", name)
    if name == "step" then fm.fail 'floor: "step" is no metric: expected the name of a logged number' end
    values[name], count = given.finite("floor: " .. name, value) + 0.0, count + 1
  end
  if count == 0 then fm.fail "floor: expected numbers by name, found none" end
  return values
end

-- The standard error of a floor, from what flow.loss_floor returns with it; nil without one.
local function error_of(values, info)
  if info == nil then return nil end
  local deviation = type(info) == "table" and info.standard_error
  if not math.type(deviation) then fm.fail("floor: the second argument: expected the info of flow.loss_floor, found " .. options.shown(info)) end
  local name = next(values)
  if next(values, name) ~= nil then fm.fail "floor: the second argument belongs to one floor, found several" end
  return deviation - deviation == 0 and deviation + 0.0 or nil
end

--- run:floor(value) for the loss, or run:floor { name = value }; several calls add up. `info`: what
--- flow.loss_floor returns with one floor.
function floors.methods.floor(run, what, info, ...)
  options.no_more("floor", 2, ...)
  run.loop:refuse_inside "floor"
  local values, record = checked(what), run.record
  local deviation = error_of(values, info)
  run.floors, record.floors, record.floor_errors = run.floors or {}, record.floors or {}, record.floor_errors or {}
  for name, value in pairs(values) do
    record.floors[name], record.floor_errors[name] = value, deviation
    run.floors[name] = { floor = value, mean = 0.0, count = 0 }
  end
  if next(record.floor_errors) == nil then record.floor_errors = nil end
  run.folder:write_json("run.json", record)
end

--- A line was logged.
function floors.heed(run, values)
  for name, known in next, run.floors do
    local value = given.plain(values[name])
    if math.type(value) and value - value == 0 then
      known.count = known.count + 1
      known.mean = known.mean + (value - known.mean) * math.max(smallest_share, 1 / known.count)
    end
  end
end

--- " (gap 0.021)" after a metric in the progress line: how far the mean of its last 100 values or
--- so is above its floor; "" without a floor.
function floors.gap(run, name)
  local known = run.floors and run.floors[name]
  if not known or known.count == 0 then return "" end
  return (" (gap %.3g)"):format(known.mean - known.floor)
end

return floors
