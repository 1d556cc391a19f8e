-- fm.jvp of whole networks, along x and both times: against differences, through steps of training,
-- on threads.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local networks <const> = dofile "tests/lua/networks.lua"
local tangents <const> = dofile "tests/lua/tangents.lua"

local nn <const>, double <const> = fm.nn, fm.real == "double"
local rng <const> = fm.rng(6, "jvp_models_spec")
local h <const> = 2e-6 -- of a difference along all weights

local models <const> = {
  vector_field = { function() return nn.vector_field { dim = 3, hidden = 8, time_embed = 4, times = 2, classes = 3 } end, { 2, 3 } },
  unet = { function()
    return nn.unet { channels = 2, width = 4, multipliers = { 1, 2 }, attention = { 2 }, heads = 2, classes = 3, times = 2 }
  end, { 2, 2, 4, 4 } },
  dit = { function() return nn.dit { channels = 1, size = 4, patch = 2, dim = 8, heads = 2, layers = 2, classes = 3, times = 2 } end, { 2, 1, 4, 4 } },
  transformer = { function()
    return nn.transformer { inputs = 3, length = 4, dim = 8, heads = 2, layers = 2, classes = 3, causal = true, times = 2 }
  end, { 2, 4, 3 } },
}

describe("jvp of a network", function()
  checks.no_bytes_stay(before_each, after_each)

  for name, case in pairs(models) do
    it(name .. " has the right derivatives for x and both times, and these the right gradients", function()
      local model <const> = networks.shaken(case[1]())
      -- In thousandths: the sines of a time embedding bend much within a step of a difference.
      local inputs <const> = { rng:normal(case[2]), fm.tensor { 200, 500 }, fm.tensor { 900, 600 } }
      local function f(x, s, t) return model(x, s / 1000, t / 1000, fm.tensor { 3, 1 }) end
      tangents.agree_with_backward(f, inputs, {}, double and 1e-10 or 1e-3)
      tangents.same_on_threads(f, inputs, {})
      tangents.agree_with_differences(f, inputs, {}, 1e-6)
      for _, p in ipairs(model:parameters()) do p:zero_grad() end
      if not double then return end

      -- The gradient of all weights, along one direction of them.
      local v, along = rng:normal(case[2]), { rng:normal(case[2]), 100, -50 }
      local function loss() return (select(2, fm.jvp(f, inputs, along)) * v):sum() end
      do
        local tape <close> = fm.record()
        loss():backward()
      end
      local slope, start, step = 0, {}, {}
      for i, p in ipairs(model:parameters()) do
        start[i], step[i] = p:detach():clone(), rng:normal(p:shape())
        slope = slope + (p:grad() and (p:grad() * step[i]):sum():item() or 0)
        p:zero_grad()
      end
      local function at(by)
        for i, p in ipairs(model:parameters()) do p:copy(start[i] + step[i] * by) end
        return loss():item()
      end
      local difference = (at(h) - at(-h)) / (2 * h)
      assert(math.abs(difference - slope) <= 1e-6 * math.max(1, math.abs(slope)), ("%g by differences, %g by backward"):format(difference, slope))
    end)
  end

  it("has the same bytes on any number of threads, its gradients for weights too", function()
    local before <const>, first = fm.system.threads(), nil
    local model <const> = nn.vector_field { dim = 2, times = 2 }
    local x, s, t, v = rng:normal(512, 2), rng:uniform(512), rng:uniform(512), rng:normal(512, 2)
    for _, threads in ipairs { 1, 2, 3 } do
      fm.system.threads(threads)
      local tape <close> = fm.record()
      local y, dy = fm.jvp(model, { x, s, t }, { v, 0, 1 })
      local loss = dy:square():mean() + y:mean()
      loss:backward()
      local found = { dy:detach() }
      for i, p in ipairs(model:parameters()) do
        found[i + 1] = p:grad():clone():detach()
        p:zero_grad()
      end
      first = first or found
      for i, one in ipairs(found) do assert(checks.identical(first[i], one), ("number %d on %d threads"):format(i, threads)) end
    end
    fm.system.threads(before)
  end)

  it("is trained by a step, again and again in the same memory", function()
    local model <const> = nn.vector_field { dim = 2, hidden = 16, time_embed = 4, times = 2 }
    local opt <const> = fm.optim.adam(model, { lr = 1e-2 })
    local x, s, t = rng:normal(64, 2), rng:uniform(64), rng:uniform(64)
    local function loss()
      local _, du = fm.jvp(model, { x, s, t }, { 1, 0, 1 })
      return (du - 1):square():mean()
    end
    local first <const> = opt:step(loss)
    for _ = 1, 20 do opt:step(loss) end
    local mallocs <const> = fm.mallocs()
    local last
    for _ = 1, 20 do last = opt:step(loss) end
    assert.equal(mallocs, fm.mallocs())
    assert.is_true(last < first)
  end)
end)
