-- Options of ops: the default is the one that the reference names, and what is given counts.
local fm <const> = require "fm"
local checks <const> = dofile "tests/lua/checks.lua"
local option_values <const> = dofile "tests/lua/option_values.lua"

local x <const>, y <const> = fm.rng(1):normal(3, 4), fm.rng(2):normal(3, 4) * 2
local pictures <const>, kernel <const> = fm.rng(3):normal(2, 2, 6, 6), fm.rng(4):normal(2, 2, 3, 3)

--- call(o) of an op with these inputs.
local function op(name, ...)
  local inputs <const> = { ... }
  return function(o)
    local given = table.move(inputs, 1, #inputs, 1, {})
    given[#given + 1] = o
    return (fm[name](table.unpack(given)))
  end
end

local rows <const> = {
  { "layer_norm", op("layer_norm", x), "eps", 1e-5, 1.5e-5 },
  { "rms_norm", op("rms_norm", x), "eps", 1e-6, 2e-6 },
  { "group_norm", op("group_norm", x), "eps", 1e-5, 1.5e-5, with = { groups = 2 } },
  { "group_norm", op("group_norm", x), "act", "none", "silu", with = { groups = 2 } },
  { "linear", op("linear", x, y), "act", "none", "silu" },
  { "huber", op("huber", x, y), "delta", 1, 1.1 },
  { "huber", op("huber", x, y), "reduce", "mean", "sum" },
  { "mse", op("mse", x, y), "reduce", "mean", "sum" },
  { "cross_entropy", op("cross_entropy", x, fm.tensor { 1, 4, 2 }), "reduce", "mean", "sum" },
  { "var", op("var", x), "unbiased", true, false },
  { "std", op("std", x), "unbiased", true, false },
  { "sum", op("sum", x), "keep", false, true, with = { axis = 1 } },
  { "argmax", op("argmax", x), "keep", false, true, with = { axis = 1 } },
  { "sort", op("sort", x), "axis", 2, 1 },
  { "sort", op("sort", x), "descending", false, true },
  { "argsort", op("argsort", x), "axis", 2, 1 },
  { "argsort", op("argsort", x), "descending", false, true },
  { "softmax", op("softmax", x), "axis", 2, 1 },
  { "log_softmax", op("log_softmax", x), "axis", 2, 1 },
  { "cumsum", op("cumsum", x), "axis", 2, 1 },
  { "cat", op("cat", x, y), "axis", 1, 2 },
  { "stack", op("stack", x, y), "axis", 1, 2 },
  { "index_select", op("index_select", x, fm.tensor { 3, 1 }), "axis", 1, 2 },
  { "transpose", op("transpose", pictures), "axes", { 3, 4 }, { 2, 4 } },
  { "slice", op("slice", x), "first", 1, 2, with = { axis = 2 } },
  { "slice", op("slice", x), "last", 4, 3, with = { axis = 2 } },
  { "slice", op("slice", x), "step", 1, 2, with = { axis = 2 } },
  { "clamp", op("clamp", x), "min", -1e9, 0, with = { max = 0.5 } },
  { "clamp", op("clamp", x), "max", 1e9, 0, with = { min = -0.5 } },
  { "attention", op("attention", pictures[1], pictures[1], pictures[1]), "causal", false, true },
  { "conv2d", op("conv2d", pictures, kernel), "stride", 1, 2 },
  { "conv2d", op("conv2d", pictures, kernel), "padding", 0, 1 },
  { "conv_transpose2d", op("conv_transpose2d", pictures, kernel), "stride", 1, 2 },
  { "conv_transpose2d", op("conv_transpose2d", pictures, kernel), "padding", 0, 1 },
}

describe("options of ops:", function()
  checks.no_bytes_stay(setup, teardown)
  option_values(it, rows)

  it("are named by the reference, with their defaults", function()
    local reference <const> = require "fm.cli.reference"
    for _, row in ipairs(rows) do
      local name, key, default = row[1], row[3], row[4]
      local text = table.concat(reference.find("fm.Tensor:" .. name)[1].params, "\n")
      assert.truthy(text:find("%f[%w]" .. key .. "%??:"), ("%s: %s"):format(name, key))
      local is_shape = key == "axis" or key == "axes" or key == "last" or name == "clamp" -- these depend on the input
      local shown = type(default) == "string" and ('"%s"'):format(default) or default == 1e-5 and "1e-5" or default == 1e-6 and "1e-6" or tostring(default)
      assert.truthy(is_shape or text:find(("%s = %s"):format(key, shown), 1, true), ("%s: %s = %s"):format(name, key, shown))
    end
  end)
end)
