-- The settings that fmrun pareto tries: { method, steps } for methods of fixed steps, { method,
-- tolerance } for those with error control. The methods are those of fm.ode, found by their names;
-- one beside the script is found when it is asked for.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local ending <const> = require "fm.run.ending"
local method_of <const> = require "fm.ode.parts.method"
local nearest <const> = require "fm.parts.nearest"
local titles <const> = require "fm.records.pareto"

local pareto_settings <const> = {}

local room <const> = "fm.ode"
local tolerances <const> = { 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4 }

local function refuse(name, names)
  ending.raise("refused", ('--solvers: there is no "%s"%s'):format(name, nearest.advice_or_all(name, names)))
end

--- Adds a method with every number of steps up to `most`, by powers of two. name_of(method, steps),
--- if given: the name it goes by with so many.
local function add_steps(list, method, code, most, name_of)
  local steps = 1
  while steps <= most do
    local name = name_of and name_of(method, steps) or method
    list[#list + 1] = { method = name, steps = steps, code = name == method and code or nil }
    steps = 2 * steps
  end
end

--- The settings without those that stand in the list before.
local function once(list)
  local kept, seen = {}, {}
  for _, s in ipairs(list) do
    local title = titles.title(s)
    if not seen[title] then seen[title], kept[#kept + 1] = true, s end
  end
  return kept
end

--- name -> the name that stands first in the alphabet for the same method: rk45 is dopri5.
local function first_names()
  local first, by_value = {}, {}
  for _, name in ipairs(by_name.names(room)) do
    local value = by_name.find(room, name)
    if type(value) == "table" and not (by_name.file(room .. "." .. name) or ""):find "/init%.lua$" then
      by_value[value] = by_value[value] or name
      first[name] = by_value[value]
    end
  end
  return first
end

local function key_of(tableau)
  return fm.json.encode { tableau.c, tableau.a, tableau.b }
end

--- A tableau as a text -> the method of fixed steps that it is.
local function by_tableau()
  local found = {}
  for name, first in pairs(first_names()) do
    local method = by_name.find(room, name)
    if method.b and not method.history and not method.e then found[key_of(method)] = first end
  end
  return found
end

--- f(name, steps) -> the name of the method that takes these steps. A method with a history begins
--- by its tableau, so in a few steps it may be another one: ab3 in one or two is heun3.
local function namer()
  local plain <const> = by_tableau()
  return function(name, steps)
    local method = by_name.find(room, name)
    local begins = type(method) == "table" and method.b and (method.history or 0) > (steps or math.huge)
    return begins and plain[key_of(method)] or name
  end
end

--- Of settings that were measured before, those that still go by their name.
function pareto_settings.by_their_names(settings)
  local kept, name_of = {}, namer()
  for _, s in ipairs(settings) do
    if name_of(s.method, s.steps) == s.method then kept[#kept + 1] = s end
  end
  return kept
end

--- The methods to try, { name, code }: those of the list `asked`, or all of fm. code: the digest of
--- a file beside the script.
local function methods(asked)
  local first, list, seen = first_names(), {}, {}
  for _, name in ipairs(asked or by_name.names(room)) do
    local method, code = first[name], nil
    if not method and asked then
      if by_name.find(room, name) == nil then refuse(name, by_name.names(room)) end
      method, code = name, fm.file.hash_file(package.searchpath(name, package.path) or "")
    end
    if method and not seen[method] then seen[method], list[#list + 1] = true, { name = method, code = code } end
  end
  return list
end

--- For a field. asked: names of methods, or nil for all. most: calls of the field that a setting
--- may take. Ends the run as "refused" for a name that there is not.
function pareto_settings.of_field(asked, most)
  local list, name_of = {}, namer()
  for _, method in ipairs(methods(asked)) do
    if method_of(method.name, "pareto").adaptive then
      for _, tolerance in ipairs(tolerances) do list[#list + 1] = { method = method.name, tolerance = tolerance, code = method.code } end
    else
      add_steps(list, method.name, method.code, most, name_of)
    end
  end
  return once(list)
end

--- The same for a script's own sampler with these methods.
function pareto_settings.of_sample(names, asked, most)
  local known, list = {}, {}
  for _, name in ipairs(names) do known[name] = true end
  for _, name in ipairs(asked or names) do
    if not known[name] then refuse(name, names) end
    add_steps(list, name, nil, most)
  end
  return once(list)
end

--- Solves a field, or calls the script's sampler, with a setting. Returns the samples, nil when the
--- solve did not reach its end; the evaluations that they took; and how the solve ended.
function pareto_settings.sample(what, x0, setting, most)
  if what.sample then
    local x, evaluations = what.sample(setting.steps, setting.method)
    if type(evaluations) == "table" then evaluations = evaluations.nfe end
    if not fm.is_tensor(x) or (math.tointeger(evaluations) or 0) < 1 then
      fm.fail "pareto: sample: expected it to return the samples and the number of evaluations, 1 or more (or an info with nfe)"
    end
    return x, math.tointeger(evaluations), "finished"
  end
  local e = setting.tolerance
  local x, info = fm.ode.solve(what.field, x0, { method = setting.method, steps = setting.steps, rtol = e, atol = e, max_nfe = most,
    manifold = what.manifold })
  return info.status == "finished" and x or nil, info.nfe, info.status
end

return pareto_settings
