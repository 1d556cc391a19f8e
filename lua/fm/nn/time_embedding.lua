-- time_embedding(dim, {kind, scale}): t in 0..1, [B] or [B, 1] -> [B, dim], half sines and half
-- cosines; a number -> [1, dim].
-- "sinusoidal": frequencies 1000 / 10000^(i / half), as Vaswani et al. 2017 with t counted in
-- thousandths; "fourier": fixed frequencies drawn from N(0, scale^2), Tancik et al. 2020. The
-- frequencies are part of the state and are not trained.
local fm <const> = require "fm"
local options <const> = require "fm.parts.options"
local module <const> = require "fm.nn.parts.module"
local init <const> = require "fm.nn.parts.init_stream"

local function forward(self, t)
  if type(t) == "number" then
    t = fm.full(1, 1, t)
  elseif not fm.is_tensor(t) or t:rank() > 2 or t:rank() == 2 and t:size(2) ~= 1 then
    fm.fail("time_embedding: t: expected a number or a tensor [B] or [B, 1], found " .. options.shown(t))
  end
  local angles = fm.matmul(t:reshape(-1, 1), self.frequencies:reshape(1, -1))
  return fm.cat(fm.sin(angles), fm.cos(angles), 2)
end

return function(dim, given, ...)
  options.no_more("time_embedding", 2, ...)
  local o = options.read("time_embedding", given, { kind = "sinusoidal", scale = 16 })
  dim = options.size("time_embedding: dim", dim, 2)
  options.number("time_embedding: scale", o.scale, -1e30, 1e30)
  if dim % 2 ~= 0 then fm.fail(("time_embedding: dim: expected an even number, found %d"):format(dim)) end
  local half, frequencies = dim // 2
  options.choose("time_embedding: kind", o.kind, { sinusoidal = true, fourier = true })
  if o.kind == "fourier" then
    frequencies = (init.weights:normal(half) * (2 * math.pi * o.scale)):detach()
  else
    frequencies = fm.zeros(half)
    for i = 1, half do frequencies[i] = 1000 * 10000 ^ (-(i - 1) / half) end
  end
  local self = module.new({ { "frequencies", frequencies } }, forward)
  self.frequencies = frequencies
  return self
end
