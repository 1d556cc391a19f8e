-- Objects that show what a script may read, let it set what their state holds, and refuse the rest:
-- a value set on anything else would be lost without a word when a run goes on from its checkpoint.
local fm <const> = require "fm"
local nearest <const> = require "fm.parts.nearest"
local options <const> = require "fm.parts.options"
local sorted_keys <const> = require "fm.parts.sorted_keys"

--- A kind of object: new(inside) -> object. `methods` are called with `inside`; `shown`: name ->
--- true, for a field of `inside` that may be read, or function(inside); `setters`: name ->
--- function(inside, value, object). Once inside.over is true, the methods raise, because what they
--- did would be lost.
return function(kind, methods, shown, setters)
  local insides <const> = setmetatable({}, { __mode = "k" })
  local known <const> = {}

  for name, method in pairs(methods) do
    known[name] = function(object, ...)
      local inside = insides[object]
      if not inside then fm.fail(("%s: call it with a colon, %s:%s(...)"):format(name, kind, name)) end
      if inside.over then fm.fail(("%s: the %s is over"):format(name, kind)) end
      return method(inside, ...)
    end
  end

  local names <const> = {}
  for name in pairs(known) do names[name] = true end
  for name in pairs(shown) do names[name] = true end

  local Object <const> = { __name = "fm." .. kind, __metatable = kind }
  function Object.__index(object, name)
    local method = known[name]
    if method then return method end
    local get = shown[name]
    if not get then fm.fail(("%s: there is no %s%s"):format(kind, options.shown(name), nearest.advice(name, sorted_keys(names)))) end
    local inside = insides[object]
    if get == true then return inside[name] end
    return get(inside)
  end

  function Object.__newindex(object, name, value)
    local set = setters[name]
    if not set then
      fm.fail(("%s: %s cannot be set%s"):format(kind, tostring(name), next(setters) and "; this can: " .. table.concat(sorted_keys(setters), ", ") or ""))
    end
    set(insides[object], value, object)
  end

  return function(inside)
    local object = setmetatable({}, Object)
    insides[object] = inside
    return object
  end
end
