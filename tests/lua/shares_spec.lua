-- A step's batch in shares: the gradient and the draws are those of the whole batch, but for
-- rounding.
local checks <const> = dofile "tests/lua/checks.lua"
local fm <const> = require "fm"
local shares <const> = require "fm.parts.shares"

local close <const> = fm.real == "double" and 1e-12 or 1e-4

--- The losses of a few steps with batches of n rows in so many shares, and the parameters then.
local function train(count, n, body)
  shares.count = count
  fm.nn.seed(3)
  local model = fm.nn.sequential { fm.nn.linear(2, 16), fm.nn.activation.silu(), fm.nn.dropout(0.3), fm.nn.linear(16, 2) }
  local unused = fm.parameter(fm.ones(3))
  local list = model:parameters()
  list[#list + 1] = unused
  local opt, rng = fm.optim.adamw(list, { lr = 1e-2, weight_decay = 0.5 }), fm.rng(1, "run")
  local function field(x) return model(x) end
  local losses, unbind = {}, require "fm.parts.math_random".bind(rng:stream "math.random")
  local ok, problem = pcall(function()
    for step = 1, 4 do
      rng:at(step)
      local x1 = rng:stream "batch":normal(n, 2) + 1
      losses[step] = opt:step(function(share) return body(field, x1, rng, share) end)
      losses[#losses + 1] = rng:calls()
    end
  end)
  shares.count = 1
  unbind()
  if not ok then error(problem, 0) end
  assert.equal(1, unused:min():item()) -- it has no gradient, so weight decay leaves it alone
  local numbers = {}
  for _, parameter in ipairs(list) do numbers[#numbers + 1] = parameter:reshape(-1) end
  return losses, fm.cat(numbers, 1)
end

local bodies <const> = {
  ["flow.loss"] = function(field, x1, rng) return fm.flow.loss(field, x1, { rng = rng }) end,
  ["a coupling and times that depend on other rows"] = function(field, x1, rng)
    return fm.flow.loss(field, x1, { rng = rng, coupling = "ot", time = "stratified" })
  end,
  ["a coupling that draws from the same stream"] = function(field, x1, rng)
    return fm.flow.loss(field, x1, { rng = rng, coupling = fm.flow.coupling("sinkhorn", { rng = rng }) })
  end,
  ["a path with its own noise"] = function(field, x1, rng) return fm.flow.loss(field, x1, { rng = rng, path = "schrodinger_bridge" }) end,
  ["given x0 and conditions that drop"] = function(field, x1, rng)
    return fm.flow.loss(function(x, _, cond) return field(x) + cond.a end, x1, { rng = rng, x0 = -x1, cond = { a = x1 * 2 }, drop = 0.4 })
  end,
  ["diffusion.loss"] = function(field, x1, rng)
    local schedule = { "linear", steps = 20, scale = true }
    return fm.diffusion.loss(field, x1, { rng = rng, schedule = schedule }) + fm.diffusion.loss(field, x1, { rng = rng, schedule = schedule, noise = -x1 })
  end,
  ["diffusion.loss with conditions that drop"] = function(field, x1, rng)
    return fm.diffusion.loss(function(x, t, cond) return field(x) * t:reshape(-1, 1) + cond.a end, x1,
      { rng = rng, schedule = "cosine", cond = { a = x1 * 2 }, drop = 0.4 })
  end,
  ["a loss by hand"] = function(field, x1, rng, share)
    local y, z = share(x1, x1 * 2)
    local x0, t = rng:normal(#y, 2), rng:uniform(#y, 1)
    return fm.mse(field(x0 + (y - x0) * t), z - x0)
  end,
  ["a batch made in the closure"] = function(field, x1, rng)
    local more = fm.data.moons { n = #x1, rng = rng:own "moons" } + fm.data.moons { n = #x1, rng = rng:own "moons" } * math.random()
    return fm.flow.loss(field, x1 + more, { rng = rng })
  end,
}

describe("shares", function()
  checks.no_bytes_stay(setup, teardown)

  for name, body in pairs(bodies) do
    it("give what the whole batch gives: " .. name, function()
      for _, n in ipairs { 64, 50, 5 } do
        local losses, numbers = train(1, n, body)
        for _, count in ipairs { 2, 3, 8 } do
          local cut, cut_numbers = train(count, n, body)
          for i, loss in ipairs(losses) do assert.near(loss, cut[i], close * 10) end
          assert.near(0, (numbers - cut_numbers):abs():max():item(), close * 100)
        end
      end
    end)
  end

  it("put together what else the closure returns", function()
    shares.count = 3
    local w = fm.parameter(fm.ones(2))
    local opt, x = fm.optim.sgd({ w }, { lr = 0 }), fm.rng(1):normal(10, 2)
    local function step(...)
      local list = table.pack(...)
      return opt:step(function(share) return (share(x) * w):mean(), list[1] and list[1](share(x)), list[2] and list[2](share(x)), 7 end)
    end
    local ok, problem = pcall(function()
      local loss, mean, rows, seven = step(function(y) return y:mean() end, function(y) return y * 2 end)
      assert.near(x:mean():item(), loss, close)
      assert.near(loss, mean:item(), close)
      assert.equal(0, (rows - x * 2):abs():max():item())
      assert.equal(7, seven)
      assert.equal(nil, (select(2, step())))
      local well, message = pcall(step, function() return "text" end)
      assert(not well and message:find('step: result 2 of the closure is "text": in shares, expected a number', 1, true), message)
      well, message = pcall(step, function(y) step() return #y end)
      assert(not well and message:find("inside the closure of another step", 1, true), message)
      well, message = pcall(opt.step, opt, function(share) return (share(x) * w):mean() + share(x[{ 1, 7 }]):mean() end)
      assert(not well and message:find("cuts a batch of 10 rows and one of 7 into 3 shares", 1, true), message)
      assert.equal(nil, shares.pass)
      local whole = opt:step(function() return w:sum() end) -- it asks for no share
      assert.equal(2, whole)
    end)
    shares.count = 1
    if not ok then error(problem, 0) end
  end)

  it("cut a batch into ranges that hold each row once, and give a draw of a multiple of them its place", function()
    shares.count = 4
    shares.begin()
    local seen, drawn = {}, {}
    for share = 1, 4 do
      shares.enter(share, share == 1)
      local part = shares.of(fm.range(1, 10)) -- 2 or 3 rows
      for _, row in ipairs(part:totable()) do seen[#seen + 1] = row end
      local rng = fm.rng(5)
      for _, value in ipairs(rng:uniform(2 * #part, shares.of_draw(2 * #part)):totable()) do drawn[#drawn + 1] = value end
      assert.equal(nil, shares.of_draw(#part))
      assert.same({ 1, "x", nil }, { shares.of(1, "x", nil) })
    end
    shares.leave()
    shares.count = 1
    assert.same(fm.range(1, 10):totable(), seen)
    assert.same(fm.rng(5):uniform(20):totable(), drawn)
  end)

  it("once: each time outside of a pass, and in the first of all passes", function()
    local calls = 0
    local function f(a, b)
      calls = calls + 1
      return a + calls, b
    end
    assert.same({ 11, "b" }, { shares.once(f, 10, "b") })
    assert.same({ 12, "b" }, { shares.once(f, 10, "b") })
    shares.count = 2
    shares.begin()
    local seen = {}
    for share = 1, 2 do
      shares.enter(share, share == 1)
      for _ = 1, 2 do seen[#seen + 1] = shares.once(f, 10) end
    end
    shares.leave()
    shares.count = 1
    assert.same({ 13, 14, 13, 14 }, seen)
    assert.same({ 15, nil }, { shares.once(f, 10) })
  end)
end)
