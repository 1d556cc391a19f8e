-- trajectories(states [T, B, 2] or a list of [B, 2], {title, xlabel, ylabel, limits, size}): one
-- line per sample from its start (gray) to its end (colored).
local core <const> = require "fm.core"
local colors <const> = require "fm.plot.parts.colors"
local figure <const> = require "fm.plot.parts.figure"
local limits <const> = require "fm.plot.parts.limits"
local options <const> = require "fm.parts.options"
local points <const> = require "fm.plot.parts.points"

local where <const> = "plot.trajectories"

return function(states, given)
  local o = figure.options(where, given, { xlabel = "x1", ylabel = "x2", limits = options.none, size = 480 })
  options.integer(where .. ": size", o.size, 100, 8000)
  local scope <close> = core.scope()
  local times = points.over_time(where, states, true)
  local n = times[1]:size(1)
  local rows = {}
  for i, x in ipairs(times) do rows[i] = x:reshape(n, 1, 2) end
  local lines = core.cat(rows, 2) -- [B, T, 2]
  local box = o.limits and limits.check(where, o.limits) or limits.around { times[1], times[#times], lines }

  local width, height, shown = figure.equal(box, o.size)
  local picture, panel = figure.new { box = shown, width = width, height = height, title = o.title, xlabel = o.xlabel, ylabel = o.ylabel,
    same_step = true, legend = { { name = "start", color = colors.muted },
      { name = "path", color = colors.reference, line = true }, { name = "end", color = colors.sample } } }
  local radius = math.min(math.max(7 * n ^ -0.2, 1.4), 3)
  local alpha = math.min(math.max(8 * n ^ -0.5, 0.1), 0.9)
  panel:lines(lines, 1.1, colors.muted, alpha)
  panel:discs(times[1], radius, colors.muted, 0.7):discs(times[#times], radius, colors.sample, 0.9):frame()
  return picture
end
