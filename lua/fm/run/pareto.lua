-- run:pareto: what `fmrun pareto RUN` measures of a run, the quality of samples against the
-- evaluations of the model that they cost. In the run itself it is a note in run.json. fmrun pareto
-- calls the script again, up to this place (fm.run.again).
local fm <const> = require "fm"
local ending <const> = require "fm.run.ending"
local given <const> = require "fm.run.given"
local manifolds <const> = require "fm.parts.manifolds"
local options <const> = require "fm.parts.options"
local utf8_text <const> = require "fm.parts.utf8_text"

local pareto <const> = { methods = {} }

local where <const>, none <const> = "pareto", options.none
local defaults <const> = { field = none, x0 = none, manifold = none, sample = none, methods = none, metric = none, floor = none, name = "quality" }

local function fail(message, ...) fm.fail(where .. ": " .. message:format(...)) end

local function expect_function(name, value)
  if not options.callable(value) then fail("%s: expected a function, found %s", name, options.shown(value)) end
end

local function check_field(o)
  if not options.callable(o.field) then fail("field: expected a function or a model, found %s", options.shown(o.field)) end
  if not fm.is_tensor(o.x0) and not options.callable(o.x0) then
    fail("x0: expected a tensor, or a function that makes it, found %s", options.shown(o.x0))
  end
  if o.methods ~= nil then fail "methods: they go with sample; the methods of a field are those of ode.solve" end
  if o.manifold ~= nil then manifolds.check(where, o.manifold) end
end

local function check_sample(o)
  expect_function("sample", o.sample)
  if o.x0 ~= nil then fail "x0: it goes with field; sample makes its own" end
  if o.manifold ~= nil then fail "manifold: it goes with field; sample solves as it likes" end
  local methods = o.methods == nil and { "steps" } or o.methods
  if type(methods) ~= "table" or #methods == 0 then fail("methods: expected a list of names, found %s", options.shown(o.methods)) end
  for i, name in ipairs(methods) do
    if type(name) ~= "string" or not name:find "^[%w_]+$" then fail("methods[%d]: expected a word, found %s", i, options.shown(name)) end
  end
  o.methods = methods
end

local function check_label(name)
  if type(name) ~= "string" or name == "" or name:find "%c" then fail("name: expected a text on one line, found %s", options.shown(name)) end
  utf8_text.check(where .. ": name", name)
end

--- A number, or that of a tensor of one; anything else raises.
function pareto.number(name, value)
  local number = given.plain(value)
  if not math.type(number) then fail("%s: expected a number, found %s", name, options.shown(number)) end
  return number + 0.0
end

local function read(what)
  local o = options.read(where, what, defaults)
  if (o.field == nil) == (o.sample == nil) then fail "expected field and x0, or sample" end
  if o.field ~= nil then check_field(o) else check_sample(o) end
  expect_function("metric", o.metric)
  if o.floor ~= nil and not options.callable(o.floor) then o.floor = given.finite(where .. ": floor", o.floor) + 0.0 end
  check_label(o.name)
  return o
end

--- run:pareto { field, x0, manifold, metric, floor = number or function, name = "quality" }: solves
--- of the field from x0 by every solver, on the manifold if there is one; or { sample = function(n,
--- method) -> x, evaluations, methods = {..}, ... } for models that sample in n steps in another
--- way. Less of the metric is better. The functions, and a function x0, are called by fmrun pareto
--- alone.
function pareto.methods.pareto(run, description, ...)
  options.no_more(where, 1, ...)
  run.loop:refuse_inside(where)
  local what, record = read(description), run.record
  if run.asked then
    run.asked(what)
    ending.raise("answered", "")
  end
  if record.pareto then fail "a run says once what is measured, and this one has said it" end
  record.pareto = what.name
  run.folder:write_json("run.json", record)
end

return pareto
