-- Golden values of PyTorch, SciPy and NumPy in double: the features of the networks that belong to
-- fm, and distances of them. fmrun64 must agree to 1e-9.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local metrics <const> = fm.metrics

local double <const> = fm.real == "double"

describe("golden features", function()
  checks.no_bytes_stay(before_each, after_each)

  local function near(want, got, what)
    local limit = double and 1e-9 or 1e-4
    assert.near(want, got, limit * (1 + math.abs(want)), what)
  end

  local function agrees(case, tensors)
    local network = metrics.features(case.name)
    local function pictures(name) return tensors[name]:reshape(-1, 1, 8, 8):upsample_nearest2d { scale = 4 } end
    local real, fake = network(pictures "real"), network(pictures "fake")
    checks.near(tensors[case.features], real[{ 1, 10 }], double and 1e-10 or 2e-5)
    checks.same(tensors[case.labels], network:labels(pictures "real"))
    near(case.frechet_distance, metrics.frechet_distance(fake, real), "frechet_distance")
    near(case.kid, metrics.kid(fake, real), "kid")
    local precision, recall = metrics.precision_recall(fake, real)
    near(case.precision, precision, "precision")
    near(case.recall, recall, "recall")
  end

  it("of every network agree with PyTorch, and their distances with SciPy", function()
    local tensors, metadata = assert(fm.load "tests/golden/features.safetensors")
    local cases = fm.json.decode(metadata.cases)
    assert.equal(2, #cases)
    for _, case in ipairs(cases) do agrees(case, tensors) end
  end)
end)
