-- Gradients go through the samplers of diffusion: every method of the room, with its noise given.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local checks <const> = require "tests.lua.checks"

describe("diffusion.sample", function()
  checks.no_bytes_stay(setup, teardown)

  local schedule <const> = fm.diffusion.schedule { 0.1, 0.3, 0.5, 0.7 }
  local more <const> = { ancestral = {}, ddim = { eta = 0.5 }, edm_heun = { steps = 4, churn = 1 } }

  for _, method in ipairs(by_name.names "fm.diffusion.sample") do
    it("passes gradients through the steps of " .. method, function()
      local rng = fm.rng(1, "sampler_gradient_spec")
      local o = { method = method, schedule = schedule, draws = rng:normal(4, 3, 2) }
      for name, value in pairs(more[method]) do o[name] = value end
      local w, noise = fm.parameter(rng:normal(2)), fm.parameter(rng:normal(3, 2))
      local function sampled(y, v)
        return (fm.diffusion.sample(function(x, t) return (x * v):tanh() * (t + 0.5) end, y, o))
      end
      if fm.real == "double" then assert(fm.gradcheck(sampled, { noise, w })) end
      local tape <close> = fm.record()
      sampled(noise, w):backward(fm.ones(3, 2))
      for _, p in ipairs { noise, w } do assert.is_true(p:grad():abs():min():item() > 0) end
    end)
  end
end)
