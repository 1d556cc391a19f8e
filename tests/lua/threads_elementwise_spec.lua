-- Elementwise ops, broadcast or not, split over threads: values and gradients are those of products
-- and sums made in other ways, and the same bits whatever the number of threads.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local identical <const> = checks.identical

local rng <const> = fm.rng(3, "threads_elementwise_spec")
local tile <const>, light <const> = 16384, 65536 -- FM_TILE, FM_LIGHT
local near <const> = fm.real == "double" and 1e-9 or 2e-3

-- The result and the gradients of f's inputs for a dy that is drawn, and that dy.
local function on_threads(what, f, inputs)
  local dy = rng:normal(table.unpack(f(table.unpack(inputs)):shape()))
  return checks.on_threads(f, inputs, dy, what), dy
end

-- A gradient as large as the output, summed over the axes along which `x` stays.
local function summed(g, x)
  local shape, own = g:shape(), x:shape()
  for axis = #shape, 1, -1 do
    local mine = own[axis - (#shape - #own)] or 1
    if mine == 1 and shape[axis] > 1 then g = g:sum { axis = axis, keep = true } end
  end
  return g:reshape(own)
end

local function spread(x, y) return x + fm.zeros(table.unpack(y:shape())) end -- to the shape of y

-- Sums of many terms in float: beside the sizes of the terms, whose root is the size of the sum.
local function close(found, expected, what)
  assert.same(expected:shape(), found:shape())
  local limit = near * math.max(1, expected:abs():max():item()) / 100
  local difference = (found - expected):abs():max():item()
  assert(difference <= limit, ("%s: differs by %g, over %g"):format(what, difference, limit))
end

-- Pairs of shapes: equal, one number, a row, a column, both, and several axes; of a tile and one
-- more, of a light one, of many short rows, of few long ones.
local pairs_of_shapes <const> = {
  { { 1 }, { 1 } }, { { 5 }, { 5 } }, { { tile }, { tile } }, { { tile + 1 }, { tile + 1 } }, { { 3 * tile + 7 }, { 1 } }, { { 1, 1 }, { 300, 301 } },
  { { 4 * tile + 3, 2 }, { 2 } }, { { 30011, 3 }, { 30011, 1 } }, { { 30011, 3 }, { 3 } }, { { 300, 1 }, { 3 } }, { { 30011, 1 }, { 5 } },
  { { light }, { light } }, { { light + 1 }, { light + 1 } }, { { 3 * light + 7 }, { 1 } }, { { light + 1, 2 }, { 2 } }, { { light + 1, 2 }, { light + 1, 1 } },
  { { 513, 100 }, { 100 } }, { { 100 }, { 513, 100 } }, { { 513, 100 }, { 513, 1 } }, { { 513, 1 }, { 100 } }, { { 70, 1025 }, { 1025 } },
  { { 70, 1025 }, { 70, 1 } }, { { 5, 20000 }, { 20000 } }, { { 2, 40000 }, { 2, 1 } }, { { 5, 1 }, { 20000 } }, { { 2, 40000 }, { 40000 } },
  { { 9, 100, 70 }, { 9, 1, 70 } }, { { 9, 1, 70 }, { 100, 1 } }, { { 100, 9, 70 }, { 100, 1, 70 } }, { { 100, 1, 20 }, { 30, 1 } },
  { { 3, 40, 5, 60 }, { 3, 1, 5, 1 } }, { { 3, 40, 5, 60 }, { 40, 1, 60 } }, { { 2, 3, 20000 }, { 2, 1, 1 } }, { { 2, 200, 300 }, { 2, 1, 300 } },
  { { 3, 200, 1, 5 }, { 1, 20, 5 } },
}

describe("elementwise ops on many threads", function()
  checks.no_bytes_stay(before_each, after_each)
  after_each(function() fm.system.threads(1) end)

  it("of two inputs are what they are with both spread to the output", function()
    for _, pair in ipairs(pairs_of_shapes) do
      local a, b = rng:normal(table.unpack(pair[1])), rng:normal(table.unpack(pair[2]))
      local what = ("[%s] and [%s]"):format(table.concat(pair[1], ","), table.concat(pair[2], ","))
      local found, dy = on_threads("mul " .. what, fm.mul, { a, b })
      local wide_a, wide_b = spread(a, dy), spread(b, dy)
      assert(identical(found[1], wide_a * wide_b), what)
      close(found[2], summed(dy * wide_b, a), what .. " first")
      close(found[3], summed(dy * wide_a, b), what .. " second")
      assert(identical(on_threads("lt " .. what, fm.lt, { a, b })[1], wide_a:lt(wide_b)), what)
    end
  end)

  it("have one gradient when only one input wants one", function()
    for _, pair in ipairs(pairs_of_shapes) do
      local a, b = rng:normal(table.unpack(pair[1])), rng:normal(table.unpack(pair[2]))
      local found, dy = on_threads("first", function(x) return x:mul(b) end, { a })
      close(found[2], summed(dy * spread(b, dy), a), "first")
      found, dy = on_threads("second", function(x) return a:mul(x) end, { b })
      close(found[2], summed(dy * spread(a, dy), b), "second")
    end
  end)

  it("of two inputs that share their numbers add both gradients", function()
    local x = rng:normal(300, 70)
    local found, dy = on_threads("square", function(p) return p * p end, { x })
    close(found[2], 2 * dy * x, "square")
    -- Part of it as a column; and its own neighbours.
    found, dy = on_threads("column", function(p) return p * p:reshape(300 * 70)[{ { 1, 300 } }]:reshape(300, 1) end, { x })
    local column = x:reshape(300 * 70)[{ { 1, 300 } }]:reshape(300, 1):clone()
    local expected = dy * column
    local first = expected:reshape(300 * 70)[{ { 1, 300 } }]
    first:copy(first + (dy * x):sum(2))
    close(found[2], expected, "column")
    local line = rng:normal(50001)
    found, dy = on_threads("neighbours", function(p) return p[{ { 1, 50000 } }] * p[{ { 2, 50001 } }] end, { line })
    local zero = fm.zeros(1)
    close(found[2], fm.cat(dy * line[{ { 2, 50001 } }], zero, { axis = 1 }) + fm.cat(zero, dy * line[{ { 1, 50000 } }], { axis = 1 }), "neighbours")
  end)

  it("of two inputs: every op, forward and backward", function()
    for _, name in ipairs { "add", "sub", "div", "maximum", "minimum", "le", "gt", "ge", "eq", "ne" } do
      for _, shape in ipairs { { 513, 100 }, { 100 }, { 513, 1 }, { 1 } } do
        on_threads(name, fm[name], { rng:normal(513, 100), rng:uniform(table.unpack(shape)) + 0.5 })
      end
    end
  end)

  it("where", function()
    for _, shapes in ipairs { { { 513, 100 }, { 513, 100 }, { 513, 100 } }, { { 513, 1 }, { 100 }, { 513, 100 } }, { { 100 }, { 1 }, { 513, 1 } },
      { { 40000, 2 }, { 2 }, { 1 } }, { { light + 1 }, { light + 1 }, { light + 1 } }, { { 3, light }, { light }, { 3, 1 } },
      { { 513, 100 }, { 1 }, { 1 } } } do
      local condition = rng:integers(shapes[1], 0, 1)
      local a, b = rng:normal(table.unpack(shapes[2])), rng:normal(table.unpack(shapes[3]))
      local found, dy = on_threads("where", function(x, y) return fm.where(condition, x, y) end, { a, b })
      local yes = spread(condition, dy)
      close(found[1], yes * a + (1 - yes) * b, "where")
      close(found[2], summed(dy * yes, a), "where first")
      close(found[3], summed(dy * (1 - yes), b), "where second")
    end
  end)

  it("of one input: a tile, a light one, one more and several are as each number alone", function()
    local one <const> = { "neg", "exp", "log", "sqrt", "rsqrt", "reciprocal", "sin", "cos", "square", "abs", "tanh", "sigmoid", "relu", "silu", "gelu",
      "gelu_tanh", "selu", "elu", "softplus", "leaky_relu", "log_sigmoid" }
    local function check(name, f, n)
      local x = rng:uniform(n) + 0.1
      local found, dy = on_threads(name, f, { x })
      for _, i in ipairs { 1, n // 2, n } do
        local few = fm.parameter(x[{ { i, i } }]:clone())
        local tape <close> = fm.record()
        local y = f(few)
        y:backward(dy[{ { i, i } }])
        close(found[1][{ { i, i } }], y:detach(), name)
        close(found[2][{ { i, i } }], few:grad(), name)
      end
    end
    for _, n in ipairs { tile, tile + 1, 3 * tile + 5, light, light + 1, 2 * light + 5 } do
      for _, name in ipairs(one) do check(name, fm[name], n) end
      check("pow", function(x) return x:pow(2.5) end, n)
      check("clamp", function(x) return x:clamp { min = 0.3, max = 0.8 } end, n)
    end
  end)

  it("add to a gradient that is there", function()
    local x = rng:normal(513, 100)
    local found, dy = on_threads("sum of three", function(p) return p:exp() + p * p + p end, { x })
    close(found[2], dy * (x:exp() + 2 * x + 1), "sum of three")
  end)
end)
