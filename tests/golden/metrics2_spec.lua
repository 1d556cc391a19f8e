-- Golden values of PyTorch in double: metrics of neighbours and modes. fmrun64 must agree to 1e-9.
local fm <const> = require "fm"
local metrics <const> = fm.metrics

local limit <const> = fm.real == "double" and 1e-9 or 1e-6

describe("golden metrics of neighbours", function()
  local tensors, metadata = assert(fm.load "tests/golden/metrics2.safetensors")
  local cases = fm.json.decode(metadata.cases)

  local function near(want, got, what) assert.near(want, got, limit, what) end

  local kinds = {}
  function kinds.precision_recall(c)
    local precision, recall = metrics.precision_recall(tensors[c.fake], tensors[c.real], { k = c.k })
    near(c.precision, precision, "precision")
    near(c.recall, recall, "recall")
  end
  function kinds.density_coverage(c)
    local density, coverage = metrics.density_coverage(tensors[c.fake], tensors[c.real], { k = c.k })
    near(c.density, density, "density")
    near(c.coverage, coverage, "coverage")
  end
  function kinds.nearest(c)
    local index, distance = metrics.nearest(tensors[c.x], tensors[c.data])
    assert.same(tensors[c.index]:totable(), index:totable())
    near(0, (distance - tensors[c.distance]):abs():max():item(), "distance")
  end
  function kinds.mode_coverage(c)
    local share, entropy, hits = metrics.mode_coverage(tensors[c.x], tensors[c.centres], c.radius)
    near(c.share, share, "share")
    near(c.entropy, entropy, "entropy")
    assert.same(tensors[c.counts]:totable(), hits:totable())
  end

  it("has the cases that this file reads", function() assert.equal(10, #cases) end)
  for _, case in ipairs(cases) do
    it(case.name, function() kinds[case.kind](case) end)
  end
end)
