-- null_of(where, cond, null, model): the condition that says nothing, for the rows of cond; nil:
-- the model is called without one. null is what the caller gave: a number, a row, shaped as cond,
-- or nil. Then it is n + 1 for labels of a model with n classes and 0 for [B, k].
local fm <const> = require "fm"
local broadcasts <const> = require "fm.parts.broadcasts"
local options <const> = require "fm.parts.options"

local function null_of(where, cond, null, model)
  if type(cond) == "table" and not getmetatable(cond) and (null == nil or type(null) == "table") then
    local result = {}
    for key, part in next, cond do
      local own = null and null[key]
      if own == nil and not fm.is_tensor(part) and type(part) ~= "table" then own = part end -- it is for all rows
      result[key] = null_of(where, part, own, model)
    end
    return result
  end
  local is_tensor = fm.is_tensor(cond)
  if null == nil and is_tensor and cond:rank() > 1 then null = 0 end
  if null == nil and type(model) == "table" and math.type(model.classes) then null = model.classes + 1 end
  if not is_tensor then return null end
  if type(null) == "number" then return fm.full(cond:shape(), null) end
  if not fm.is_tensor(null) or null:rank() == cond:rank() and #null == #cond then return null end
  if broadcasts(null, cond) then return fm.zeros(cond:shape()) + null end
  fm.fail(("%s: null is %s, cond is %s: expected a number, or a row that stands for each row of cond"):format(where,
    options.shown(null), options.shown(cond)))
end

return null_of
