local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow, ode, nn = fm.flow, fm.ode, fm.nn
local double <const> = fm.real == "double"
local raises_text <const> = checks.raises_text

describe("straightness and path energy", function()
  checks.no_bytes_stay(before_each, after_each)

  local limit <const> = double and 1e-8 or 1e-5
  local measures <const> = { "straightness", "path_energy" }

  it("finds a constant velocity straight, with the energy |v|^2", function()
    local v = fm.tensor { 1, -2, 0.5 }
    local function field(x) return x * 0 + v end
    local x0 = fm.rng(1):normal(7, 3)
    for _, method in ipairs { "euler", "rk4", "dopri5" } do
      local s, info = flow.straightness(field, x0, { steps = 3, method = method })
      assert.near(0, s, 1e-11)
      assert.near(0, (info.x1 - x0 - v):abs():max():item(), 1e-6)
      assert.same({ 7 }, info.each:shape())
      assert.near(5.25, flow.path_energy(field, x0, { steps = 3, method = method }), 1e-5)
    end
    assert.near(0, flow.normalized_path_energy(field, x0, math.sqrt(5.25)), 1e-6)
    assert.near(5.25 / 4 - 1, flow.normalized_path_energy(field, x0, 2), 1e-6)
    assert.near(1 - 5.25 / 9, flow.normalized_path_energy(field, x0, 3), 1e-6)
  end)

  -- A row of the flow to N(mean, std^2) is at t mean + sigma(t) x0 with sigma^2 = t^2 std^2 + (1 -
  -- t)^2, and the integral of (d sigma / dt)^2 is std^2 + 1 - std pi / 2.
  it("agrees with the closed forms of a flow to a Gaussian, row by row", function()
    local mean, std = fm.tensor { 1.5, -1 }, fm.tensor { 0.5, 2 }
    local model = flow.exact.gaussian { mean = { 1.5, -1 }, std = { 0.5, 2 } }
    local x0 = fm.rng(2):normal(50, 2)
    local square = std:square() + 1 - std * (math.pi / 2)
    local energy = (mean:square() + mean * (std - 1) * x0 * 2 + square * x0:square()):sum(2)
    local bend = ((square - (std - 1):square()) * x0:square()):sum(2)
    local tight <const> = double and 1e-9 or 1e-6
    for _, o in ipairs { {}, { steps = 60 }, { method = "dopri5", rtol = tight, atol = tight },
      { method = "dopri5", control = "sample", rtol = tight, atol = tight } } do
      local found, info = flow.path_energy(model, x0, o)
      assert.near(0, (info.each - energy):abs():max():item(), double and 1e-5 or 1e-4)
      assert.near(energy:mean():item(), found, double and 1e-5 or 1e-4)
      assert.near(0, (info.x1 - model:map(x0)):abs():max():item(), 1e-4)
      local s, about = flow.straightness(model, x0, o)
      assert.near(0, (about.each - bend):abs():max():item(), double and 1e-5 or 1e-4)
      assert.near(math.sqrt(bend:var { unbiased = true }:item() / 50), about.standard_error, 1e-4)
      assert.near(found - (info.x1 - x0):square():sum(2):mean():item(), s, 1e-4) -- the integral of v is x1 - x0
    end
  end)

  it("is with Euler's steps the mean over their times, as written by hand", function()
    local model = nn.vector_field { dim = 2, hidden = 16, time_embed = 8 }
    local x0, steps = fm.rng(3):normal(11, 2), 5
    local x1, info = ode.solve(model, x0, { method = "euler", steps = steps, save = steps + 1 })
    local bend, energy = 0, 0
    for i = 1, steps do
      local v = model(info.states[i], fm.full(11, (i - 1) / steps))
      bend = bend + ((x1 - x0) - v):square():sum(2):mean():item() / steps
      energy = energy + v:square():sum(2):mean():item() / steps
    end
    local s, about = flow.straightness(model, x0, { method = "euler", steps = steps })
    assert.near(bend, s, limit)
    assert.equal(2 * steps, about.nfe)
    local e, first = flow.path_energy(model, x0, { method = "euler", steps = steps })
    assert.near(energy, e, limit)
    assert.equal(steps, first.nfe)
    assert.near(0, flow.straightness(model, x0, { method = "euler", steps = 1 }), limit) -- one step is a line
  end)

  it("takes any rank, one row, a condition that stays with its rows, and records nothing", function()
    local function field(x, _, speed) return x * 0 + speed:reshape(-1, 1, 1) end
    local x0, speed = fm.rng(4):normal(3, 2, 2), fm.tensor { 1, 2, 3 }
    for _, o in ipairs { { steps = 4 }, { method = "dopri5", control = "sample" } } do
      o.cond = speed
      local e, info = flow.path_energy(field, x0, o)
      assert.near(4 * 14 / 3, e, 1e-5)
      for i = 1, 3 do assert.near(4 * i * i, info.each[i], 1e-4) end
      assert.same({ 3, 2, 2 }, info.x1:shape())
      assert.near(0, flow.straightness(field, x0, o), 1e-9)
    end
    -- rows of unlike difficulty leave the solve at unlike times
    local function stiff(x, t, c) return (t * 6):reshape(-1, 1):cos() * c:reshape(-1, 1) + x * 0 end
    local c = fm.tensor { 0, 1, 30 }
    local one = { method = "dopri5", control = "sample", cond = c, rtol = 1e-6, atol = 1e-6 }
    local _, info = flow.straightness(stiff, fm.zeros(3, 1), one)
    local swing = 0.5 + math.sin(12) / 24 - (math.sin(6) / 6) ^ 2 -- mean of cos^2 less the square of the mean
    for i = 1, 3 do assert.near(swing * c[i] ^ 2, info.each[i], 1e-3 * math.max(1, c[i] ^ 2)) end
    local number, about = flow.path_energy(function(x) return x * 0 + 2 end, fm.zeros(1), { steps = 2 })
    assert.near(4, number, 1e-6)
    assert.is_nil(about.standard_error)
    local w = fm.parameter(fm.ones(2))
    do
      local tape <close> = fm.record()
      assert.near(2, flow.path_energy(function(x) return x * 0 + w end, fm.zeros(3, 2), { steps = 2 }), 1e-6)
      assert.near(0, flow.straightness(function(x) return x * 0 + w end, fm.zeros(3, 2), { steps = 2 }), 1e-6)
    end
    assert.is_nil(w:grad())
  end)

  it("says what is wrong", function()
    local function field(x) return x end
    local x0 = fm.ones(2, 2)
    for _, name in ipairs(measures) do
      local f = flow[name]
      raises_text(name .. ": the model is a number", f, 1, x0)
      raises_text(name .. ": x0 is a nil: expected a tensor [B, ...]", f, field)
      raises_text(name .. ": x0 is [0, 2]: it has no numbers", f, field, fm.zeros(0, 2))
      raises_text(name .. ': unknown option "step"; did you mean "steps"?', f, field, x0, { step = 2 })
      raises_text(name .. ': unknown option "t1"', f, field, x0, { t1 = 0.5 })
      raises_text(name .. ": steps: expected a whole number in 1..", f, field, x0, { steps = 0 })
      raises_text(name .. ": unexpected argument 4, a number: it takes 3", f, field, x0, {}, 4)
      raises_text(name .. ": what the model returned is [2, 1], expected [2, 2]", f, function(x) return x:sum { axis = 2, keep = true } end, x0)
      raises_text("status max_nfe", f, field, x0, { method = "dopri5", max_nfe = 3 })
    end
    raises_text("normalized_path_energy: w2: expected a number", flow.normalized_path_energy, field, x0, 0)
    raises_text("normalized_path_energy: w2: expected a number", flow.normalized_path_energy, field, x0, { steps = 2 })
    raises_text('path_energy: unknown option "w2"', flow.normalized_path_energy, field, x0, 1, { w2 = 2 })
  end)
end)
