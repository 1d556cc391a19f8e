-- The options of a sweep, read from their texts: numbers, times, and how many cores there are.
local option_reader <const> = require "fm.cli.option_reader"

local settings <const> = {}

local function usage(message, ...)
  error({ usage = message:format(...) }, 0)
end

local function whole(line, name, low)
  return option_reader.whole("--" .. name:gsub("_", "-"), line[name], low)
end

local units <const> = { [""] = 1, s = 1, m = 60, h = 3600, d = 86400 }

--- "90", "90s", "1.5m", "2h", "1d" as seconds.
local function duration(text)
  if not text then return nil end
  local number, unit = text:match "^([%d.]+)(%a?)$"
  local seconds = tonumber(number) and units[unit] and tonumber(number) * units[unit]
  if not seconds or seconds <= 0 then usage('--timeout: expected a time such as 90s, 30m or 2h, found "%s"', text) end
  return seconds
end

local function cores()
  return require "luv".available_parallelism()
end

local function jobs(line, threads)
  if not line.jobs or line.jobs == "auto" then return math.max(1, cores() // threads) end
  local n = line.jobs:find "^%d+$" and math.tointeger(tonumber(line.jobs))
  if not n or n < 1 then usage('-j: expected a whole number >= 1 or auto, found "%s"', line.jobs) end
  return n
end

--- What shapes the list of runs: multirun, random, sweep_seed, max_runs. Raises { usage }.
function settings.of_expansion(line)
  return { multirun = line.multirun, random = whole(line, "random", 1), sweep_seed = whole(line, "sweep_seed", 0), max_runs = whole(line, "max_runs", 1) }
end

--- What shapes their execution: jobs, threads of each, maxfail (nil: no limit), timeout (seconds or nil). Raises { usage }.
function settings.of_pool(line)
  local threads = whole(line, "threads", 1) or 1
  return { jobs = jobs(line, threads), threads = threads, maxfail = whole(line, "maxfail", 1) or (line.fail_fast and 1) or nil,
    timeout = duration(line.timeout) }
end

return settings
