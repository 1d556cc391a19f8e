-- Every option of diffusion.sample with every method: it changes what comes out, or it is refused.
local fm <const> = require "fm"
local by_name <const> = require "fm.parts.by_name"
local checks <const> = dofile "tests/lua/checks.lua"
local diffusion <const> = fm.diffusion
local raises <const> = checks.raises_text
local sample <const> = diffusion.sample

local B <const>, D <const> = 5, 3
local few <const> = diffusion.schedule("cosine", { steps = 8 })
local noise <const> = fm.rng(8):normal(B, D)

-- A value of each option that is not its default, for a call with the options of `base`.
local values <const> = {
  schedule = function() return { "linear", steps = 8, scale = true } end,
  path = function(base) return base.path and "cosine" or "linear" end,
  predict = function() return "noise" end,
  steps = function() return 4 end,
  eta = function(base) return base.eta and 0.5 or 1 end,
  rho = function() return 3 end,
  sigma_min = function() return 0.1 end,
  sigma_max = function() return 5 end,
  churn = function() return 2 end,
  churn_min = function() return 0.5 end,
  churn_max = function() return 1 end,
  churn_noise = function() return 0.5 end,
  rng = function() return fm.rng(2) end,
  draws = function(base) return fm.rng(3):normal(base.steps or 8, B, D) end,
  clip = function() return 0.3 end,
  cond = function() return fm.full(B, 2) end,
  save = function() return "steps" end,
}

-- Every method, by what may change which of its options matter.
local bases <const> = {
  { method = "ancestral", schedule = few, rng = true }, { method = "ddim", schedule = few }, { method = "ddim", schedule = few, eta = 0.7, rng = true },
  { method = "edm_heun", schedule = few, steps = 6 }, { method = "edm_heun", schedule = few, steps = 6, churn = 3, rng = true },
  { method = "edm_heun", path = "linear", steps = 6 }, { method = "edm_heun", path = "linear", steps = 6, churn = 3, rng = true },
}

local function with(base, name, value)
  local o = {}
  for key, was in pairs(base) do o[key] = was end
  o.rng = base.rng and fm.rng(1)
  if name == "draws" then o.rng = nil end
  o[name or "method"] = value or base.method
  return o
end

-- All that a call gives and does, as one text.
local function outcome(o)
  local told = {}
  local x, info = sample(function(y, t, cond)
    told[#told + 1] = ("%.17g"):format(t)
    return y * (0.5 + t * 0.1 + (cond and cond[1] or 0))
  end, noise, o)
  for _, value in ipairs(x:reshape(-1):totable()) do told[#told + 1] = ("%.17g"):format(value) end
  told[#told + 1] = tostring(info.states and #info.states)
  return table.concat(told, " ")
end

describe("an option of diffusion.sample", function()
  checks.no_bytes_stay(before_each, after_each)

  -- The options of all methods, and those that belong to none.
  local function names_of_options()
    local names, methods = { "rng", "draws", "clip", "cond", "save" }, {}
    for _, method in ipairs(by_name.names "fm.diffusion.sample") do
      local own = sample[method]
      methods[method] = true
      for name in pairs(own.options or {}) do names[#names + 1] = name end
    end
    return names, methods
  end

  it("changes what comes out of a method, or is refused", function()
    local names, methods = names_of_options()
    for _, base in ipairs(bases) do
      methods[base.method] = nil
      local plain = outcome(with(base))
      for _, name in ipairs(names) do
        local make = assert(values[name], "the spec has no value for the option " .. name)
        local ok, found = pcall(outcome, with(base, name, make(base)))
        local is_idle = ok and found == plain
        local may_be_idle = name == "rng" and not base.rng -- a stream may be given to every chain
        assert(is_idle == may_be_idle, ("%s (churn %s, eta %s): %s has %s effect"):format(base.method, base.churn, base.eta, name,
          is_idle and "no" or "an"))
        if not ok then assert(tostring(found):find("diffusion.sample: ", 1, true), found) end
      end
    end
    assert(next(methods) == nil, "the spec calls every method")
  end)

  it("is refused by name where it has no effect", function()
    local function fails(text, o) raises("diffusion.sample: " .. text, sample, function(x) return x end, noise, o) end
    local draws = fm.zeros(8, B, D)
    fails("draws: with these options the chain adds no noise", { method = "ddim", schedule = few, draws = draws })
    fails("draws: with these options the chain adds no noise", { method = "ddim", schedule = few, eta = 0, draws = draws })
    fails("draws: with these options the chain adds no noise", { method = "edm_heun", path = "linear", steps = 8, draws = draws })
    fails("draws: with these options the chain adds no noise", { schedule = { 0.5 }, draws = fm.zeros(1, B, D) })
    for name, value in pairs { churn_min = 0.1, churn_max = 1, churn_noise = 1 } do
      fails(name .. " goes with churn, which is 0", { method = "edm_heun", path = "linear", [name] = value })
      fails(name .. " goes with churn, which is 0", { method = "edm_heun", path = "linear", churn = 0, [name] = value })
    end
    local stirred = { method = "edm_heun", path = "linear", churn = 3, rng = fm.rng(1), sigma_min = 0.5, sigma_max = 4 }
    local function stirs(text, low, high)
      stirred.churn_min, stirred.churn_max = low, high
      fails(text, stirred)
    end
    stirs("churn_min 2 is above churn_max 1", 2, 1)
    stirs("no noise level lies in churn_min..churn_max: they run from 4 down to 0.5", 4.5)
    stirs("no noise level lies in churn_min..churn_max: they run from 4 down to 0.5", nil, 0.4)
    stirs("churn_min: expected a number", -1)
    stirs("churn_max: expected a number", nil, -1)
    stirred.churn_min, stirred.churn_max = 1, 1
    assert.equal(18, select(2, sample(function(x) return x end, noise, stirred)).steps)
  end)
end)
