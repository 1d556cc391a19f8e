-- levels(o, where) -> { low, high, time(sigma), noise(model, x, sigma) }: a model read by its noise
-- level, sigma = s / a, at points x = x1 + sigma noise. noise() is what it says of the noise there.
--
-- A model of diffusion.loss is read on its schedule: sigma_k = sqrt((1 - abar_k) / abar_k), and
-- between two indices at the real number k in between, by the logarithm of sigma. A model of
-- flow.loss is read on its path, and its prediction (option predict) is converted.
local fm <const> = require "fm"
local convert <const> = require "fm.flow.convert"
local paths <const> = require "fm.flow.path"
local schedules <const> = require "fm.diffusion.schedule"
local time_of <const> = require "fm.flow.path.parts.time_of"

-- The real index k with sigma_k = exp(log_sigma), by the list of logarithms, which grows.
local function index_of(logs, log_sigma)
  local low, high = 1, #logs
  if log_sigma <= logs[1] then return 1 end
  if log_sigma >= logs[high] then return high end
  while high - low > 1 do
    local middle = (low + high) // 2
    if logs[middle] <= log_sigma then low = middle else high = middle end
  end
  return low + (log_sigma - logs[low]) / (logs[high] - logs[low])
end

local function on_schedule(o, where)
  if o.predict ~= nil then fm.fail(where .. ": predict goes with path: on a schedule the model predicts the noise") end
  local schedule = schedules.of(where, o.schedule)
  local T <const>, logs <const> = schedule.steps, {}
  for k = 1, T do logs[k] = math.log(schedule.s[k] / schedule.a[k]) end
  local function time(sigma) return 1 - index_of(logs, math.log(sigma)) / T end
  return { low = math.exp(logs[1]), high = math.exp(logs[T]), time = time, noise = function(model, x, sigma)
    return model(x / (1 + sigma * sigma) ^ 0.5, time(sigma))
  end }
end

local exact <const> = { guard = 1e-12 } -- sigma_min keeps away from the end

local function on_path(o, where)
  if o.schedule ~= nil then fm.fail(where .. ": give schedule or path, not both") end
  local path <const>, predict <const> = paths.of(where, o.path), o.predict == nil and "velocity" or o.predict
  if path.noisy then fm.fail(where .. ": path: it has noise around its line: x and one prediction do not tell the others") end
  local find <const> = time_of(path)
  local function time(sigma) return find(1.0, sigma) end
  local function level(t) return path.a(t) > 0 and path.s(t) / path.a(t) or math.huge end
  return { low = level(1.0), high = level(0.0), time = time, noise = function(model, x, sigma)
    local t = time(sigma)
    local at = x * path.a(t)
    return convert(model(at, t), predict, "noise", at, t, path, exact)
  end }
end

return function(o, where)
  if o.path ~= nil then return on_path(o, where) end
  return on_schedule(o, where)
end
