-- Measures the settings of fmrun pareto one after the other, and keeps them in the run's folder:
--   pareto.json    all that was measured, written again after each setting, so that an interrupted
--                  command goes on from there
--   pareto.csv     the same for other programs, when all is done
--   pareto.png     the picture
local fm <const> = require "fm"
local csv <const> = require "fm.records.csv"
local ending <const> = require "fm.run.ending"
local given <const> = require "fm.run.given"
local pareto <const> = require "fm.run.pareto"
local records <const> = require "fm.records.pareto"
local settings_of <const> = require "fm.run.pareto_settings"
local system <const> = fm.system

local pareto_measured <const> = {}

-- ---- one setting ----

--- Whether an error says that numbers are not finite: then the setting is bad, not the script.
local function is_not_finite(problem)
  return not ending.of(problem) and tostring(problem):find("not finite", 1, true) ~= nil
end

--- pcall for what may meet such numbers: what f returns, or nothing and true.
local function finite(f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then return table.unpack(results, 2, results.n) end
  if not is_not_finite(results[2]) then error(results[2], 0) end
  return nil
end

--- Fills in nfe, seconds and value; or, when there is no value, why.
local function try(what, x0, setting, most)
  local scope <close> = fm.scope()
  local begun = system.seconds()
  local x, nfe, status = finite(settings_of.sample, what, x0, setting, most)
  setting.seconds, setting.nfe = math.floor((system.seconds() - begun) * 1e4 + 0.5) / 1e4, nfe
  if status == "max_nfe" then
    setting.over = most
  elseif x then
    local value = finite(what.metric, x)
    setting.value = value ~= nil and pareto.number("metric", value) or nil
    if setting.value and setting.value - setting.value ~= 0 then setting.value = nil end
  end
  if not setting.value and not setting.over then setting.note = x == nil and status and status:gsub("_", " ") or "not finite" end
end

--- Whether a setting would take more than `most` evaluations, as the one before it with the same
--- method lets expect.
local function is_too_long(setting, former, most)
  return setting.steps ~= nil and former ~= nil and former.nfe ~= nil and former.nfe / former.steps * setting.steps > most
end

-- ---- the files ----

local function save_json(path, found)
  assert(fm.file.write(path .. "/pareto.json", fm.json.encode(found) .. "\n"))
end

local columns <const> = { "method", "steps", "tolerance", "nfe", "value", "floor", "dominated", "note" }

local function save_csv(path, found)
  local header = table.move(columns, 1, #columns, 1, {})
  header[5] = found.name
  local lines = { csv.line(header, #columns) }
  for i, s in ipairs(found.settings) do
    lines[i + 1] = csv.line({ s.method, s.steps, s.tolerance, s.nfe, s.value, found.floor, s.dominated and "yes" or "no", records.note(s) }, #columns)
  end
  assert(fm.file.write(path .. "/pareto.csv", table.concat(lines)))
end

local function save_picture(path, found)
  local faint = { name = "dominated", x = {}, y = {}, points = true, faint = true }
  local front = { name = "not dominated", x = {}, y = {}, points = true, joined = true, labels = {} }
  local last, positive = 1, true
  for _, s in ipairs(found.settings) do
    if s.value then
      local series = s.dominated and faint or front
      local i = #series.x + 1
      series.x[i], series.y[i], last, positive = s.nfe, s.value, math.max(last, s.nfe), positive and s.value > 0
      if series.labels then series.labels[i] = records.title(s) end
    end
  end
  if #front.x == 0 then return end
  local series = { front }
  if #faint.x > 0 then series[2] = faint end
  if found.floor then series[#series + 1] = { name = "floor", x = { 1, last }, y = { found.floor, found.floor } } end
  local log = positive and (found.floor or 1) > 0 and "xy" or "x"
  local picture = fm.plot.curve(series, { log = log, title = "Quality against cost of each solver", xlabel = "evaluations of the model", ylabel = found.name,
    width = 760, height = 460 })
  assert(picture:save(path .. "/pareto.png"))
end

-- ---- all settings ----

--- The floor, and its deviation when a function gives it, as the floors of fm.metrics do.
local function floor_of(what)
  local value, deviation = what.floor, nil
  if value ~= nil and not math.type(value) then value, deviation = value() end
  if value == nil then return nil end
  return given.finite("pareto: floor", value) + 0.0, deviation ~= nil and given.finite("pareto: floor: its deviation", deviation) + 0.0 or nil
end

--- What was measured before of the same thing, or an empty list of it.
local function begin(what, about, how)
  local former = not how.anew and records.read(how.path)
  if former and former.identity == about.identity and former.name == what.name then
    former.settings = settings_of.by_their_names(former.settings)
    return former
  end
  local floor, deviation = floor_of(what)
  return { identity = about.identity, step = about.step, name = what.name, floor = floor, floor_deviation = deviation, settings = {} }
end

local function settings_for(what, how)
  if what.sample then return settings_of.of_sample(what.methods, how.solvers, how.most) end
  return settings_of.of_field(how.solvers, how.most)
end

--- Whether what was measured does not count any more: with more evaluations a setting may have a
--- value, and a solver beside the script may have changed.
local function is_stale(old, setting, most)
  return old.over ~= nil and old.over < most or old.code ~= setting.code
end

local function start_of(what)
  return fm.is_tensor(what.x0) and what.x0 or what.x0()
end

--- Adds a setting, in the place of one of the same title.
local function keep(found, known, title, setting)
  local list, place = found.settings, #found.settings + 1
  for i, s in ipairs(list) do
    if s == known[title] then place = i end
  end
  list[place], known[title] = setting, setting
  records.order(list)
end

local function tell(screen, i, title, setting)
  local now = system.seconds()
  if now < screen.next_time then return end
  screen:show(i, setting.value and ("%s: %.4g"):format(title, setting.value) or title, now)
end

--- Measures what is missing of the settings. what: of run:pareto. about: step and identity of what
--- is measured. how: path, most (evaluations of a setting), solvers (names, or nil), anew, screen.
--- Returns all that is known (see fm.records.pareto), and the settings that were asked for, as
--- name -> true.
function pareto_measured.all(what, about, how)
  local list, found, known, asked = settings_for(what, how), begin(what, about, how), {}, {}
  for _, s in ipairs(found.settings) do known[records.title(s)] = s end
  local x0, former = nil, {}
  how.screen:begin("pareto", #list, 0, system.seconds(), "setting")
  for i, setting in ipairs(list) do
    local title = records.title(setting)
    local old, before = known[title], former[setting.method]
    if old and not is_stale(old, setting, how.most) then
      setting = old
    elseif not is_too_long(setting, before, how.most) then
      x0 = x0 or what.field ~= nil and start_of(what)
      try(what, x0, setting, how.most)
      keep(found, known, title, setting)
      save_json(how.path, found)
    end
    asked[title] = known[title] ~= nil and (setting.nfe or 0) <= how.most or nil
    former[setting.method] = setting.nfe and setting or before
    tell(how.screen, i, title, setting)
  end
  how.screen:clear()
  save_csv(how.path, found)
  save_picture(how.path, found)
  return found, asked
end

return pareto_measured
