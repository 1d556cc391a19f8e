-- psd{m = "uniform" | "midpoint"}: progressive self-distillation. One map is two in a row: X(x, s,
-- t) = X(X(x, s, m), m, t) for a time m between. Boffi, Albergo and Vanden-Eijnden 2025.
local constant <const> = require "fm.flow.map_loss.parts.constant"
local options <const> = require "fm.parts.options"

local function residual(rows)
  local x, s, m, t = rows:at(rows.s), rows.s, rows.m, rows.t
  local first, second = rows:over(m - s), rows:over(t - m)
  local target = constant(x, function()
    local way = first * rows:guide(x, s, m)
    return (way + second * rows:guide(x + way, m, t)) / rows.length
  end)
  return rows:u(x, s, t), target
end

return function(given)
  return { residual = residual, m = options.read("map_loss psd", given, { m = "uniform" }).m }
end
