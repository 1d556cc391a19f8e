-- A flow over the rows of a table that knows the units of its columns: their mean and deviation are
-- part of its state, so that it is saved and loaded with them. All it takes and gives is in these
-- units. o: names (of the columns), classes (names of them, or nil), hidden (width of the network).
--   flow.units, flow.field              nn.standardise, and the velocity in standard units
--   flow:log_prob(x, labels) -> [n]     in nats
--   flow:sample(labels, rng) -> x       a row for each label; without classes any labels will do
--   flow:loss(x, o)                     that of flow.loss, with its options
local fm <const> = require "fm"
local nn, ode = fm.nn, fm.ode

local table_flow <const> = {}

local function log_prob(self, x, labels)
  return fm.flow.log_prob(self.field, self.units(x), { cond = labels, rtol = 1e-4, atol = 1e-4 }) + self.units:log_det()
end

local function sample(self, labels, rng)
  local noise = rng:normal(#labels, #self.names)
  return self.units:inverse((ode.solve(self.field, noise, { cond = labels, method = "dopri5", rtol = 1e-4, atol = 1e-4 })))
end

local function loss(self, x, o) return fm.flow.loss(self.field, self.units(x), o) end

--- A flow whose units are those of rows x, or of rows that are loaded later.
function table_flow.new(o, x)
  local units = nn.standardise(x or #o.names)
  local field = nn.vector_field { dim = #o.names, hidden = o.hidden, time_embed = 16, classes = o.classes and #o.classes }
  local self = nn.module({ { "units", units }, { "field", field } }, function(_, ...) return field(...) end)
  self.units, self.field, self.names, self.classes, self.hidden = units, field, o.names, o.classes, o.hidden
  self.log_prob, self.sample, self.loss = log_prob, sample, loss
  return self
end

--- Writes a flow with the names of its columns and classes to a file.
function table_flow.save(self, path)
  local about = { names = fm.json.encode(self.names), hidden = tostring(self.hidden) }
  if self.classes then about.classes = fm.json.encode(self.classes) end
  assert(fm.save(path, self:state(), about))
end

--- The flow of a file; or nil and a message.
function table_flow.load(path)
  local state, about = fm.load(path)
  if not state then return nil, about end
  local names, classes = about.names and fm.json.decode(about.names), about.classes and fm.json.decode(about.classes)
  local hidden <const> = math.tointeger(tonumber(about.hidden))
  if type(names) ~= "table" or not hidden or about.classes and type(classes) ~= "table" then
    return nil, path .. ": expected a file of experiments/tabular.lua"
  end
  local self = table_flow.new { names = names, classes = classes, hidden = hidden }
  return self:load_state(state):eval()
end

return table_flow
