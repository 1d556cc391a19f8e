-- tostring(model): a line for each layer, shapes and counts.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local nn <const> = fm.nn

describe("a model's outline", function()
  setup(function() tostring(nn.linear(1, 1)) end) -- loads what stays loaded
  checks.no_bytes_stay(setup, teardown)

  it("names layers, shapes and counts, layers in layers indented", function()
    assert.equal(table.concat({
      "vector_field, 89 parameters", "  time_embed: sequential, 10", "    0: linear, weight [2, 1], bias [2]", "    1: silu",
      "    2: linear, weight [2, 2], bias [2]", "  net: sequential, 79", "    0: linear, weight [4, 5], bias [4]", "    1: silu",
      "    2: linear, weight [4, 4], bias [4]", "    3: silu", "    4: linear, weight [4, 4], bias [4]", "    5: silu",
      "    6: linear, weight [3, 4], bias [3]",
    }, "\n"), tostring(nn.vector_field { dim = 3, hidden = 4, time_embed = 2 }))
    assert.equal("linear, 2 parameters, weight [1, 2]", tostring(nn.linear(2, 1, { bias = false })))
    assert.equal("leaky_relu, 0 parameters", tostring(nn.leaky_relu()))
    assert.equal("time_embedding, 0 parameters, frequencies [2] fixed", tostring(nn.time_embedding(4)))
    assert.equal("residual, 2 parameters\n  layer: linear, weight [1, 1], bias [1]", tostring(nn.residual(nn.linear(1, 1))))
  end)

  it("takes layers that a user wrote, functions in a sequential, and a layer without parts", function()
    local mine = setmetatable({ w = fm.parameter(fm.zeros(3)) }, { __call = function(_, x) return x end })
    function mine:parameters() return { self.w } end
    local named = setmetatable({}, { __call = function(_, x) return x end, __tostring = function() return "mine\nand more" end })
    local model = nn.module({ { "a", mine }, { "b", named }, { "scale", fm.zeros(2) } }, function(_, x) return x end)
    assert.equal("module, 3 parameters, scale [2] fixed\n  a: layer, 3\n  b: mine", tostring(model))
    assert.equal("sequential, 2 parameters\n  1: linear, weight [1, 1], bias [1]", tostring(nn.sequential { function(x) return x end, nn.linear(1, 1) }))
    assert.equal("sequential, 0 parameters", tostring(nn.sequential {}))
  end)
end)
