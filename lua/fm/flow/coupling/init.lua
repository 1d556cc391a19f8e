-- Couplings: which x0 goes with which x1 of a batch. x0, x1, cond = couple(x0, x1 [, cond]): x1 and
-- its cond keep their order. A coupling file returns function(options) -> couple.
local fm <const> = require "fm"
local arguments <const> = require "fm.flow.parts.arguments"
local by_name <const> = require "fm.parts.by_name"
local options <const> = require "fm.parts.options"

local coupling <const> = {}

--- The condition that goes with y1, after a coupling of x1 and its cond gave y1 and `returned`. A
--- coupling that knows no conditions returns none: then cond stays, if x1 keeps its order.
function coupling.cond_of(where, x1, cond, y1, returned)
  if returned ~= nil then return returned end
  if cond == nil or rawequal(y1, x1) then return cond end
  arguments.batch(where, "x1 as the coupling returned it", y1, x1)
  if y1:count() > 0 and not ((y1 - x1):detach():abs():max():item() == 0) then
    fm.fail(where .. ": the coupling returned x1 in another order and no condition: expected x0, x1, cond")
  end
  return cond
end

-- Wraps the couple of a file. One that is a table keeps its methods and fields; `chooses` there
-- says that it chooses x1 itself and returns its rows in place of cond, `any_rows` that x0 and x1
-- may have different numbers of rows.
local function checked(where, couple)
  local how <const> = type(couple) == "table" and couple or {}
  local function call(x0, x1, cond, ...)
    options.no_more(where, 3, ...)
    if how.chooses then return couple(x0, x1, cond) end
    arguments.batch(where, "x0", x0)
    arguments.batch(where, "x1", x1)
    if #x0 ~= #x1 and not how.any_rows then
      fm.fail(("%s: x0 has %d rows, x1 has %d: expected the same number"):format(where, #x0, #x1))
    end
    local y0, y1, returned = couple(x0, x1, cond)
    return y0, y1, coupling.cond_of(where, x1, cond, y1, returned)
  end
  if type(couple) == "function" then return call end
  return setmetatable({}, { __index = couple, __call = function(_, ...) return call(...) end })
end

--- What `couple` makes of x0, x1 and cond: x0, x1, cond. One that chooses x1 itself wants a cond
--- only when its data has labels, and then the cond stays as it is. One that names partners and
--- has no stream of its own draws from rng.
function coupling.pair(where, couple, x0, x1, cond, rng)
  if type(couple) == "table" and couple.chooses then
    local y0, y1 = couple(x0, nil, cond)
    return y0, y1, cond
  end
  if type(couple) == "table" and couple.partners then
    local rows = couple:partners(x0, x1, cond, rng)
    return rows and fm.index_select(x0, rows, 1) or x0, x1, cond
  end
  local y0, y1, returned = couple(x0, x1, cond)
  arguments.batch(where, "x0 as the coupling returned it", y0, #x0 == #x1 and x0 or nil)
  arguments.batch(where, "x1 as the coupling returned it", y1, x1)
  return y0, y1, coupling.cond_of(where, x1, cond, y1, returned)
end

local function make(where, name, given)
  if type(name) == "table" and type(name[1]) == "string" and given == nil then name, given = options.split(name) end
  if options.callable(name) then
    if given ~= nil then fm.fail(where .. ": unexpected options: they go with the name of a coupling") end
    return name
  end
  if type(name) ~= "string" then fm.fail(("%s: expected a name or a function, found %s"):format(where, arguments.kind_of(name))) end
  local found = by_name.find("fm.flow.coupling", name)
  if not found then by_name.fail(where .. ": unknown coupling", "fm.flow.coupling", name) end
  if type(found) ~= "function" then fm.fail(("coupling %s: expected a function of its options, found %s"):format(name, type(found))) end
  local couple = found(given)
  if not options.callable(couple) then fm.fail(("coupling %s: expected a function of x0 and x1, found %s"):format(name, type(couple))) end
  return checked("coupling " .. name, couple)
end

--- The coupling that an option `coupling` asks for.
function coupling.of(where, what)
  return make(where .. ": coupling", what)
end

--- A coupling by name with its options; a function passes through.
local function named(name, given, ...)
  options.no_more("coupling", 2, ...)
  return make("coupling", name, given)
end

return by_name.room("fm.flow.coupling", coupling, { call = named })
