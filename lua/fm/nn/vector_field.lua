-- vector_field{dim, hidden = 256, time_embed = 64, classes | cond}: the network of the article that
-- founded flow matching, called model(x, t [, cond]) -> velocity [B, dim]. Time goes through its
-- own two layers and stands beside x at the input of the main ones. t is a number, [B] or [B, 1].
--
-- A condition is added to the embedding of the time:
--   classes = n   cond is a label [B] in 1..n, or a number; n + 1 means none, and so does no cond
--   cond = k      cond is k numbers [B, k], through a linear layer; no cond is the same as zeros
-- Without either a condition is ignored.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"

local cat <const> = fm.cat

--- Time as a column [B, 1].
local function column(x, t)
  if type(t) == "number" then return fm.full(#x, 1, t) end
  if t:count() == #x then return t:reshape(-1, 1) end
  return fm.zeros(#x, 1) + t:reshape(1, 1)
end

local function check(self, x, t)
  if not fm.is_tensor(x) or x:rank() ~= 2 or x:size(2) ~= self.dim then
    fm.fail(("vector_field: x: expected a tensor [B, %d], found %s"):format(self.dim, options.shown(x)))
  end
  if type(t) == "number" then return end
  if fm.is_tensor(t) then
    local count, rank = t:count(), t:rank()
    if count == 1 or count == #x and (rank == 1 or rank == 2 and t:size(2) == 1) then return end
  end
  fm.fail(("vector_field: t: expected a number or a tensor [%d] or [%d, 1], found %s"):format(#x, #x, options.shown(t)))
end

-- The embedding of labels: [B, time_embed], or [1, time_embed] for one label of all rows.
local function of_labels(self, x, cond)
  if cond == nil then cond = self.classes + 1 end
  if math.type(cond) then cond = fm.full(1, cond)
  elseif not fm.is_tensor(cond) or cond:count() ~= #x or cond:rank() > 2 then
    fm.fail(("vector_field: cond: expected labels, a tensor [%d] or a number, found %s"):format(#x, options.shown(cond)))
  end
  return self.class_embed(cond:reshape(-1))
end

local function of_numbers(self, x, cond)
  if cond == nil then return self.cond_embed(fm.zeros(1, self.cond)) end
  if not fm.is_tensor(cond) or cond:rank() ~= 2 or #cond ~= #x and #cond ~= 1 or cond:size(2) ~= self.cond then
    fm.fail(("vector_field: cond: expected a tensor [%d, %d], found %s"):format(#x, self.cond, options.shown(cond)))
  end
  return self.cond_embed(cond)
end

local function forward(self, x, t)
  check(self, x, t)
  return self.net(cat(x, self.time_embed(column(x, t)), 2))
end

local function forward_with(embed)
  return function(self, x, t, cond)
    check(self, x, t)
    return self.net(cat(x, self.time_embed(column(x, t)) + embed(self, x, cond), 2))
  end
end

return function(given, ...)
  options.no_more("vector_field", 1, ...)
  local nn <const> = fm.nn
  local o = options.read("vector_field", given, { dim = options.none, hidden = 256, time_embed = 64, classes = options.none, cond = options.none })
  for _, name in ipairs { "dim", "hidden", "time_embed" } do options.size("vector_field: " .. name, o[name]) end
  for _, name in ipairs { "classes", "cond" } do
    if o[name] ~= nil then options.size("vector_field: " .. name, o[name]) end
  end
  if o.classes and o.cond then fm.fail "vector_field: classes and cond are both given: a condition is either labels or numbers" end
  local time_embed = nn.sequential { nn.linear(1, o.time_embed), nn.silu(), nn.linear(o.time_embed, o.time_embed) }
  local net = nn.sequential {
    nn.linear(o.dim + o.time_embed, o.hidden), nn.silu(), nn.linear(o.hidden, o.hidden), nn.silu(),
    nn.linear(o.hidden, o.hidden), nn.silu(), nn.linear(o.hidden, o.dim),
  }
  -- last: the other weights are the same with and without a condition
  local class_embed = o.classes and nn.embedding(o.classes + 1, o.time_embed)
  local cond_embed = o.cond and nn.linear(o.cond, o.time_embed)
  local parts = { { "time_embed", time_embed }, { "net", net } }
  if class_embed then parts[3] = { "class_embed", class_embed } end
  if cond_embed then parts[3] = { "cond_embed", cond_embed } end
  local self = module.new(parts, class_embed and forward_with(of_labels) or cond_embed and forward_with(of_numbers) or forward)
  self.time_embed, self.net, self.dim = time_embed, net, o.dim
  self.class_embed, self.classes = class_embed or nil, o.classes
  self.cond_embed, self.cond = cond_embed or nil, o.cond
  return self
end
