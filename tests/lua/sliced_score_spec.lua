-- flow.sliced_score_matching, where its value and its minimum are known: scores of normals.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local flow <const>, nn <const>, optim <const> = fm.flow, fm.nn, fm.optim

local double <const> = fm.real == "double"
local near <const>, raises <const> = checks.near, checks.raises
local match <const> = flow.sliced_score_matching

describe("sliced score matching", function()
  checks.no_bytes_stay(before_each, after_each)
  local rng <const> = fm.rng(8, "sliced_score_spec")
  local x <const>, v <const>, w <const> = rng:normal(5, 3), rng:normal(5, 3), rng:normal(5, 3)
  local S <const> = rng:normal(3, 3)
  local function linear(y) return y:matmul(S:transpose()) end -- ds/dx = S

  it("has its two forms, for each direction and their mean", function()
    local function row(d, first) return first + (d:matmul(S:transpose()) * d):sum(2) end
    local s = linear(x)
    local function reduced(d) return row(d, s:square():sum(2) * 0.5):mean() end
    local function plain(d) return row(d, (s * d):sum(2):square() * 0.5):mean() end
    near(reduced(v), match(linear, x, { v = v }), double and 1e-12 or 1e-4)
    near(plain(v), match(linear, x, { v = v, kind = "plain" }), double and 1e-12 or 1e-4)
    near((reduced(v) + reduced(w)) / 2, match(linear, x, { v = { v, w } }), double and 1e-12 or 1e-4)
    near(match(linear, x, { rng = fm.rng(3), probes = 2 }), match(linear, x, { rng = fm.rng(3), probes = 2 }), 0)
    local signs = fm.rng(3):integers(15, 0, 1):reshape(5, 3) * 2 - 1
    near(reduced(signs), match(linear, x, { rng = fm.rng(3) }), double and 1e-12 or 1e-4)
  end)

  it("takes pictures", function()
    local function wide(y) return linear(y:reshape(5, 3)):reshape(5, 1, 1, 3) end
    near(match(linear, x, { v = v }), match(wide, x:reshape(5, 1, 1, 3), { v = v:reshape(5, 1, 1, 3) }), double and 1e-12 or 1e-4)
  end)

  it("differs from the mean square distance of the scores by the data's own number", function()
    -- x ~ N(0, diag(d^2)): E |s - grad log p|^2 / 2 = E [|s|^2 / 2 + tr S] + sum 1 / (2 d^2)
    local d = fm.tensor { 0.5, 1, 2 }
    local data = fm.rng(1):normal(200000, 3) * d
    local small = S * 0.3
    local function score(y) return y:matmul(small:transpose()) end
    local distance = (score(data) + data / d:square()):square():sum(2):mean():item() / 2
    local own = (d:square():reciprocal() * 0.5):sum():item()
    assert.near(distance, match(score, data, { rng = fm.rng(2) }):item() + own, 0.05)
  end)

  it("has the true score as its minimum, in both forms", function()
    local d, mean = fm.tensor { 0.5, 2 }, fm.tensor { 1, -1 }
    local data = fm.rng(1):normal(4000, 2) * d + mean
    for _, kind in ipairs { "reduced", "plain" } do
      local slope, shift = fm.parameter(fm.zeros(2)), fm.parameter(fm.zeros(2)) -- s = slope x + shift
      local opt, draws = optim.adam({ slope, shift }, { lr = 5e-2 }), fm.rng(2)
      for step = 1, 400 do
        if step == 300 then opt.lr = 5e-3 end
        opt:step(function() return match(function(y) return y * slope + shift end, data, { rng = draws, kind = kind }) end)
      end
      local precision = data:var(1):reciprocal()
      near(-precision, slope:detach(), 0.15)
      near(precision * data:mean(1), shift:detach(), 0.15)
    end
  end)

  checks.in_double(it)("has gradients for a network", function()
    nn.seed(3)
    local model = nn.mlp { inputs = 3, hidden = { 4 }, outputs = 3, act = "tanh" }
    for _, kind in ipairs { "reduced", "plain" } do
      assert(fm.gradcheck(function() return match(model, x, { v = { v, w }, kind = kind }) end, model:parameters()))
    end
  end)

  it("says what is wrong", function()
    for _, case in ipairs {
      { "sliced_score_matching: rng is missing", linear, x },
      { "sliced_score_matching: rng: expected a random stream", linear, x, { rng = 3 } },
      { "sliced_score_matching: probes: expected a whole number", linear, x, { rng = rng, probes = 0 } },
      { "leave them out when v is given", linear, x, { rng = rng, v = v } },
      { "leave them out when v is given", linear, x, { probes = 2, v = v } },
      { "sliced_score_matching: v is %[5, 2%], expected %[5, 3%]", linear, x, { v = fm.zeros(5, 2) } },
      { "v: expected a tensor or a list of tensors, found 3", linear, x, { v = 3 } },
      { "v: expected a tensor or a list of tensors", linear, x, { v = {} } },
      { 'kind: unknown name "plan"; did you mean "plain"', linear, x, { v = v, kind = "plan" } },
      { 'unknown option "probs"', linear, x, { probs = 2 } },
      { "the model is a nil", nil, x, { v = v } },
      { "x is a nil", linear, nil, { v = v } },
      { "expected at least one row", linear, fm.zeros(0, 3), { rng = rng } },
      { "what score returned is %[5%], expected %[5, 3%]", function(y) return y:sum(2) end, x, { v = v } },
      { "what score returned is a number", function() return 3 end, x, { v = v } },
      { "unexpected argument", linear, x, { v = v }, 4 },
    } do
      local wanted = table.remove(case, 1)
      raises(wanted, match, table.unpack(case, 1, 4))
    end
  end)
end)
