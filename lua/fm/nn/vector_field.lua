-- vector_field{dim, hidden = 256, time_embed = 64}: the network of the article that founded flow
-- matching, called model(x, t) -> velocity [B, dim]. Time goes through its own two layers and
-- stands beside x at the input of the main ones. t is a number, [B] or [B, 1].
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

local function forward(self, x, t)
  check(self, x, t)
  return self.net(cat(x, self.time_embed(column(x, t)), 2))
end

return function(given, ...)
  options.no_more("vector_field", 1, ...)
  local nn <const> = fm.nn
  local o = options.read("vector_field", given, { dim = options.none, hidden = 256, time_embed = 64 })
  for _, name in ipairs { "dim", "hidden", "time_embed" } do options.size("vector_field: " .. name, o[name]) end
  local time_embed = nn.sequential { nn.linear(1, o.time_embed), nn.silu(), nn.linear(o.time_embed, o.time_embed) }
  local net = nn.sequential {
    nn.linear(o.dim + o.time_embed, o.hidden), nn.silu(), nn.linear(o.hidden, o.hidden), nn.silu(),
    nn.linear(o.hidden, o.hidden), nn.silu(), nn.linear(o.hidden, o.dim),
  }
  local self = module.new({ { "time_embed", time_embed }, { "net", net } }, forward)
  self.time_embed, self.net, self.dim = time_embed, net, o.dim
  return self
end
