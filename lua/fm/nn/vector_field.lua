-- vector_field{dim, hidden = 256, time_embed = 64, classes | cond, times = 1}: the network of the
-- article that founded flow matching, called model(x, t [, cond]) -> velocity [B, dim]. Time goes
-- through its own two layers and stands beside x at the input of the main ones. t is a number, [B]
-- or [B, 1]. times = 2: it is called model(x, s, t [, cond]), and the two layers take the pair [B,
-- 2], s first.
--
-- A condition is added to the embedding of the time:
--   classes = n   cond is a label [B] in 1..n, or a number; n + 1 means none, and so does no cond
--   cond = k      cond is k numbers [B, k], through a linear layer; no cond is the same as zeros
-- Without either a condition is ignored.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local labels <const> = require "fm.nn.parts.labels"
local module <const> = require "fm.nn.parts.module"
local times <const> = require "fm.nn.parts.times"

local cat <const> = fm.cat

local function check(self, x)
  if not fm.is_tensor(x) or x:rank() ~= 2 or x:size(2) ~= self.dim then
    fm.fail(("vector_field: x: expected a tensor [B, %d], found %s"):format(self.dim, options.shown(x)))
  end
end

local function of_labels(self, x, cond)
  return labels("vector_field", self.class_embed, self.classes, x, cond)
end

local function of_numbers(self, x, cond)
  if cond == nil then return self.cond_embed(fm.zeros(1, self.cond)) end
  if not fm.is_tensor(cond) or cond:rank() ~= 2 or #cond ~= #x and #cond ~= 1 or cond:size(2) ~= self.cond then
    fm.fail(("vector_field: cond: expected a tensor [%d, %d], found %s"):format(#x, self.cond, options.shown(cond)))
  end
  return self.cond_embed(cond)
end

local function forward_with(read, embed)
  return function(self, x, ...)
    check(self, x)
    local at, cond = read(x, ...)
    local told = self.time_embed(at)
    return self.net(cat(x, embed and told + embed(self, x, cond) or told, 2))
  end
end

return function(given, ...)
  options.no_more("vector_field", 1, ...)
  local nn <const> = fm.nn
  local o = options.read("vector_field", given, { dim = options.none, hidden = 256, time_embed = 64, classes = options.none, cond = options.none, times = 1 })
  for _, name in ipairs { "dim", "hidden", "time_embed" } do options.size("vector_field: " .. name, o[name]) end
  for _, name in ipairs { "classes", "cond" } do
    if o[name] ~= nil then options.size("vector_field: " .. name, o[name]) end
  end
  if o.classes and o.cond then fm.fail "vector_field: classes and cond are both given: a condition is either labels or numbers" end
  local read = times("vector_field", o.times)
  local time_embed = nn.sequential { nn.linear(o.times, o.time_embed), nn.silu(), nn.linear(o.time_embed, o.time_embed) }
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
  local self = module.new(parts, forward_with(read, class_embed and of_labels or cond_embed and of_numbers))
  self.time_embed, self.net, self.dim, self.times = time_embed, net, o.dim, o.times
  self.class_embed, self.classes = class_embed or nil, o.classes
  self.cond_embed, self.cond = cond_embed or nil, o.cond
  return self
end
