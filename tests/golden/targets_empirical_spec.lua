-- Golden values of PyTorch for the flow of a few points: its weights, mean, velocity and score.
local fm <const> = require "fm"

local tensors <const>, metadata <const> = assert(fm.load "tests/golden/targets.safetensors")
local limit <const> = fm.real == "double" and 1e-9 or 2e-5

local function near(got, want, what)
  assert.same(want:shape(), got:shape())
  local off = (got - want):abs():max():item() / math.max(want:abs():max():item(), 1e-30)
  if not (off <= limit) then error(("%s: off by %.3g, allowed %.3g"):format(what, off, limit), 2) end
end

describe("golden flows of points", function()
  for _, case in ipairs(fm.json.decode(metadata.cases)) do
    if case.kind == "empirical" then
      it(case.name, function()
        local path = case.path
        if type(path) == "table" then
          path = { path[1] }
          for name, value in pairs(case.path[2] or {}) do path[name] = value end
        end
        local flow = fm.flow.exact.empirical { points = tensors[case.points], path = path }
        local x, t = tensors[case.x], tensors[case.t]
        near(flow:posterior(x, t), tensors[case.weights], "weights")
        near(flow:mean(x, t), tensors[case.mean], "mean")
        near(flow(x, t), tensors[case.velocity], "velocity")
        near(flow:score(x, t), tensors[case.score], "score")
      end)
    end
  end
end)
