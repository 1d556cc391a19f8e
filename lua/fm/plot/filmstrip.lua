-- filmstrip(states [T, B, 2] or a list of [B, 2], {titles, reference, names, title, xlabel, ylabel,
-- limits, columns, size, classes}): one small scatter per time, all on the same scale. titles: one
-- text per panel ("t = 0.00" .. "t = 1.00" when not given); reference: points in gray under each;
-- names = {"samples", "reference"} in the legend; size: a panel's longer side; classes: a label
-- from 1 for each of B points, which have its color
local colors <const> = require "fm.plot.parts.colors"
local core <const> = require "fm.core"
local figure <const> = require "fm.plot.parts.figure"
local labels <const> = require "fm.plot.parts.labels"
local limits <const> = require "fm.plot.parts.limits"
local options <const> = require "fm.parts.options"
local panels <const> = require "fm.plot.parts.panels"
local plain_numbers <const> = require "fm.parts.plain_numbers"
local points <const> = require "fm.plot.parts.points"

local where <const> = "plot.filmstrip"

local function captions(given, count)
  if given then
    if type(given) ~= "table" or #given ~= count then
      core.fail(("%s: expected %d titles, found %s"):format(where, count, type(given) == "table" and #given or type(given)))
    end
    return labels.check(where .. ": titles", given, count)
  end
  local plain <close> = plain_numbers()
  local texts = {}
  for i = 1, count do texts[i] = ("t = %.2f"):format(count > 1 and (i - 1) / (count - 1) or 1) end
  return texts
end

-- The row numbers of each class (false: it has none), or nil without classes.
local function rows_of_classes(given, times)
  if given == nil then return nil end
  local own <const>, lists = where .. ": classes", {}
  if not core.is_tensor(given) or given:rank() ~= 1 then
    core.fail(("%s: expected a tensor [%d] of whole numbers from 1, found %s"):format(own, #times[1], options.shown(given)))
  end
  for i, x in ipairs(times) do
    if #x ~= #given then core.fail(("%s: there are %d labels, and time %d has %d points"):format(own, #given, i, #x)) end
  end
  for i, label in ipairs(given:totable()) do
    label = options.integer(own, label, 1, 1000)
    for class = #lists + 1, label do lists[class] = {} end
    table.insert(lists[label], i)
  end
  for class, rows in ipairs(lists) do lists[class] = #rows > 0 and core.tensor(rows) end
  return lists
end

local function entries_of(names, truth, classes)
  local entries = truth and points.legend(names) or nil
  if not classes then return entries end
  entries = { entries and entries[1] }
  for class = 1, #classes do entries[#entries + 1] = { name = ("class %d"):format(class), color = colors.of(class) } end
  return entries
end

return function(states, given)
  local o = figure.options(where, given, { titles = options.none, reference = options.none, names = options.none, xlabel = "x1", ylabel = "x2",
    limits = options.none, columns = 6, size = 170, classes = options.none })
  options.integer(where .. ": size", o.size, 40, 4000)
  options.integer(where .. ": columns", o.columns, 1, 1000)
  local names = points.names(where, o.names)
  local times = points.over_time(where, states)
  local truth = o.reference ~= nil and points.check(where .. ": reference", o.reference) or nil
  local texts = captions(o.titles, #times)
  local clouds = { truth }
  for _, x in ipairs(times) do clouds[#clouds + 1] = x end
  local classes = rows_of_classes(o.classes, times)
  local width, height, box = figure.equal(o.limits and limits.check(where, o.limits) or limits.around(clouds), o.size)

  local on, shows = panels { box = box, count = #times, columns = math.min(o.columns, #times), width = width, height = height, gap = 12,
    captions = texts, title = o.title, xlabel = o.xlabel, ylabel = o.ylabel, legend = entries_of(names, truth, classes) }
  for i, x in ipairs(times) do
    local panel = shows[i]:inside()
    if truth then
      local radius, alpha = points.look(#truth, 2.2 * o.size)
      panel:discs(truth, radius * 0.75, colors.reference, alpha)
    end
    local radius, alpha = points.look(#x, 2.2 * o.size)
    if not classes then panel:discs(x, radius * 0.7, colors.sample, alpha * 0.7) end
    for class, rows in ipairs(classes or {}) do
      if rows then panel:discs(core.index_select(x, rows, 1), radius * 0.7, colors.of(class), alpha * 0.7) end
    end
    panel:frame()
  end
  return on
end
