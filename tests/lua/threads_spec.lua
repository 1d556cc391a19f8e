-- The number of threads may change at any moment of a training or a solve: the bytes stay.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local uv <const> = require "luv"
local nn <const>, flow <const>, optim <const>, ode <const> = fm.nn, fm.flow, fm.optim, fm.ode
local threads <const> = fm.system.threads

local counts <const> = { 1, 2, 3, 4, 8 }
local at = 0
local function another()
  at = at % #counts + 1
  threads(counts[at])
end

local function nothing() end

--- Trains a model that is large enough to be split; calls the functions at the moments they are
--- named after. Returns every parameter, every moment of Adam, and the losses.
local function train(moments)
  local rng = fm.rng(7)
  local x1 = rng:stream "x1":normal(300, 40)
  nn.seed(1)
  local model = nn.vector_field { dim = 40, hidden = 150 }
  local average = optim.ema(model, { decay = 0.9 })
  local opt = optim.adam(model, { lr = 1e-2 })
  local settings, losses = { rng = rng }, {}
  for step = 1, 6 do
    (moments.step or nothing)(step)
    losses[step] = opt:step(function()
      (moments.forward or nothing)()
      local loss = flow.loss(model, x1, settings)
      ;(moments.backward or nothing)()
      return loss
    end, { clip = 1, before_update = moments.before_update })
    average:update()
  end
  local found = { losses = fm.tensor(losses) }
  for name, tensor in pairs(model:state()) do found["model." .. name] = tensor:clone() end
  for name, tensor in pairs(opt:state()) do found["opt." .. name] = tensor end
  for name, tensor in pairs(average:state()) do found["average." .. name] = tensor end
  return found
end

local function same(expected, found)
  for name, tensor in pairs(expected) do
    assert.is_true(tensor:eq(found[name]):min():item() == 1, name)
    found[name] = nil
  end
  assert.is_nil(next(found))
end

describe("the number of threads", function()
  checks.no_bytes_stay(before_each, after_each)
  after_each(function()
    threads(1)
    nn.seed(0)
  end)

  it("leaves the bytes of a training", function()
    local expected = train {}
    for _, n in ipairs { 2, 3, 4, 8, 100 } do
      threads(n)
      same(expected, train {})
    end
  end)

  it("may change between steps, between forward and backward, and before the update", function()
    local expected = train {}
    for _, names in ipairs { { "step" }, { "forward" }, { "backward" }, { "before_update" }, { "forward", "backward" },
      { "step", "forward", "backward", "before_update" } } do
      local moments = {}
      for _, name in ipairs(names) do moments[name] = another end
      same(expected, train(moments))
    end
  end)

  it("may change within a solve, whose field is called many times", function()
    local model, noise = nn.vector_field { dim = 3, hidden = 64 }, fm.rng(3):normal(7000, 3)
    for _, method in ipairs { "euler", "rk4", "dopri5", "ab3" } do
      local how = { method = method, steps = method ~= "dopri5" and 5 or nil }
      local expected = ode.solve(model, noise, how)
      local found = ode.solve(function(x, t)
        another()
        return model(x, t)
      end, noise, how)
      threads(1)
      checks.same(expected, found)
    end
  end)

  it("costs the processor nothing while Lua waits", function()
    for _, n in ipairs { 2, 8 } do
      threads(n)
      train {}
      local before = os.clock() -- of all threads, which other programs do not change
      uv.sleep(500)
      assert.is_true(os.clock() - before < 0.25)
    end
  end)
end)
