-- Inpainting against closed forms: for normal numbers everything is affine.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, ode <const> = fm.flow, fm.ode
local double <const> = fm.real == "double"
local raises, raises_text, same, near = checks.raises, checks.raises_text, checks.same, checks.near

local function of_column(x, j) return x:slice { axis = 2, first = j, last = j } end

-- The velocity A(t) x of the flow to two normal numbers of variance 1 with correlation rho: the
-- entries of A on and off the diagonal.
local rho <const> = 0.9
local function slopes(t)
  local q, c = t * t + (1 - t) ^ 2, t * t * rho
  local a, b, d = 2 * t - 1, t * rho, q * q - c * c
  return (a * q - b * c) / d, (b * q - a * c) / d
end
local function correlated(x, t)
  local on, off = slopes(t)
  return x:matmul(fm.tensor { { on, off }, { off, on } })
end

local x0 <const> = fm.rng(1):normal(6, 2)
local first <const> = fm.tensor { 1, 0 } -- a mask

describe("inpaint", function()
  checks.no_bytes_stay(before_each, after_each)

  it("keeps known exactly, and moves what does not depend on it as the flow does", function()
    local exact = flow.exact.gaussian { mean = { 1, -2 }, std = { 0.5, 2 } }
    local known = fm.tensor { { 0.3, 0 / 0 } }
    for _, o in ipairs { { method = "dop853", rtol = double and 1e-12 or 1e-5, atol = double and 1e-12 or 1e-5 }, { method = "rk4", steps = 400 } } do
      o.x0 = x0
      local x, info = flow.inpaint(exact, known, first, o)
      same(fm.full({ 6, 1 }, 0.3), of_column(x, 1))
      near(of_column(exact:map(x0), 2), of_column(x, 2), double and 1e-8 or 1e-4)
      assert.equal("finished", info.status)
      same(x0, info.x0)
    end
  end)

  it("keeps the known part on its path with the start as its noise", function()
    local known = fm.rng(2):normal(6, 2)
    local x, info = flow.inpaint(correlated, known, first, { x0 = x0, method = "rk4", steps = 50, save = 6 })
    for i, t in ipairs(info.times) do near(of_column(known * t + x0 * (1 - t), 1), of_column(info.states[i], 1)) end
    same(of_column(known, 1), of_column(x, 1))
    same(info.states[6], x)
    -- the other number alone, by its own equation
    local k, z = of_column(known, 1), of_column(x0, 1)
    local alone = ode.solve(function(u, t)
      local on, off = slopes(t)
      return u * on + (k * t + z * (1 - t)) * off
    end, of_column(x0, 2), { method = "rk4", steps = 50 })
    near(alone, of_column(x, 2))
  end)

  it("with resample has the mean and the variance of its chain, and nears the conditional ones", function()
    local n, k, steps = 20000, 1.5, 25
    for _, r in ipairs { 1, 2, 5, 20 } do
      local m, v, c = 0, 1, 0 -- mean and variance of the other number, its covariance with the noise of the known one
      for i = 1, steps do
        local t, later, h = (i - 1) / steps, i / steps, 1 / steps
        local on, off = slopes(t)
        for repeated = 1, r do
          local grow, push = 1 + h * on, h * off * (1 - t)
          m = grow * m + h * off * t * k
          v, c = grow * grow * v + push * push + 2 * grow * push * c, grow * c + push
          if repeated < r then
            local share = t / later
            m, v, c = share * m, share * share * v + (1 - t) ^ 2 - (share * (1 - later)) ^ 2, 0
          end
        end
      end
      local x, info = flow.inpaint(correlated, fm.full({ n, 2 }, k), first, { rng = fm.rng(3), resample = r, steps = steps, method = "euler" })
      local u = of_column(x, 2)
      assert.near(m, u:mean():item(), 4 * (v / n) ^ 0.5)
      assert.near(v, u:var():item(), 4 * v * (2 / n) ^ 0.5)
      assert.same({ steps * r, "finished", 1 }, { info.nfe, info.status, info.t })
      same(fm.full({ n, 1 }, k), of_column(x, 1))
      if r == 20 then
        assert.near(rho * k, u:mean():item(), 0.05)
        assert.near(1 - rho * rho, u:var():item(), 0.06)
      end
    end
  end)

  it("has the start that it is given or draws, from the source of any path", function()
    local known = fm.rng(2):normal(6, 2)
    local drawn = flow.inpaint(correlated, known, first, { rng = fm.rng(5), method = "heun", steps = 4 })
    same(drawn, (flow.inpaint(correlated, known, first, { x0 = fm.rng(5):normal(6, 2), method = "heun", steps = 4 })))
    for _, path in ipairs { "linear", "cosine", "vp", "linear_vp", "ve", { "lipman", sigma_min = 0.1 }, { "poly", n = 2 } } do
      local exact = flow.exact.gaussian { mean = { 1, -2 }, std = { 0.5, 2 }, path = path }
      local made = flow.path(type(path) == "table" and path[1] or path, type(path) == "table" and { sigma_min = path.sigma_min, n = path.n } or nil)
      local x, info = flow.inpaint(exact, known, first, { rng = fm.rng(5), path = path, rtol = 1e-4, atol = 1e-4, times = { 0.25, 1 } })
      same(of_column(known, 1), of_column(x, 1))
      same(of_column(known, 1), of_column(info.states[2], 1))
      near(info.x0, made:source(6, 2, fm.rng(5)), 0)
      local a, s = made:coefficients(0.25)
      near(of_column(known * a + info.x0 * (s / select(2, made:coefficients(0))), 1), of_column(info.states[1], 1))
      near(of_column(exact:map(info.x0), 2), of_column(x, 2), 2e-2)
      assert.is_true(x:abs():max():item() < 100)
      local again = flow.inpaint(exact, known, first, { rng = fm.rng(5), path = path, resample = 3, steps = 8 })
      same(of_column(known, 1), of_column(again, 1))
      assert.is_true(again:abs():max():item() < 1e3)
    end
  end)

  it("takes pictures, and masks that broadcast", function()
    local pictures, mask = fm.rng(2):normal(3, 2, 4, 5), fm.zeros(4, 5)
    for i = 1, 4 do mask[i][1], mask[i][3] = 1, 1 end
    local exact = flow.exact.gaussian { mean = 0.5, std = 0.7, dim = 40 }
    local function model(x, t) return exact(x:reshape(#x, 40), t):reshape(x:shape()) end
    local o = { x0 = fm.rng(3):normal(3, 2, 4, 5), method = "rk4", steps = 20 }
    local x, info = flow.inpaint(model, pictures, mask, o)
    local free = exact:map(info.x0:reshape(3, 40)):reshape(3, 2, 4, 5)
    near(fm.where(mask, pictures, free), x, 1e-2)
    same(x * mask, pictures * mask)
    for _, m in ipairs { mask:reshape(1, 1, 4, 5), fm.zeros(3, 1, 4, 5) + mask, fm.zeros(2, 4, 5) + mask } do same(x, (flow.inpaint(model, pictures, m, o))) end
    same(pictures, (flow.inpaint(model, pictures, fm.ones(1), o)))
    near(free, (flow.inpaint(model, pictures, fm.tensor(0), o)), 1e-2)
    local columns = flow.inpaint(model, pictures, fm.tensor { 1, 0, 0, 0, 1 }, { rng = fm.rng(3), steps = 5, resample = 2 })
    same(columns * fm.tensor { 1, 0, 0, 0, 1 }, pictures * fm.tensor { 1, 0, 0, 0, 1 })
  end)

  it("goes with conditions and guidance, and with rows that leave", function()
    local widths = fm.tensor { { 0.2, 1 }, { 4, 3 }, { 3, 0.1 }, { 11, 5 } }
    local function model(x, t, label)
      return (x:sum { axis = 2, keep = true } + (type(t) == "number" and t or t:reshape(-1, 1))) * widths:embedding(label) * -0.5
    end
    local labels, known = fm.tensor { 1, 2, 3, 3, 2, 1 }, fm.rng(2):normal(6, 2)
    local mask = fm.tensor { { 1, 0 }, { 0, 1 }, { 0, 0 }, { 1, 0 }, { 0, 1 }, { 1, 1 } }
    local function part(low, high, guide)
      local rows <const> = { low, high }
      local o = { x0 = x0[rows], control = "sample", rtol = 1e-4, atol = 1e-4 }
      local of = flow.guidance(model, { cond = labels[rows], null = 4, scale = 1.5 })
      if not guide then of, o.cond = model, labels[rows] end
      return (flow.inpaint(of, known[rows], mask[rows], o))
    end
    for _, guide in ipairs { false, true } do
      local whole, rows = part(1, 6, guide), {}
      for i = 1, 6 do rows[i] = part(i, i, guide) end
      same(whole, fm.cat(rows, 1))
      same(whole * mask, known * mask)
    end
    same((flow.inpaint(model, known, mask, { x0 = x0, cond = labels, method = "rk4", steps = 4 })),
      (flow.inpaint(flow.velocity(model, { cond = labels }), known, mask, { x0 = x0, method = "rk4", steps = 4 })))
    same((flow.inpaint(model, known, mask, { rng = fm.rng(1), cond = labels, resample = 2, steps = 4 })),
      (flow.inpaint(flow.velocity(model, { cond = labels }), known, mask, { rng = fm.rng(1), resample = 2, steps = 4 })))
  end)

  it("has gradients, on a tape", function()
    local p, known = fm.parameter(fm.tensor { { 0.5, -1 }, { 2, 0.25 } }), fm.rng(2):normal(3, 2)
    local function model(x, t) return (x + t):matmul(p):tanh() end
    local tolerance = not double and { eps = 1e-2, tolerance = 2e-2 } or nil
    for _, o in ipairs { { method = "heun", steps = 3, save = 2 }, { resample = 2, steps = 3 } } do
      o.x0 = x0[{ 1, 3 }]:clone()
      assert(fm.gradcheck(function()
        o.rng = fm.rng(4)
        local x, info = flow.inpaint(model, known, first, o)
        return (info.states and x + info.states[2] or x):square():sum()
      end, { p }, tolerance))
    end
  end)

  it("says what is wrong", function()
    local known = fm.zeros(6, 2)
    local function refused(text, k, m, o, model) raises_text(text, flow.inpaint, model or correlated, k, m, o) end
    refused("inpaint: rng is missing (or give x0)", known, first, {})
    refused("inpaint: rng is missing (or give x0)", known, first, nil)
    refused("inpaint: the model is a number", known, first, { x0 = x0 }, 3)
    refused("inpaint: known is a number", 3, first, { x0 = x0 })
    refused("inpaint: known is [3, 2], which does not broadcast to x, [6, 2]", fm.zeros(3, 2), first, { x0 = x0 })
    refused("inpaint: mask is [6], which does not broadcast to x, [6, 2]", known, fm.zeros(6), { x0 = x0 })
    refused("inpaint: mask is missing: expected a tensor", known, nil, { x0 = x0 })
    refused("inpaint: mask is [3, 6, 2], which does not broadcast to x, [6, 2]", known, fm.zeros(3, 6, 2), { x0 = x0 })
    refused("inpaint: mask: expected numbers 0 and 1, found 6 others", known, fm.tensor { 0.5, 1 }, { x0 = x0 })
    refused("inpaint: x0 is a number", known, first, { x0 = 3 })
    refused("inpaint: rng: expected a random stream, found number", known, first, { rng = 3 })
    refused("inpaint: resample: expected a whole number in 1..1000000, found 0", known, first, { rng = fm.rng(1), resample = 0 })
    refused("inpaint: rng: expected a random stream, found none", known, first, { x0 = x0, resample = 2 })
    refused("inpaint: rtol does not go with resample", known, first, { rng = fm.rng(1), resample = 2, rtol = 1e-3 })
    refused("inpaint: control does not go with resample", known, first, { rng = fm.rng(1), resample = 2, control = "sample" })
    refused('inpaint: unknown option "resampel"; did you mean "resample"?', known, first, { rng = fm.rng(1), resampel = 2 })
    refused('inpaint: unknown option "t0"', known, first, { rng = fm.rng(1), t0 = 0.5 })
    refused("inpaint: path: it has noise around its line", known, first, { rng = fm.rng(1), path = { "schrodinger_bridge", sigma = 1 } })
    refused("inpaint: the solve ended at t = ", known, first, { rng = fm.rng(1), max_nfe = 3 })
    refused("inpaint: what the model returned is [6], expected [6, 2]", known, first, { rng = fm.rng(1), steps = 2 }, function(x) return x:sum(2) end)
    raises("inpaint: unexpected argument 5", flow.inpaint, correlated, known, first, { x0 = x0 }, 1)
  end)
end)
