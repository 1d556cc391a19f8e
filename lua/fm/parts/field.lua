-- Fields, and models as a field calls them: each gets the time in the form that it takes, and the
-- condition of the rows at hand.
--
-- Time. A solver has t as a number, a script may have [B] or [B, 1]. A layer, which is a table with
-- `parameters`, gets it as [B], as in training; anything else gets t as it is. When the first call
-- fails with one form, the other form is tried, and kept if it works: so a function written for [B]
-- works under a solver too, and so does a layer written for numbers. If both forms fail, or the
-- first form fails only once, the error is that of the first call.
--
-- Rows. Under control = "sample" rows leave the batch when they are done. A field of fm is then
-- called f(x, t, pick): pick(value) has the rows of `value` that belong to the rows of x. When all
-- rows are there, pick is nil. A value belongs to the rows when it is a tensor with as many rows as
-- the solve began with, alone or in a table; anything else is for all rows.
local core <const> = require "fm.core"
local attempt <const> = require "fm.parts.attempt"
local options <const> = require "fm.parts.options"

local fields <const> = {}

local inside <const> = setmetatable({}, { __mode = "k" }) -- field(x, t) of fm -> f(x, t, pick)

--- A field of fm: for a script a function of x and t, for a solver f(x, t, pick). It passes the
--- time on as it gets it, so a caller need not try both forms.
function fields.new(where, f)
  local function field(x, t, ...)
    options.no_more(where, 2, ...)
    return f(x, t)
  end
  inside[field] = f
  return field
end

--- Whether a field takes pick.
function fields.has_rows(field)
  return inside[field] ~= nil
end

local function is_layer(model)
  return type(model) == "table" and options.callable(model.parameters)
end

-- rows(x, t) -> t as [B], a tensor of the current scope. A tensor of another size stays: the model
-- may refuse it.
local function time_by_rows()
  local zeros -- [B], never written
  return function(x, t)
    local is_number = type(t) == "number"
    local B = x:rank() > 0 and #x
    if not B or not is_number and not core.is_tensor(t) then return t end
    if not is_number then
      local rank, count = t:rank(), t:count()
      if count == B and rank == 1 then return t end
      if count == B and rank == 2 and t:size(2) == 1 then return t:reshape(-1) end
      if count ~= 1 then return t end
      t = t:reshape(1)
    end
    if not zeros or #zeros ~= B then zeros = core.zeros(B) end
    return zeros + t
  end
end

--- f(x, t [, pick]): calls model(x, t [, cond]) with the time in the form that it takes. A field of
--- fm that gets no condition is itself such an f. `settled`, if given, is called with the model
--- when it turns out that it takes numbers, and may be called without this f.
function fields.of(model, cond, settled)
  if cond == nil and inside[model] then return inside[model] end
  local by_rows <const>, prefers_rows <const> = time_by_rows(), is_layer(model)
  local wants_rows <const> = {} -- known after the first call with a number (true), with a tensor other than [B] (false)

  local function in_form(rows, x, t, c)
    if rows then t = by_rows(x, t) end
    if c == nil then return model(x, t) end
    return model(x, t, c)
  end

  local function find_out(is_number, x, t, c)
    if not is_number and rawequal(by_rows(x, t), t) then return in_form(false, x, t, c) end
    local rows = prefers_rows
    local ok, result = attempt(in_form, rows, x, t, c)
    if not ok then
      local problem = result
      if problem:find("stack overflow", 1, true) then error(problem, 0) end -- one more try at each level has no end
      ok, result = attempt(in_form, not rows, x, t, c)
      if not ok then in_form(rows, x, t, c) end -- raises as it did, with its traceback
      -- the form of the time was not the reason
      if not ok or attempt(in_form, rows, x, t, c) then error(problem, 0) end
      rows = not rows
    end
    wants_rows[is_number] = rows
    if settled and is_number and not rows and cond == nil then settled(model) end
    return result
  end

  return function(x, t, pick)
    local c = cond
    if pick and c ~= nil then c = pick(c) end
    local is_number = type(t) == "number"
    local rows = wants_rows[is_number]
    if rows == nil then return find_out(is_number, x, t, c) end
    return in_form(rows, x, t, c)
  end
end

--- `value` after select(tensor) took some of its rows, if it belongs to the rows of a batch of
--- `total`.
local function picked(value, select, total)
  if core.is_tensor(value) then
    if value:rank() == 0 or #value ~= total then return value end
    return select(value)
  end
  if type(value) ~= "table" or getmetatable(value) then return value end
  local part = {}
  for key, entry in next, value do part[key] = picked(entry, select, total) end
  return part
end
fields.picked = picked

--- f(x, t, numbers) for a solver whose rows leave: numbers [A] tells which rows of the first x,
--- from 1 to `total`, the rows of x are. It calls f(x, t, pick).
function fields.with_numbers(f, total)
  local left
  local function select(tensor) return core.index_select(tensor, left, 1) end
  local function pick(value) return picked(value, select, total) end
  return function(x, t, numbers)
    if #x == total then return f(x, t) end
    left = numbers
    return f(x, t, pick)
  end
end

return fields
